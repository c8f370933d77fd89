/**
 * What can be asked over domains, as people write it and in its typed form: the statistics of one domain's claims, and
 * those that only domains together ask for. Pure.
 */
import { z } from "zod";
import {
  type ClaimStatistic,
  checkCondition,
  checkStatistic,
  claimFromWritten,
  statisticSchema,
  survivalSchema,
  type WrittenClaim,
  writtenClaim,
  writtenSurvival,
} from "../../privacy/index.js";
import { type CollaborationSpec, spokenColumns } from "../collaborations/spec.js";
import {
  type CovarianceStatistic,
  covarianceSchema,
  covarianceUnits,
  writtenCovariance,
} from "./covariance.js";
import {
  fractionText,
  type QuantilesStatistic,
  quantilesSchema,
  quantileUnits,
  writtenQuantiles,
} from "./quantile.js";

/** Whether curves are one, by the log-rank test. */
const logRank = survivalSchema.extend({ kind: z.literal("logrank") });
const writtenLogRank = writtenSurvival.extend({ kind: z.literal("logrank") });

export const sharedQuestion = z.union([statisticSchema, logRank, covarianceSchema, quantilesSchema]);
export type SharedQuestion = z.output<typeof sharedQuestion>;

export const writtenQuestion = z.union([writtenClaim, writtenLogRank, writtenCovariance, writtenQuantiles]);
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
  switch (written.kind) {
    case "logrank": {
      const survival = read({ ...written, kind: "survival" }) as z.output<typeof survivalSchema>;
      return { ...survival, kind: "logrank" };
    }
    case "covariance": {
      const { where, measures } = summaryOf(
        read({ ...written, kind: "summary", agg: "mean", by: [], missing: "drop" }),
      );
      return {
        kind: "covariance",
        ...(where === undefined ? {} : { where }),
        values: measures.map(({ value }) => value!),
      };
    }
    case "quantiles": {
      const { kind, value, at, ...rest } = written;
      const { where, measures, by, missing } = summaryOf(
        read({ ...rest, kind: "summary", values: value, agg: "mean" }),
      );
      return {
        kind,
        ...(where === undefined ? {} : { where }),
        value: measures[0]!.value!,
        by,
        missing,
        at: at.map((fraction, i) => fractionText(fraction, `at.${i}`)),
      };
    }
    default:
      return read(written);
  }
}

function summaryOf(statistic: ClaimStatistic): Extract<ClaimStatistic, { kind: "summary" }> {
  if (statistic.kind !== "summary") throw new RangeError("no summary");
  return statistic;
}

/** What arrives on the board is checked as if it had been written here. @throws invalid_input, query_unsupported */
export function checkedClaim<Statistic extends ClaimStatistic>(
  statistic: Statistic,
  spec: CollaborationSpec,
) {
  return checkStatistic(statistic, spokenColumns(spec)) as Statistic;
}

/** Its expressions are those of a table of the units that it stands on, and are checked as that. */
export function checkedCovariance(
  statistic: CovarianceStatistic,
  spec: CollaborationSpec,
): CovarianceStatistic {
  checkedClaim(covarianceUnits(statistic), spec);
  return { ...statistic, ...checkedWhere(statistic, spec) };
}

/** As of covariances. */
export function checkedQuantiles(statistic: QuantilesStatistic, spec: CollaborationSpec): QuantilesStatistic {
  const { by } = checkedClaim(quantileUnits(statistic), spec);
  return { ...statistic, ...checkedWhere(statistic, spec), by };
}

const checkedWhere = ({ where }: Pick<QuantilesStatistic, "where">, spec: CollaborationSpec) =>
  where === undefined ? {} : { where: checkCondition(where, spokenColumns(spec)) };
