/**
 * Logistic and Poisson regression over domains: each step's sums are opened, and a step is taken, until the estimate is
 * that of the pooled rows.
 *
 * Rules: levels that have no rows in any domain are left out, as they are of one domain's own model. Coefficients and
 * errors are brought back from the standardised columns at the end, once. What one domain's own model knows of single
 * units (influence, covariate patterns that are not few) sums do not say: the facts leave it open, and the rules have
 * people look (rules/model-influence.ts, saturated-model.ts). Pure.
 */
import {
  decimalOf,
  filterOf,
  formulaLabel,
  judgeModel,
  MODEL_LIMITS,
  ModelFailed,
  type RegressionFacts,
  type SlotLayout,
  slotLayout,
  solvePositive,
  twoSided,
} from "../../privacy/index.js";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";
import { type CollaborationSpec, spokenPolicy } from "../collaborations/spec.js";
import { activeColumns } from "./design.js";
import { SHARED_FAMILIES, type SharedFamilyName } from "./glm-families.js";
import { glmQuestion } from "./glm-question.js";
import { type Crossing, type GlmShape, glmShape, type Regression, sizeOf } from "./glm-shape.js";
import { type Estimated, type GlmState, glmState, newtonStep } from "./glm-steps.js";
import type { AnswerRow, Asked, SharedOutcome, SharedStatistic } from "./shared.js";

export const isSharedGlm = ({ family }: Regression): boolean => family in SHARED_FAMILIES;

/** Before the sums: units, those with and without the outcome, and of domains with more patterns than coefficients. */
const HEADS = 4;

/** @param t plaintext modulus of the sums. @throws invalid_input naming the place */
export function sharedGlm(
  spec: CollaborationSpec,
  statistic: Regression,
  step: Asked["step"],
  t: bigint,
): SharedStatistic {
  const shape = glmShape(spec, statistic, statistic.family as SharedFamilyName, stateOf(step));
  return {
    slots: slotsOf(spec, shape, t),
    maxRows: 1 + shape.crossings.reduce((n, crossing) => n + sizeOf(crossing), 0),
    question: (columns, stored) => glmQuestion(shape, columns, stored),
    contribution: (answer) => contributionOf(shape, answer),
    outcome: (sums) => outcomeOf(spec, shape, step?.number ?? 1, sums),
  };
}

function stateOf(step: Asked["step"]): GlmState | undefined {
  if (step === undefined) return undefined;
  const parsed = glmState.safeParse(step.state);
  if (!parsed.success) throw invalidInput("step", "is no step of a model");
  return parsed.data;
}

function slotsOf(spec: CollaborationSpec, shape: GlmShape, t: bigint): SlotLayout {
  const rows = BigInt(spec.max_rows);
  const count = (name: string, bound: bigint) => ({ name, scale: 0, bound });
  const fields = [
    ...["units", "with", "without"].map((name) => count(name, rows)),
    count("many", 1n),
    ...shape.sums.map(({ field }) => field),
    ...shape.crossings.flatMap((crossing, i) =>
      Array.from({ length: 3 * sizeOf(crossing) }, (_, k) => count(`crossing ${i} ${k}`, rows)),
    ),
  ];
  return slotLayout(fields, spec.participants.length, t);
}

/** @throws state_conflict when rows fall outside of what the spec declares */
function contributionOf({ sums, crossings }: GlmShape, answer: readonly AnswerRow[]): bigint[] {
  const starts: number[] = [];
  let size = HEADS + sums.length;
  for (const crossing of crossings) {
    starts.push(size);
    size += 3 * sizeOf(crossing);
  }
  const numbers = new Array<bigint>(size).fill(0n);
  for (const row of answer) {
    const [key, text] = [String(row[0]), String(row[1])];
    const values = text.split(" ").map(BigInt);
    if (key === "all") {
      if (values[0] !== 0n)
        throw new GloveboxError("state_conflict", {
          detail: "the data have values beyond what the spec declares",
        });
      for (const [i, value] of values.slice(1).entries()) numbers[i] = value;
      continue;
    }
    const [place, ...codes] = key.split(" ").map(Number);
    const { sizes } = crossings[place!]!;
    const at = codes.reduce((n, code, i) => n * sizes[i]! + code, 0);
    for (const [i, value] of values.entries()) numbers[starts[place!]! + 3 * at + i] = value;
  }
  return numbers;
}

/** The sums by name, and the counts of each crossing. */
class Sums {
  private readonly named: Map<string, number>;
  readonly units: number;
  readonly with: number;
  readonly without: number;
  readonly many: boolean;
  readonly counts: { units: number; with: number; without: number }[][];

  constructor({ sums, crossings }: GlmShape, all: readonly bigint[]) {
    const [units, having, lacking, many] = all.slice(0, HEADS).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    this.units = units;
    this.with = having;
    this.without = lacking;
    this.many = many > 0;
    this.named = new Map(sums.map(({ field, value }, i) => [field.name, value(all[HEADS + i]!)]));
    let at = HEADS + sums.length;
    this.counts = crossings.map((crossing) =>
      Array.from({ length: sizeOf(crossing) }, () => {
        const [u, w, wo] = all.slice(at, at + 3).map(Number) as [number, number, number];
        at += 3;
        return { units: u, with: w, without: wo };
      }),
    );
  }

  of(name: string): number {
    const value = this.named.get(name);
    if (value === undefined) throw new RangeError(`no sum ${name}`);
    return value;
  }
}

function outcomeOf(
  spec: CollaborationSpec,
  shape: GlmShape,
  number: number,
  all: readonly bigint[],
): SharedOutcome {
  const sums = new Sums(shape, all);
  const result = (facts: RegressionFacts): SharedOutcome => ({
    kind: "result",
    canonical: judgeModel(facts, spokenPolicy(spec)),
  });
  try {
    const active = activeOf(shape, sums);
    const names = active.map((j) => shape.design.columns[j]!.name);
    const next = newtonStep(
      {
        number,
        state: shape.state,
        active,
        names,
        columns: shape.design.columns.length,
        reach: shape.family.reach,
        starting: shape.state === undefined && shape.family.start !== undefined,
      },
      newtonSums(sums, active),
    );
    if ("state" in next) return { kind: "step", state: next.state };
    return result({ ...begun(spec, shape, sums), ...described(shape, sums, active, next.estimate) });
  } catch (error) {
    if (!(error instanceof ModelFailed)) throw error;
    const { failure, columns } = error;
    return result({
      ...begun(spec, shape, sums),
      failure,
      ...(columns.length > 0 ? { columns: [...columns] } : {}),
      parameters: 0,
      residual_df: 0,
      coefficients: [],
      figures: {},
      cells: [],
    });
  }
}

/** The columns that the pooled rows' own model has. @throws ModelFailed */
function activeOf({ design, crossings, name }: GlmShape, sums: Sums): number[] {
  if (sums.units === 0) throw new ModelFailed("no_rows");
  const present = design.levels.map(({ keys }, level) => {
    const of = crossings.findIndex(({ by }) =>
      by.some((factor) => "level" in factor && factor.level === level),
    );
    const at = crossings[of]!.by.findIndex((factor) => "level" in factor && factor.level === level);
    const seen = new Array<boolean>(keys.length).fill(false);
    sums.counts[of]!.forEach(({ units }, cell) => {
      if (units > 0) seen[codesOf(crossings[of]!, cell)[at]!] = true;
    });
    return seen;
  });
  const active = activeColumns(design, present);
  if (active === undefined) throw new ModelFailed("reference_absent");
  const { with: having, without } = sums;
  if (having === 0 || (name === "logit" && without === 0)) throw new ModelFailed("response_constant");
  if (sums.of("rows") <= active.length) throw new ModelFailed("too_few_rows");
  return active;
}

function codesOf({ sizes }: Crossing, cell: number): number[] {
  let rest = cell;
  return sizes
    .toReversed()
    .map((size) => {
      const code = rest % size;
      rest = (rest - code) / size;
      return code;
    })
    .toReversed();
}

function newtonSums(sums: Sums, active: readonly number[]) {
  const size = active.length;
  const information = new Float64Array(size * size);
  active.forEach((j, a) => {
    active.forEach((k, b) => {
      information[a * size + b] = sums.of(`information ${Math.max(j, k)} ${Math.min(j, k)}`);
    });
  });
  return {
    deviance: sums.of("deviance"),
    score: Float64Array.from(active, (j) => sums.of(`score ${j}`)),
    information,
  };
}

const begun = (spec: CollaborationSpec, { statistic }: GlmShape, sums: Sums) => ({
  format: 1 as const,
  stated_by: "node" as const,
  kind: "regression" as const,
  filter: filterOf(statistic),
  family: statistic.family,
  formula: formulaLabel(statistic.formula),
  rows: sums.of("rows"),
  units: sums.units,
  few: Math.min(spec.threshold - 1, MODEL_LIMITS.few),
  events: { with: sums.with, without: sums.without },
});

function described(shape: GlmShape, sums: Sums, active: readonly number[], estimate: Estimated) {
  const figures = figuresOf(shape, sums, active.length, estimate.deviance);
  const coefficients = broughtBack(shape, active, estimate);
  const all = [...coefficients.flatMap(({ value, error }) => [value, error]), ...Object.values(figures)];
  if (all.some((value) => !Number.isFinite(value))) throw new ModelFailed("not_finite");
  return {
    parameters: active.length,
    residual_df: sums.units - active.length,
    coefficients: coefficients.map(({ value, error, name, r_name }) => {
      const statistic = value === 0 ? 0 : value / error;
      return {
        name,
        r_name,
        estimate: decimalOf(value),
        std_error: decimalOf(error),
        statistic: decimalOf(statistic),
        p_value: decimalOf(twoSided(statistic)),
      };
    }),
    figures: Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, decimalOf(value)])),
    cells: cellsOf(shape, sums),
    ...patternsOf(shape, sums, active.length),
  };
}

/** β of x from that of (x − center) / size; the intercept takes up what columns were moved by. */
function broughtBack({ design }: GlmShape, active: readonly number[], { beta, factor }: Estimated) {
  const size = active.length;
  return active.map((j, at) => {
    const column = design.columns[j]!;
    const by = new Float64Array(size);
    by[at] = 1 / column.size;
    if (j === design.intercept)
      active.forEach((k, other) => {
        const { center, size: width } = design.columns[k]!;
        if (k !== j) by[other] = -center / width;
      });
    const along = solvePositive(factor, size, by);
    const dot = (a: Float64Array) => by.reduce((sum, x, i) => sum + x * a[i]!, 0);
    return { name: column.name, r_name: column.r_name, value: dot(beta), error: Math.sqrt(dot(along)) };
  });
}

function figuresOf(
  { name, design, statistic }: GlmShape,
  sums: Sums,
  parameters: number,
  deviance: number,
): Record<string, number> {
  const [n, y] = [sums.of("rows"), sums.of("y")];
  const constant = name === "poisson" ? sums.of("log_factorial") : 0;
  const saturated = name === "poisson" ? sums.of("saturated") - constant : 0;
  const log = saturated - deviance / 2;
  const figures = { log_likelihood: log, deviance, aic: 2 * parameters - 2 * log };
  const offsets = statistic.formula.offsets.length > 0;
  // A constant beside offsets has a closed form for counts alone.
  if (design.intercept === undefined || (offsets && name === "logit")) return figures;
  const none =
    name === "logit"
      ? y * Math.log(y / n) + (n - y) * Math.log1p(-y / n)
      : y * Math.log(y / (offsets ? sums.of("exposure") : n)) +
        (offsets ? sums.of("offset") : 0) -
        y -
        constant;
  return {
    ...figures,
    null_log_likelihood: none,
    null_deviance: 2 * (saturated - none),
    pseudo_r_squared: 1 - log / none,
  };
}

/** Combinations of levels that the formula names, as the rules look at them. */
function cellsOf({ design, crossings, patterns }: GlmShape, sums: Sums): RegressionFacts["cells"] {
  return crossings.flatMap((crossing, i) => {
    if (i === patterns) return [];
    const levels = crossing.by.flatMap((factor) => ("level" in factor ? [design.levels[factor.level]!] : []));
    return sums.counts[i]!.flatMap((counts, cell) => {
      if (counts.units === 0) return [];
      const level = codesOf(crossing, cell).map((code, k) => levels[k]!.keys[code]!);
      return [{ term: levels.map(({ label }) => label).join(":"), level: level.join(" / "), ...counts }];
    });
  });
}

/** One domain with more patterns than coefficients has more of them than the model, whatever the others have. */
function patternsOf({ patterns }: GlmShape, sums: Sums, parameters: number) {
  if (patterns !== undefined) {
    const there = sums.counts[patterns]!.filter(({ units }) => units > 0);
    return there.length <= parameters ? { patterns: there } : {};
  }
  return sums.many ? {} : { patterns_unknown: true as const };
}
