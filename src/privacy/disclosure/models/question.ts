/**
 * The question by which an engine reads a model's rows: parameterised SQL over a version's `data`, and the plan of what
 * becomes of them. The answer to it never leaves the engine's process; the facts do.
 *
 * Rules as in recompute/question.ts: columns go by the version's own names, everything written is a bound parameter, and
 * no expression can fail. Rows come in the version's order, so the same version gives the same bits.
 */
import {
  type ClaimStatistic,
  checkExpression as check,
  type Expr,
  type ExpressionColumns,
  emitSql,
  type Factor,
  type Formula,
  filterText,
  type SqlParameter,
} from "../../expression/index.js";
import { planTable } from "../recompute/plan.js";
import { renameColumns } from "../recompute/rename.js";
import { formulaLabel, labelOf } from "./label.js";
import type { ModelPlan, PlannedFactor, RegressionPlan, SurvivalPlan } from "./plan.js";

export const MODEL_KINDS = ["survival", "regression"] as const;
export type ModelStatistic = Extract<ClaimStatistic, { kind: (typeof MODEL_KINDS)[number] }>;
type Regression = Extract<ModelStatistic, { kind: "regression" }>;
type Survival = Extract<ModelStatistic, { kind: "survival" }>;

export const isModel = (statistic: ClaimStatistic): statistic is ModelStatistic =>
  (MODEL_KINDS as readonly string[]).includes(statistic.kind);

/** A column of the answer: a number, or the key of a level. */
export type Reading = "number" | "level";

export interface ModelQuestion {
  /** Its columns: the unit's ordinal, then one for each of `reads`. */
  sql: string;
  parameters: string[];
  reads: Reading[];
  plan: ModelPlan;
}

interface Read {
  value: Expr;
  as: Reading;
  /** A row without it is left out. */
  needed: boolean;
}

const number = (value: Expr): Read => ({ value, as: "number", needed: true });

/** @param stored the version's name of each column that may be read */
export function modelQuestion(
  statistic: ModelStatistic,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
  threshold: number,
): ModelQuestion {
  const { plan, reads } =
    statistic.kind === "regression"
      ? regression(statistic, columns, threshold)
      : survival(statistic, columns, threshold);
  return { ...sqlOf(reads, statistic.where, columns, stored), reads: reads.map(({ as }) => as), plan };
}

/** What is hashed and remembered of a claim's filter. */
export const filterOf = ({ where }: ModelStatistic): string =>
  filterText({ version: 1, where: where ?? { op: "literal", type: "boolean", value: "true" } });

function sqlOf(
  reads: readonly Read[],
  where: Expr | undefined,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
): { sql: string; parameters: string[] } {
  const parameters: SqlParameter[] = [];
  const renamed = renameColumns(columns, stored);
  const write = (expr: Expr): string => {
    const emitted = emitSql(renamed.expr(expr), renamed.columns, { first: parameters.length + 1 });
    parameters.push(...emitted.parameters);
    return emitted.sql;
  };
  const values = reads.map(({ value, as }, i) => {
    const sql = write(value);
    const { type } = check(value, columns);
    const whole = type === "boolean" ? `CAST(${sql} AS INTEGER)` : sql;
    return `${as === "number" ? `CAST(${whole} AS DOUBLE)` : `CAST(${sql} AS VARCHAR)`} AS v${i}`;
  });
  const condition = where === undefined ? "" : ` WHERE ${write(where)}`;
  const there = reads.flatMap(({ needed }, i) => (needed ? [`v${i} IS NOT NULL`] : []));
  const rows = `SELECT ${["__unit AS u", ...values].join(", ")} FROM data${condition}`;
  const sql = `SELECT * FROM (${rows}) WHERE ${there.join(" AND ")}`;
  return { sql, parameters: parameters.map(({ value }) => value) };
}

function regression(statistic: Regression, columns: ExpressionColumns, threshold: number) {
  const { formula, family } = statistic;
  const factors = new Map<string, { factor: Factor; place: number }>();
  const keyOf = (factor: Factor) => JSON.stringify(factor);
  for (const factor of formula.terms.flat())
    if (!factors.has(keyOf(factor))) factors.set(keyOf(factor), { factor, place: factors.size });
  const listed = [...factors.values()].map(({ factor }) => factor);
  const plan: RegressionPlan = {
    kind: "regression",
    family,
    ties: statistic.ties ?? "efron",
    response: labelOf("time" in formula.response ? formula.response.time : formula.response.value),
    formula: formulaLabel(formula),
    factors: listed.map((factor) => plannedFactor(factor, columns)),
    terms: formula.terms.map((term) => term.map((factor) => factors.get(keyOf(factor))!.place)),
    intercept: formula.intercept,
    offset: formula.offsets.length > 0,
    threshold,
  };
  const reads = [
    ...responseReads(formula),
    ...formula.offsets.slice(0, 1).map(() => number(total(formula.offsets, columns))),
    ...listed.map(
      (f): Read => ({ value: f.value, as: f.kind === "numeric" ? "number" : "level", needed: true }),
    ),
  ];
  return { plan, reads };
}

const responseReads = ({ response }: Formula): Read[] =>
  "time" in response ? [number(response.time), number(response.event)] : [number(response.value)];

/** A sum of decimals, in the order in which the offsets stand. */
const total = (offsets: readonly Expr[], columns: ExpressionColumns): Expr =>
  offsets
    .map(
      (value): Expr =>
        check(value, columns).type === "decimal" ? value : { op: "widen", to: "decimal", value },
    )
    .reduce((left, right) => ({ op: "add", left, right }));

function plannedFactor(factor: Factor, columns: ExpressionColumns): PlannedFactor {
  const label = labelOf(factor.value);
  if (factor.kind === "numeric") return { kind: "numeric", label };
  const { type } = check(factor.value, columns);
  const reference = factor.reference?.op === "literal" ? { reference: factor.reference.value } : {};
  return { kind: "categorical", label, type, ...reference };
}

function survival(statistic: Survival, columns: ExpressionColumns, threshold: number) {
  const { time, event, by, missing, times } = statistic;
  // Groups are those that a table by the same would have, with the same labels.
  const { dimensions } = planTable(
    { kind: "summary", by, measures: [{ kind: "units", name: "units" }], missing },
    columns,
  );
  const until = time.op === "column" ? Number(columns.get(time.name)?.bounds?.[1]) : Number.NaN;
  const plan: SurvivalPlan = {
    kind: "survival",
    time: labelOf(time),
    event: labelOf(event),
    dimensions: dimensions.map(({ name, type, levels }) => ({ name, type, levels: [...levels] })),
    ...(times === undefined ? {} : { times: times.map(Number) }),
    ...(until > 0 && Number.isFinite(until) ? { until } : {}),
    threshold,
  };
  const groups = dimensions.map((d): Read => ({ value: d.value, as: "level", needed: missing === "drop" }));
  return { plan, reads: [number(time), number(event), ...groups] };
}
