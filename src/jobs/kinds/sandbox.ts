/**
 * The first kind: a program of the submitter's own in a container beside the data.
 * The stored spec is what was submitted with the defaults filled in; `files` holds hashes instead of bytes.
 */
import type { JsonObject } from "../../ledger/index.js";
import { assertOutputNames, RESERVED_OUTPUTS } from "../../sandbox/index.js";
import { GloveboxError, invalidInput, type JobMode, parseInput } from "../../vocabulary/index.js";
import { bundleCode, filesFromArchive, filesFromMap } from "../code.js";
import type { JobsConfig } from "../config.js";
import type { Limits, RunOrder } from "../lease.js";

import { type SandboxJobInput, sandboxJobInput } from "../schemas.js";
import type { JobKind, ParsedJob, SeenData } from "./kind.js";
import { bindClaims, type GivenClaim } from "./table.js";

interface SandboxSpec {
  image: string;
  command: string[];
  outputs: string[];
  limits: Limits;
}

const specOf = (spec: JsonObject): SandboxSpec => spec as unknown as SandboxSpec;

async function parse(input: unknown, config: JobsConfig): Promise<ParsedJob> {
  const job = parseInput(sandboxJobInput, input);
  if (!config.images.includes(job.image))
    throw invalidInput("image", `is not an image of this node: ${config.images.join(", ")}`);
  assertOutputNames(job.outputs);
  const limits = fillLimits(job.limits, config);
  const files =
    job.archive === undefined ? filesFromMap(job.files ?? {}) : await filesFromArchive(job.archive);
  const { tar, hashes } = await bundleCode(files);
  const spec: JsonObject = {
    kind: "sandbox",
    purpose: job.purpose,
    datasets: job.datasets,
    image: job.image,
    files: hashes,
    command: job.command,
    outputs: job.outputs,
    ...claimsGiven(job),
    limits: { ...limits },
    mode: job.mode,
    // Left out where it was not said, so that specs of before keep their hash.
    ...(job.isolation === undefined ? {} : { isolation: job.isolation }),
  };
  const { purpose, datasets, mode, isolation } = job;
  return { purpose, datasets, mode, ...(isolation === undefined ? {} : { isolation }), spec, code: tar };
}

/** Left out where there are none, so that specs of before keep their hash. */
function claimsGiven({ claims, outputs }: Pick<SandboxJobInput, "claims" | "outputs">): JsonObject {
  const names = Object.keys(claims ?? {});
  const other = names.find((name) => !outputs.includes(name));
  if (other !== undefined) throw invalidInput("claims", "names a file that is not among the outputs");
  return names.length === 0 ? {} : { claims: claims as unknown as JsonObject };
}

function bind(job: ParsedJob, data: readonly SeenData[]): ParsedJob {
  if (job.spec.claims === undefined) return job;
  const claims = bindClaims(job.spec.claims as unknown as Record<string, GivenClaim>, data);
  return { ...job, spec: { ...job.spec, claims: claims as unknown as JsonObject } };
}

/** @throws invalid_input when a limit is above what the admin allows. */
export function fillLimits(asked: Partial<Limits>, config: JobsConfig): Limits {
  const limits = { ...config.defaultLimits };
  for (const name of Object.keys(limits) as (keyof Limits)[]) {
    const value = asked[name];
    if (value === undefined) continue;
    if (value > config.maxLimits[name])
      throw invalidInput(`limits.${name}`, `must be at most ${config.maxLimits[name]} on this node`);
    limits[name] = value;
  }
  return limits;
}

function order(job: { id: string; mode: JobMode; spec: JsonObject }): RunOrder {
  const spec = specOf(job.spec);
  if (!Array.isArray(spec.command))
    throw new GloveboxError("internal", { detail: "a stored spec is damaged" });
  return {
    image: spec.image,
    command: spec.command,
    outputs: spec.outputs,
    limits: spec.limits,
    env: {
      GLOVEBOX_JOB: job.id,
      GLOVEBOX_DATA: "/data",
      GLOVEBOX_OUT: "/out",
      GLOVEBOX_MODE: job.mode,
    },
  };
}

export const sandboxKind: JobKind = {
  name: "sandbox",
  runner: "worker",
  access: (mode) => (mode === "dry_run" ? ["sandbox", "synthetic"] : ["sandbox"]),
  parse,
  bind,
  outputs: (spec) => [...RESERVED_OUTPUTS, ...specOf(spec).outputs],
  wallSeconds: (spec) => specOf(spec).limits.wall_s,
  order,
};
