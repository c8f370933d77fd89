/**
 * Asks an engine which units each cell of a plan stands on, and reads its answer.
 *
 * Two SELECTs over one numbering: the cells that rows are in, and each unit's cells. Columns are named by the version's own
 * names and values are parameters, as in recompute/question.ts, whose groups these are. A measure whose value may be missing
 * divides each cell by whether it is there.
 */
import { GloveboxError } from "../../../vocabulary/index.js";
import {
  canonicalText,
  type Expr,
  type ExpressionColumns,
  emitSql,
  type SqlParameter,
} from "../../expression/index.js";
import type { TableFacts } from "../facts.js";
import { MISSING_LABEL, type TablePlan, unreserved } from "../recompute/plan.js";
import { renameColumns } from "../recompute/rename.js";
import type { UnitCell, UnitSets } from "./unit-sets.js";

export interface UnitsQuestion {
  /** Keys of each cell by dimension, and which values are there: in the order of their numbers. */
  cells: string;
  /** (unit, cell); or (unit, list of its cells as JSON) where units have several rows. */
  units: string;
  lists: boolean;
  parameters: string[];
}

export interface UnitsAnswer {
  cells: readonly (readonly (string | number | boolean | null)[])[];
  lists?: readonly (readonly number[])[] | undefined;
  of: UnitSets["of"];
}

/** More measures with gaps than these are not told apart. */
const MAX_BITS = 30;

/** Nullable values of which a plan shows numbers, each once. */
function nullableValues(plan: TablePlan): { values: Expr[]; bits: (number | null)[] } {
  const values: Expr[] = [];
  const texts: string[] = [];
  const bits = plan.measures.map(({ value }) => {
    if (value === undefined || !value.nullable) return null;
    const text = canonicalText(value.expr);
    const known = texts.indexOf(text);
    if (known >= 0) return known;
    if (texts.length >= MAX_BITS) return null;
    values.push(value.expr);
    return texts.push(text) - 1;
  });
  return { values, bits };
}

export function unitsQuestion(
  plan: TablePlan,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
  oneRowAUnit: boolean,
): UnitsQuestion {
  const parameters: SqlParameter[] = [];
  const renamed = renameColumns(columns, stored);
  const write = (expr: Expr): string => {
    const emitted = emitSql(renamed.expr(expr), renamed.columns, { first: parameters.length + 1 });
    parameters.push(...emitted.parameters);
    return emitted.sql;
  };
  const keys = plan.dimensions.map((_, i) => `k${i}`);
  const groups = plan.dimensions.map((d, i) => `CAST(${write(d.value)} AS VARCHAR) AS k${i}`);
  const present = nullableValues(plan).values.map(
    (v, i) => `CASE WHEN ${write(v)} IS NULL THEN 0 ELSE ${2 ** i} END`,
  );
  const where = plan.where === undefined ? "" : ` WHERE ${write(plan.where)}`;
  const rows = `SELECT ${["__unit AS u", ...groups, `${present.join(" + ") || "0"} AS m`].join(", ")} FROM data${where}`;
  const gone = plan.missing === "drop" ? keys.map((k) => `${k} IS NOT NULL`) : [];
  const kept = gone.length > 0 ? ` WHERE ${gone.join(" AND ")}` : "";
  const names = [...keys, "m"];
  const base = `WITH picked AS (${rows}), kept AS (SELECT * FROM picked${kept}),
    cells AS (SELECT ${names.join(", ")}, CAST(row_number() OVER (ORDER BY ${names.join(", ")}) - 1 AS INTEGER) AS c
      FROM (SELECT DISTINCT ${names.join(", ")} FROM kept))`;
  const same = names.map((n) => `kept.${n} IS NOT DISTINCT FROM cells.${n}`).join(" AND ");
  const placed = `SELECT kept.u AS u, cells.c AS c FROM kept JOIN cells ON ${same}`;
  const lists = `SELECT u, CAST(list_sort(list_distinct(list(c))) AS VARCHAR) AS c FROM (${placed}) GROUP BY u`;
  return {
    cells: `${base} SELECT ${names.join(", ")} FROM cells ORDER BY c`,
    units: `${base} ${oneRowAUnit ? placed : lists}`,
    lists: !oneRowAUnit,
    parameters: parameters.map(({ value }) => value),
  };
}

/** @throws internal where the answer and the facts are not of one table */
export function unitSetsOf(plan: TablePlan, facts: TableFacts, answer: UnitsAnswer): UnitSets {
  const levels = plan.dimensions.map((_, i) => levelPlaces(plan, facts, i));
  const cells = answer.cells.map((row): UnitCell => {
    const keys = plan.dimensions.map((_, i) => (row[i] === null ? null : String(row[i])));
    const at = keys.map((key, i) => {
      const place = levels[i]?.(key);
      if (place === undefined) throw new GloveboxError("internal", { detail: "a cell is not in its table" });
      return place;
    });
    return { at, keys, present: Number(row[plan.dimensions.length]) };
  });
  return {
    cells,
    lists: answer.lists?.map((list) => [...list]),
    bits: nullableValues(plan).bits,
    of: answer.of,
  };
}

/** Where a value stands among the levels of the facts, which know it by its label. */
function levelPlaces(plan: TablePlan, facts: TableFacts, i: number) {
  const places = new Map((facts.dimensions[i]?.levels ?? []).map((label, place) => [label, place] as const));
  const labels = new Map((plan.dimensions[i]?.levels ?? []).map(({ key, label }) => [key, label] as const));
  const labelOf = (key: string | null): string =>
    labels.get(key) ?? (key === null ? MISSING_LABEL : unreserved({ key, label: key }).label);
  return (key: string | null): number | undefined => places.get(labelOf(key));
}
