/**
 * What a safe version of a table is asked for by, and the claim that it comes to.
 *
 * Rule: a job that stands beside an output whose claim running code chose names that output (`safe_of`) in place of a claim:
 * its requester may not read the claim before a release, and it stays what it was, `recomputed`.
 */
import { z } from "zod";
import type { JsonObject } from "../../ledger/index.js";
import {
  type Claim,
  type ClaimStatistic,
  coarserStatistic,
  type ExpressionColumns,
  readClaim,
  writtenProtect,
} from "../../privacy/index.js";

const grouping = z.string().min(1).max(256).optional();

export const safeInput = z
  .discriminatedUnion("how", [
    ...writtenProtect.options,
    z.strictObject({
      how: z.literal("coarsen"),
      drop: grouping.describe("A grouping to leave out"),
      merge: grouping.describe("Bins whose neighbours are joined two by two"),
    }),
  ])
  .meta({ id: "SafeVersion", description: "How a table is made safe" });
export type SafeInput = z.output<typeof safeInput>;

/** What a job says that stands beside another's output. */
export interface SafeOf {
  job: string;
  output: string;
  how: SafeInput;
}

export const safeOf = (spec: JsonObject): SafeOf | undefined => spec.safe_of as unknown as SafeOf | undefined;

/** @throws invalid_input, query_unsupported */
export function safeStatistic(statistic: ClaimStatistic, how: SafeInput): ClaimStatistic {
  if (how.how === "coarsen") return coarserStatistic(statistic, how);
  return { ...statistic, protect: how } as ClaimStatistic;
}

/** Read anew against what the grant shows now. @throws invalid_input, query_unsupported */
export function safeClaim({ dataset, statistic }: Claim, how: SafeInput, columns: ExpressionColumns): Claim {
  return readClaim({ version: 1, dataset, statistic: safeStatistic(statistic, how) }, columns);
}
