/** What jobs and outputs look like on the wire. */
import { z } from "zod";
import {
  EVIDENCES,
  FAILURE_CLASSES,
  JOB_KINDS,
  JOB_MODES,
  LIMIT_NAMES,
  VERDICTS,
} from "../../vocabulary/index.js";
import { hex256, timestamp } from "./parameters.js";

const shownState = z
  .enum(["queued", "running", "checking", "held", "done", "failed", "cancelled", "ended"])
  .describe("`ended` covers held, done, failed and cancelled where the signals do not show more");

const verdict = z.enum(VERDICTS);

export const jobView = z
  .strictObject({
    id: z.string().describe("job_…"),
    kind: z.enum(JOB_KINDS),
    mode: z.enum(JOB_MODES),
    state: shownState,
    failure: z
      .strictObject({
        class: z.enum(FAILURE_CLASSES),
        limit: z.enum(LIMIT_NAMES).optional(),
        detail: z.string().optional(),
      })
      .optional(),
    datasets: z.array(z.string()).describe("Names"),
    principal: z.string().describe("Name of the submitter"),
    purpose: z.string(),
    spec: z.record(z.string(), z.unknown()).describe("As submitted, the code's bytes replaced by hashes"),
    spec_sha256: hex256,
    created_at: timestamp,
    started_at: timestamp.optional(),
    ended_at: timestamp.optional(),
    ahead: z.int().optional().describe("How many jobs are before it in the queue"),
    waiting_for: z.string().optional().describe("Why it has not started"),
    verdict: verdict.optional().describe("The worst over all outputs"),
    signals: z.strictObject({
      bits: z.int().describe("What the sight of this job's end costs"),
      left: z.int().nullable().describe("What is left of the allowance; null is unlimited"),
    }),
    rev: z.int().describe("Counts what this view has shown; the ETag is this in quotes"),
  })
  .meta({ id: "Job", description: "What was asked for, as the caller may see it" });

export const findingView = z
  .strictObject({
    rule: z.string(),
    verdict,
    message: z.string(),
    message_zh: z.string().optional(),
    reasons: z
      .array(z.strictObject({ en: z.string(), zh: z.string() }))
      .optional()
      .describe("Why each of the cells; to those who see the table"),
    cells: z
      .array(z.tuple([z.string(), z.string()]))
      .optional()
      .describe("[row, column] of each cell meant"),
    audience: z
      .enum(["all", "auditors"])
      .optional()
      .describe("auditors: counts in no verdict that a requester is shown"),
  })
  .meta({ id: "Finding", description: "What a check says of an output" });

const outputName = z
  .strictObject({ id: z.string().describe("out_…"), name: z.string() })
  .meta({ id: "OutputName", description: "An output as its requester sees it before a release" });

const outputView = z
  .strictObject({
    ...outputName.shape,
    media_type: z.string(),
    bytes: z.int(),
    sha256: hex256.describe("Of the canonical bytes that reviewers fetch"),
    verdict: verdict.nullable(),
    evidence: z.enum(EVIDENCES),
    capacity_bytes: z.number().optional().describe("How much arbitrary information it could carry at most"),
    shows: z.string().optional().describe("Of what the node computed: what it shows, in words"),
    claim: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("Of what is recomputed: the claim that running code made"),
    findings: z.array(findingView),
  })
  .meta({ id: "Output", description: "An output as an auditor, or the submitter of a dry run, sees it" });

export const outputsView = z.strictObject({ items: z.array(z.union([outputView, outputName])) });
