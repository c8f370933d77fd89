/**
 * A job without a program: tables, curves and models that are declared before the run and that the node computes itself, in
 * an engine, over what the grant's View shows. No container, no worker: control runs it (recompute.ts).
 *
 * Rules: the stored spec holds every claim in its typed, canonical form, so what is hashed is what is computed. A claim
 * reads one dataset and names columns that the View shows; any other column is none. A dataset that no claim reads is
 * refused.
 */
import type { z } from "zod";
import type { JsonObject } from "../../ledger/index.js";
import {
  type Claim,
  claimFromWritten,
  columnsOf,
  extensionOfModel,
  inside,
  isModel,
  readClaim,
  requireRecomputed,
  withUnits,
} from "../../privacy/index.js";
import { assertOutputNames } from "../../sandbox/index.js";
import { GloveboxError, invalidInput, parseInput } from "../../vocabulary/index.js";
import { tableJobInput } from "../schemas.js";
import type { JobKind, ParsedJob, SeenData } from "./kind.js";

/** A recomputation that takes longer has met its wall limit. */
export const TABLE_WALL_S = 600;

export type GivenClaim = z.output<typeof tableJobInput>["claims"][string];

async function parse(input: unknown): Promise<ParsedJob> {
  const { purpose, datasets, claims, mode } = parseInput(tableJobInput, input);
  const names = Object.keys(claims);
  assertOutputNames(names);
  const spec = { kind: "table", purpose, datasets, claims, mode } as unknown as JsonObject;
  return { purpose, datasets, mode, spec };
}

function bind(job: ParsedJob, data: readonly SeenData[]): ParsedJob {
  // The claim is one that a program made, which only the check sees.
  if (job.spec.safe_of !== undefined) return { ...job, datasets: data.map((d) => d.name) };
  const claims = bindClaims(job.spec.claims as unknown as Record<string, GivenClaim>, data);
  const read = new Set(Object.values(claims).map((claim) => claim.dataset));
  if (data.some((d) => !read.has(d.name))) throw invalidInput("datasets", "names one that no claim reads");
  const datasets = data.map((d) => d.name);
  return { ...job, spec: { ...job.spec, datasets, claims: claims as unknown as JsonObject } };
}

/** Claims as they were submitted, in their typed form. @throws invalid_input, query_unsupported */
export function bindClaims(
  given: Record<string, GivenClaim>,
  data: readonly SeenData[],
): Record<string, Claim> {
  return Object.fromEntries(
    Object.entries(given).map(([name, given]) => {
      const claim = bindClaim(given, data, `claims[${name}]`);
      requireName(name, claim);
      return [name, claim];
    }),
  );
}

/** What the node writes under a claim has one form, and the name says which. @throws invalid_input */
export function requireName(name: string, { statistic }: Claim): void {
  const extension = isModel(statistic) ? extensionOfModel(statistic.kind) : "csv";
  if (!name.endsWith(`.${extension}`))
    throw invalidInput("claims", `the name of a ${statistic.kind} must end in .${extension}`);
}

function bindClaim(given: GivenClaim, data: readonly SeenData[], root: string): Claim {
  const seen = dataOf(given.dataset, data, root);
  const columns = columnsOf(seen.columns);
  const claim =
    given.kind === "claim"
      ? inside(root, () => readClaim(typed(given, seen.name), columns))
      : claimFromWritten(given, seen.name, columns, root);
  return recomputable(claim, root);
}

/** As it is computed: a table with the units of each cell. */
export const recomputable = (claim: Claim, root: string): Claim =>
  isModel(claim.statistic)
    ? claim
    : { ...claim, statistic: withUnits(requireRecomputed(claim.statistic, `${root}.statistic`)) };

const typed = ({ version, statistic }: { version: 1; statistic: unknown }, dataset: string) => ({
  version,
  dataset,
  statistic,
});

function dataOf(named: string | undefined, data: readonly SeenData[], root: string): SeenData {
  const [only] = data;
  if (named === undefined && only !== undefined && data.length === 1) return only;
  const found = data.find((d) => d.name === named || d.id === named);
  if (found !== undefined) return found;
  throw invalidInput(
    `${root}.dataset`,
    named === undefined ? "say which one it reads" : "is none of the job's",
  );
}

/** The claims of a stored spec, by the name of the output; a job with a program need not have any. */
export const claimsOf = (spec: JsonObject): Record<string, Claim> =>
  (spec.claims ?? {}) as unknown as Record<string, Claim>;

export function claimOf(job: { spec: JsonObject }, name: string): Claim {
  const claim = claimsOf(job.spec)[name];
  if (!claim) throw new GloveboxError("internal", { detail: "a stored spec is damaged" });
  return claim;
}

export const tableKind: JobKind = {
  name: "table",
  runner: "control",
  access: () => ["sandbox", "query"],
  parse,
  bind,
  outputs: (spec) => {
    const beside = spec.safe_of as { output: string } | undefined;
    return beside === undefined ? Object.keys(claimsOf(spec)) : [beside.output];
  },
  wallSeconds: () => TABLE_WALL_S,
};
