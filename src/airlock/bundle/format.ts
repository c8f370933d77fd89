/**
 * The files of a release bundle, each by one strict schema that both the maker and the verifier use. Every JSON file is in
 * canonical form (RFC 8785), so a file has one byte form for its meaning.
 */
import { z } from "zod";
import { EVIDENCES, JOB_KINDS, VERDICTS } from "../../vocabulary/index.js";
import { signedPolicy } from "../by-policy/statement.js";
import { DECISIONS, VOTES } from "../release.js";

export const PATHS = {
  crate: "ro-crate-metadata.json",
  job: "job.json",
  findings: "findings.json",
  reviews: "reviews.json",
  receipt: "receipt.json",
  checkpoint: "checkpoint",
} as const;
export const OUTPUTS = "outputs/";
/** Of a result over several domains: what all of them said. */
export const COLLABORATION_PATH = "collaboration.json";

const text = z.string().max(8192);
const hex256 = z.string().regex(/^[0-9a-f]{64}$/);
const hash64 = z.string().max(64);
const named = z.strictObject({ id: text, name: text });
const object = z.record(text, z.json());

export const jobFile = z.strictObject({
  release: z.strictObject({ id: text, justification: text }),
  job: z.strictObject({
    id: text,
    kind: z.enum(JOB_KINDS),
    mode: z.literal("real"),
    purpose: text,
    principal: named,
    grade: z.int(),
    isolation: text,
    spec: object,
    spec_sha256: hex256,
  }),
  datasets: z
    .array(
      z.strictObject({
        name: text,
        dataset: text,
        version: text,
        grant: text,
        /** What the grant let the program see; null where none was made. */
        view: z.strictObject({ spec: object, spec_sha256: hex256 }).nullable(),
      }),
    )
    .min(1)
    .max(100),
  run: z.strictObject({ id: text, image: object.nullable() }),
});
export type JobFile = z.output<typeof jobFile>;

export const findingsFile = z.strictObject({
  outputs: z.record(
    text,
    z.strictObject({
      output: text,
      verdict: z.enum(VERDICTS),
      evidence: z.enum(EVIDENCES),
      /** Of what is recomputed; a declared claim stands in the job's spec. */
      claim: object.optional(),
      findings: z.array(z.strictObject({ rule: text, verdict: z.enum(VERDICTS), message: text })).max(10_000),
      /** SHA-256 of a salt and what the auditors read, cells included. */
      auditors_findings: hex256,
    }),
  ),
});
export type FindingsFile = z.output<typeof findingsFile>;

const statement = z.strictObject({
  release: text,
  files: z.record(text, z.strictObject({ sha256: hex256, vote: z.enum(VOTES) })),
  decision: z.enum(DECISIONS),
  comment: text.optional(),
  overrides: z.record(text, text).optional(),
});

export const reviewsFile = z.strictObject({
  reviews: z
    .array(
      z.strictObject({
        id: text,
        reviewer: named,
        round: z.int(),
        statement,
        salt: hash64,
        public_key: hash64,
        signature: z.string().max(128),
      }),
    )
    .max(1000),
  /** In the place of reviews: what each owner signed. */
  policies: z
    .array(
      signedPolicy.extend({
        owner: named,
        /** Place of the policy's entry in the log. */
        entry: z.int().nonnegative(),
      }),
    )
    .min(1)
    .max(100)
    .optional(),
});
export type ReviewsFile = z.output<typeof reviewsFile>;

export const STEPS = ["grant", "policy", "job", "run", "output", "request", "review", "release"] as const;
export type Step = (typeof STEPS)[number];

/** The kinds of entry that make each step. */
export const STEP_KINDS: Record<Step, readonly string[]> = {
  grant: ["grant.approved"],
  job: ["job.submitted"],
  run: ["run.executing", "run.staged", "run.leased"],
  output: ["output.held"],
  request: ["release.submitted"],
  policy: ["dataset.release_policy_set"],
  review: ["release.reviewed"],
  release: ["release.approved"],
};

export const receiptFile = z.strictObject({
  version: z.literal(1),
  log: z.strictObject({ origin: text, public_key: hash64 }),
  entries: z
    .array(
      z.strictObject({
        step: z.enum(STEPS),
        leaf: z.strictObject({ seq: z.int().nonnegative(), time: text, kind: text, commitment: hex256 }),
        opening: z.strictObject({ salt: hash64, time: text, actor: text, subject: text, data: object }),
        proof: z.array(hash64).max(64),
      }),
    )
    .max(2000),
  /** An earlier head of the log, which others know, and the proof that this one goes on from it. */
  continues: z.strictObject({ size: z.int().positive(), proof: z.array(hash64).max(64) }).optional(),
});
export type ReceiptFile = z.output<typeof receiptFile>;
export type ReceiptEntry = ReceiptFile["entries"][number];
