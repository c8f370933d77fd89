/**
 * What can be asked over domains, as people write it and in its typed form: the statistics of one domain's claims, and
 * those that only domains together ask for. Pure.
 */
import { z } from "zod";
import {
  type ClaimStatistic,
  checkStatistic,
  claimFromWritten,
  statisticSchema,
  survivalSchema,
  type WrittenClaim,
  writtenClaim,
  writtenSurvival,
} from "../../privacy/index.js";
import { type CollaborationSpec, spokenColumns } from "../collaborations/spec.js";

/** Whether curves are one, by the log-rank test. */
const logRank = survivalSchema.extend({ kind: z.literal("logrank") });
const writtenLogRank = writtenSurvival.extend({ kind: z.literal("logrank") });

export const sharedQuestion = z.union([statisticSchema, logRank]);
export type SharedQuestion = z.output<typeof sharedQuestion>;

export const writtenQuestion = z.union([writtenClaim, writtenLogRank]);
export type WrittenQuestion = z.output<typeof writtenQuestion>;

/** The same question about survival as a claim has it. */
export const asSurvival = ({ kind: _, ...rest }: z.output<typeof logRank>) => ({
  kind: "survival" as const,
  ...rest,
});

/** Typed, with every expression in it checked. @throws invalid_input, query_unsupported */
export function questionFromWritten(written: WrittenQuestion, spec: CollaborationSpec): SharedQuestion {
  const read = (claim: WrittenClaim): ClaimStatistic =>
    claimFromWritten(claim, spec.name, spokenColumns(spec), "statistic").statistic;
  if (written.kind !== "logrank") return read(written);
  const survival = read({ ...written, kind: "survival" }) as z.output<typeof survivalSchema>;
  return { ...survival, kind: "logrank" };
}

/** What arrives on the board is checked as if it had been written here. @throws invalid_input, query_unsupported */
export function checkedClaim<Statistic extends ClaimStatistic>(
  statistic: Statistic,
  spec: CollaborationSpec,
) {
  return checkStatistic(statistic, spokenColumns(spec)) as Statistic;
}
