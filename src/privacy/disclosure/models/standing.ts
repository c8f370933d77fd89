/**
 * The rows that a model or curves stand on, as a table: what of a model is compared with everything else that is released.
 *
 * A model is fitted on the rows that its filter keeps and that have all values which it reads; it states how many units these
 * are, and of an outcome how many have it. So it tells of sets of units as a table by its outcome does (curves: as one by their
 * groups as well), and two models, or a model and a table, whose sets differ by few units tell of these few. What coefficients
 * of different formulas over the same rows tell together is no matter of sets, and stays with the rules for each.
 */
import {
  canonicalForm,
  checkExpression as check,
  type Expr,
  type ExpressionColumns,
  type Formula,
  type Grouping,
} from "../../expression/index.js";
import { TABLE_FACTS_FORMAT, type TableCell, type TableFacts, TOTAL } from "../facts.js";
import type { RecomputedStatistic } from "../recompute/plan.js";
import type { ModelFacts, RegressionFacts, SurvivalFacts } from "./facts.js";
import type { ModelStatistic } from "./question.js";

/** Groups of an outcome, in the order of `false` and `true`. */
const [WITHOUT, WITH] = [0, 1];
const OUTCOME = "outcome";

type Table = Extract<RecomputedStatistic, { kind: "table" }>;

/** The statistic of that table. */
export function standingOf(statistic: ModelStatistic, columns: ExpressionColumns): Table {
  const outcome = outcomeOf(statistic);
  const groups = statistic.kind === "survival" ? statistic.by : [];
  const last: Grouping[] =
    outcome === undefined ? [] : [{ kind: "values", name: OUTCOME, value: isThere(outcome, columns) }];
  const where = whole(statistic, columns);
  return {
    kind: "table",
    ...(where === undefined ? {} : { where }),
    rows: [...groups, ...last],
    columns: [],
    measures: [{ kind: "units", name: "units" }],
    margins: "all",
    missing: statistic.kind === "survival" ? statistic.missing : "drop",
  };
}

/** The filter, and that nothing that is read is missing. */
function whole(statistic: ModelStatistic, columns: ExpressionColumns): Expr | undefined {
  const there = readBy(statistic)
    .filter((value) => check(value, columns).nullable)
    .map((value): Expr => ({ op: "not", value: { op: "is_null", value } }));
  const args = [...(statistic.where === undefined ? [] : [statistic.where]), ...there];
  return args.length === 0 ? undefined : canonicalForm({ op: "and", args });
}

function readBy(statistic: ModelStatistic): Expr[] {
  if (statistic.kind === "survival") return [statistic.time, statistic.event];
  const { formula } = statistic;
  return [...responseOf(formula), ...formula.offsets, ...formula.terms.flat().map((factor) => factor.value)];
}

const responseOf = ({ response }: Formula): Expr[] =>
  "time" in response ? [response.time, response.event] : [response.value];

/** What of a unit is yes or no, an event or a count; a number that is explained is none. */
function outcomeOf(statistic: ModelStatistic): Expr | undefined {
  if (statistic.kind === "survival") return statistic.event;
  return statistic.family === "ols" ? undefined : responseOf(statistic.formula).at(-1);
}

/** Whether the outcome is anything but none. */
function isThere(value: Expr, columns: ExpressionColumns): Expr {
  const { type } = check(value, columns);
  if (type === "boolean") return value;
  return canonicalForm({ op: "compare", is: "gt", left: value, right: { op: "literal", type, value: "0" } });
}

/** What a model tells of these sets; undefined where it has no estimate, and tells of none. */
export function standingFacts(facts: ModelFacts): TableFacts | undefined {
  if (facts.failure !== undefined) return undefined;
  return facts.kind === "regression" ? ofRegression(facts) : ofSurvival(facts);
}

const table = (
  dimensions: TableFacts["dimensions"],
  measures: TableFacts["measures"],
  cells: TableCell[],
): TableFacts => ({
  format: TABLE_FACTS_FORMAT,
  stated_by: "node",
  filter: null,
  dimensions,
  measures,
  cells,
});

const LEVELS = { name: OUTCOME, levels: ["false", "true"] };

function ofRegression({ units, events, family }: RegressionFacts): TableFacts {
  const counted = (at: number[], n: number): TableCell => ({ at, measure: 0, value: String(n), units: n });
  const measures: TableFacts["measures"] = [{ name: "units", statistic: "units" }];
  if (family === "ols") return table([], measures, [counted([], units)]);
  const cells = [counted([TOTAL], units)];
  // Which have no outcome is told of by the two others.
  if (events) cells.push(counted([WITH], events.with), counted([WITHOUT], events.without));
  return table([LEVELS], measures, cells);
}

/** Of the sets a curve is over it shows no count as such: what it shows was joined so that no count is small. */
function ofSurvival({ by, curves }: SurvivalFacts): TableFacts {
  const dimensions = by.map((name, d) => ({
    name,
    levels: [...new Set(curves.map(({ levels }) => levels[d] ?? ""))],
  }));
  const cells = curves.flatMap(({ levels, units, ...outcome }): TableCell[] => {
    const at = levels.map((label, d) => dimensions[d]?.levels.indexOf(label) ?? TOTAL);
    const cell = (of: number, n: number): TableCell => ({
      at: [...at, of],
      measure: 0,
      value: String(n),
      units: n,
    });
    return [cell(TOTAL, units), cell(WITH, outcome.with), cell(WITHOUT, outcome.without)];
  });
  return table([...dimensions, LEVELS], [{ name: "curve", statistic: "survival" }], cells);
}
