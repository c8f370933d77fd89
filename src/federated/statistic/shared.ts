/**
 * One step of a statistic over domains: which numbers each domain contributes, and what their sums say.
 *
 * Rules: the numbers, their order and their bounds follow from the spec and from what was asked alone, never from
 * anybody's data. A statistic that needs several steps (Newton's, a refined histogram) says after each what the next
 * one starts from; that is on the board, so it is as public among the participants as the question, and every recipient
 * works it out itself and refuses another (member/chain.ts). Pure.
 */
import { z } from "zod";
import type { JsonObject } from "../../ledger/index.js";
import type { Canonical, ExpressionColumns, RenyiCurve, SlotLayout } from "../../privacy/index.js";
import { invalidInput, type Rational } from "../../vocabulary/index.js";
import { roundTerms } from "../collaborations/privacy.js";
import type { CollaborationSpec } from "../collaborations/spec.js";
import { asSurvival, checkedClaim, checkedCovariance, checkedQuantiles, sharedQuestion } from "./asked.js";
import { sharedCovariance } from "./covariance.js";
import { isSharedGlm, sharedGlm } from "./glm.js";
import { noisyStatistic } from "./private/asked.js";
import { sharedQuantiles } from "./quantile.js";
import { sharedSurvival } from "./survival.js";
import { sharedTable } from "./table.js";

/** Steps of one statistic; each is a round. */
export const MAX_STEPS = 60;

export type AnswerRow = readonly (string | number | boolean | null)[];

export interface SharedStatistic {
  /** Where each number lies, and within which bounds. */
  slots: SlotLayout;
  /** The most rows that the answer of an engine may have. */
  maxRows: number;
  /**
   * What a domain asks of its own data: one SELECT of DuckDB.
   * @param columns as the domain's grant shows them; @param stored the version's name of each
   * @param salt the domain's own secret: decides which rows of a unit are taken where only some are
   */
  question(
    columns: ExpressionColumns,
    stored: ReadonlyMap<string, string>,
    salt: string,
  ): { sql: string; parameters: string[] };
  /**
   * The domain's own numbers, one a field, from its engine's answer.
   * @throws state_conflict when its rows are not as the spec says
   */
  contribution(answer: readonly AnswerRow[]): bigint[];
  /** What each domain adds to its numbers before it encrypts them; absent: nothing, the sums are exact. */
  noise?: StatisticNoise;
  /** @param sums over all domains, one a field */
  outcome(sums: readonly bigint[]): SharedOutcome;
}

export interface StatisticNoise {
  /** Of a domain's share of Gaussian noise, one a field. */
  variances: readonly bigint[];
  /** What the answer costs each domain, whose people it is private for. */
  cost: RenyiCurve;
  rho: Rational;
  /** What is drawn from, for the ledger: public. */
  mechanism: JsonObject;
}

export type SharedOutcome =
  /** Judged by the rules of the spec, as the file that a release would hold. */
  | { kind: "result"; canonical: Canonical }
  /** Another step is needed, from here. */
  | { kind: "step"; state: JsonObject };

/** What an `open` asks: a statistic, or a further step of one. */
export const askedSchema = z.strictObject({
  statistic: sharedQuestion,
  step: z
    .strictObject({
      /** The round of the first step. */
      of: z.int().min(1).max(100_000),
      /** From 2: the first step has none. */
      number: z.int().min(2).max(MAX_STEPS),
      state: z.record(z.string(), z.json()),
    })
    .optional(),
  /** Names of those who contribute, in the order of the spec; all where absent. */
  contributors: z.array(z.string().max(63)).min(1).max(50).optional(),
  /** What the answer may cost, where the spec has noise on every result. */
  privacy: roundTerms.optional(),
});
export type Asked = z.output<typeof askedSchema>;

/**
 * @param t plaintext modulus of the sums
 * @throws invalid_input naming the place: it cannot be asked under this spec
 */
export function sharedStatistic(spec: CollaborationSpec, asked: Asked, t: bigint): SharedStatistic {
  const { statistic, step } = asked;
  if (spec.privacy !== undefined) return noisyStatistic({ ...spec, privacy: spec.privacy }, asked, t);
  if (asked.privacy !== undefined) throw invalidInput("privacy", "is nothing that this spec speaks of");
  if (statistic.kind === "regression" && isSharedGlm(statistic))
    return sharedGlm(spec, checkedClaim(statistic, spec), step, t);
  if (statistic.kind === "quantiles")
    return sharedQuantiles(spec, checkedQuantiles(statistic, spec), step, t);
  if (step !== undefined) throw invalidInput("step", `${statistic.kind} has one step`);
  switch (statistic.kind) {
    case "regression":
      throw invalidInput("family", `${statistic.family} is not fitted over domains`);
    case "survival":
      return sharedSurvival(spec, checkedClaim(statistic, spec), "curves", t);
    case "logrank":
      return sharedSurvival(spec, checkedClaim(asSurvival(statistic), spec), "test", t);
    case "covariance":
      return sharedCovariance(spec, checkedCovariance(statistic, spec), t);
    default:
      return sharedTable(spec, statistic, t);
  }
}
