/**
 * What may be submitted: the sandbox job of the public contract. Types, validation and OpenAPI come from here.
 * Maxima that the admin sets are checked where the node's settings are known (kinds/sandbox.ts).
 */
import { z } from "zod";
import { writtenClaim } from "../privacy/index.js";
import { MAX_OUTPUTS } from "../sandbox/index.js";
import { ISOLATION_LEVELS, JOB_MODES } from "../vocabulary/index.js";

export const MAX_DATASETS = 8;
export const MAX_FILES = 256;
export const MAX_PATH_BYTES = 512;
export const MAX_COMMAND = 64;
export const MAX_ARGUMENT_CHARS = 4096;

export const MAX_PACKED_BYTES = 16 * 1024 * 1024;
export const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
const MAX_BASE64_CHARS = Math.ceil(MAX_PACKED_BYTES / 3) * 4;

export const limitsInput = z
  .strictObject({
    cpus: z.number().min(0.1).optional(),
    memory_mb: z.int().min(32).optional(),
    pids: z.int().min(4).optional(),
    disk_mb: z.int().min(1).optional(),
    wall_s: z.int().min(1).optional(),
  })
  .meta({ id: "JobLimits", description: "Hard limits of the run; what is left out takes the default" });

const noNul = (text: string) => !text.includes("\0");

const purpose = z.string().trim().min(1).max(1000);
const datasets = z
  .array(z.string().min(1).max(128))
  .min(1)
  .max(MAX_DATASETS)
  .refine((names) => new Set(names).size === names.length, "names a dataset twice");

const typedClaim = z.strictObject({
  kind: z.literal("claim"),
  version: z.literal(1),
  dataset: z.string().min(1).max(128).optional(),
  statistic: z.record(z.string(), z.unknown()).describe("As docs/expression.md describes it"),
});

const claims = z
  .record(z.string().min(1).max(255), z.discriminatedUnion("kind", [writtenClaim, typedClaim]))
  .refine((given) => Object.keys(given).length <= MAX_OUTPUTS, `holds more than ${MAX_OUTPUTS} claims`);

export const sandboxJobInput = z
  .strictObject({
    kind: z.literal("sandbox"),
    purpose,
    datasets,
    image: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "is not an image name"),
    files: z
      .record(z.string().min(1).max(MAX_PATH_BYTES), z.string().max(MAX_PACKED_BYTES))
      .refine((files) => Object.keys(files).length <= MAX_FILES, `holds more than ${MAX_FILES} files`)
      .optional(),
    archive: z
      .base64("is not base64")
      .max(MAX_BASE64_CHARS, `is larger than ${MAX_PACKED_BYTES} bytes packed`)
      .optional()
      .describe("base64 of a tar.gz: regular files and folders only"),
    command: z
      .array(z.string().min(1).max(MAX_ARGUMENT_CHARS).refine(noNul, "holds a NUL"))
      .min(1)
      .max(MAX_COMMAND),
    outputs: z.array(z.string().max(255)).max(MAX_OUTPUTS).default([]),
    claims: claims
      .optional()
      .describe("What some of the outputs show, by their names: the node computes these itself"),
    limits: limitsInput.default({}),
    mode: z.enum(JOB_MODES).default("real"),
    isolation: z
      .enum(ISOLATION_LEVELS)
      .optional()
      .describe("At least this isolation, beyond what the data ask for"),
  })
  .refine((job) => (job.files === undefined) !== (job.archive === undefined), {
    path: ["files"],
    message: "give either files or archive",
  })
  .meta({ id: "SandboxJob", description: "A program to run beside the data" });

export const tableJobInput = z
  .strictObject({
    kind: z.literal("table"),
    purpose,
    datasets,
    claims: claims
      .refine((given) => Object.keys(given).length > 0, "holds no claim")
      .describe("By the name of the output, which ends in .csv, of a regression in .json"),
    mode: z.enum(JOB_MODES).default("real"),
  })
  .meta({ id: "TableJob", description: "Tables that the node computes itself, without a program" });

export const jobInput = z.discriminatedUnion("kind", [sandboxJobInput, tableJobInput]);

export type SandboxJobInput = z.output<typeof sandboxJobInput>;
export type JobInput = z.output<typeof jobInput>;
