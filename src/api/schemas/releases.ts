/** What releases and reviews look like on the wire. */
import { z } from "zod";
import { AUTO_RELEASE, DECISIONS, HIGHEST_AUTO_GRADE, RELEASE_STATES, VOTES } from "../../airlock/index.js";
import { EVIDENCES, VERDICTS } from "../../vocabulary/index.js";
import { findingView } from "./jobs.js";
import { base64, hex256, timestamp } from "./parameters.js";

const outputId = z.string().regex(/^out_[0-9A-Z]{26}$/, "must be an output's id (out_…)");
const fileName = z.string().min(1).max(256);
const sentence = z.string().trim().min(1).max(4000);

export const releaseInput = z
  .strictObject({
    job: z.string().regex(/^job_[0-9A-Z]{26}$/, "must be a job's id (job_…)"),
    outputs: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(64)
      .describe("Held outputs of the job, by id or by name"),
    justification: sentence.describe("Why these may leave, for the reviewers"),
  })
  .meta({ id: "ReleaseInput", description: "A request to let outputs out" });

export const fileInput = z
  .strictObject({ output: outputId.describe("Another held output, in this one's place") })
  .meta({ id: "ReleaseFileInput", description: "Resets the votes on this file" });

const vote = z.strictObject({ sha256: hex256, vote: z.enum(VOTES) });

export const reviewInput = z
  .strictObject({
    files: z
      .record(fileName, vote)
      .describe("Every file of the release: the hash of what the reviewer fetched, and the vote on it"),
    decision: z.enum(DECISIONS),
    comment: sentence.optional(),
    overrides: z
      .record(fileName, sentence)
      .optional()
      .describe("Why a file goes out although a check failed; both reviewers must give one"),
    signature: base64
      .max(128)
      .describe("Base64 Ed25519 over the RFC 8785 JSON of {release, files, decision, comment, overrides}"),
  })
  .meta({ id: "ReviewInput", description: "One reviewer's signed votes" });

const room = {
  bytes: z.int().describe("How many bytes of a message it could hold at most"),
  records: z.int().describe("As many records of the data as that would be"),
};

const fileView = z
  .strictObject({
    name: z.string(),
    output: z.string().describe("out_…"),
    sha256: hex256.optional().describe("Of the canonical bytes; to reviewers, and to all once released"),
    media_type: z.string().optional(),
    bytes: z.int().optional(),
    verdict: z.enum(VERDICTS).optional(),
    evidence: z.enum(EVIDENCES).optional(),
    shows: z.string().optional().describe("Of what the node computed: what it shows, in words"),
    room: z.strictObject(room).optional().describe("To auditors"),
    findings: z.array(findingView).optional().describe("To auditors with cells, what needs a human first"),
  })
  .meta({ id: "ReleaseFile", description: "A file that is to go out, as the caller may see it" });

const reviewView = z
  .strictObject({
    reviewer: z.string().describe("Name"),
    round: z.int(),
    decision: z.enum(DECISIONS),
    files: z.record(z.string(), vote),
    comment: z.string().optional(),
    overrides: z.record(z.string(), z.string()).optional(),
    created_at: timestamp,
  })
  .meta({ id: "Review", description: "One reviewer's signed votes" });

export const releaseView = z
  .strictObject({
    id: z.string().describe("rel_…"),
    job: z.string().describe("job_…"),
    state: z.enum(RELEASE_STATES),
    justification: z.string(),
    principal: z.string().describe("Name of the requester"),
    round: z.int().describe("Moves on with each submission; reviews count in their own round only"),
    files: z.array(fileView),
    reviews_in: z.int(),
    reviews_needed: z.int().describe("How many more at least"),
    approved_by: z
      .enum(["reviewers", "policy"])
      .optional()
      .describe("Once it is approved: by two reviews for each dataset, or by each owner's signed policy"),
    room: z
      .strictObject({
        record_bytes: z.int().describe("What a record is reckoned at"),
        job: z.strictObject(room).describe("In all outputs of the job"),
        to_date: z
          .strictObject({ ...room, files: z.int() })
          .describe("In all files that went out to the requester from these datasets so far"),
      })
      .optional()
      .describe("How much it could carry beside what it says; to auditors"),
    reviews: z.array(reviewView).describe("Nobody sees another's votes before the round is complete"),
    created_at: timestamp,
    submitted_at: timestamp.optional(),
    released_at: timestamp.optional(),
    rev: z.int().describe("Counts changes; the ETag is this in quotes"),
  })
  .meta({ id: "Release", description: "A request to let outputs out, and what became of it" });

const policy = {
  auto_release: z
    .enum(AUTO_RELEASE)
    .describe(
      "verified_tables: what the node computed from claims of before the run, all of whose checks passed",
    ),
};
const maxGrade = z.int().min(1).max(HIGHEST_AUTO_GRADE);

export const releasePolicyInput = z
  .strictObject({
    ...policy,
    max_grade: maxGrade.describe("Of the data, at the time of the release"),
    number: z.int().min(1).describe("The next one of the dataset"),
    signature: base64
      .max(128)
      .describe(
        "Base64 Ed25519 by the owner over the RFC 8785 JSON of {auto_release, dataset, max_grade, number}; dataset is its id",
      ),
  })
  .meta({ id: "ReleasePolicyInput", description: "What the owner lets out without people" });

export const releasePolicyView = z
  .strictObject({
    dataset: z.string().describe("dst_…"),
    ...policy,
    max_grade: maxGrade.nullable(),
    number: z.int().describe("Of the last statement; 0 before the first"),
  })
  .meta({ id: "ReleasePolicy", description: "What the owner lets out without people" });
