/**
 * The rows that a table and its cells stand on, as conditions, and how two of them lie to each other by their descriptions
 * alone. Pure; nothing here looks at data.
 */
import type { Claim, ExpressionColumns, Grouping } from "../../expression/index.js";
import {
  canonicalText,
  checkExpression,
  columnsRead,
  type Expr,
  groupValue,
  type RelationDecision,
  relateConditions,
} from "../../expression/index.js";
import { RECOMPUTED_KINDS, type RecomputedStatistic } from "../recompute/plan.js";
import { textOf } from "./texts.js";

/** Longer conditions are not compared: the work would be done while all else waits. */
const MAX_CONDITION_CHARS = 4_000;
export const EVERYTHING: Expr = { op: "literal", type: "boolean", value: "true" };

export const isTable = (claim: Claim): claim is Claim & { statistic: RecomputedStatistic } =>
  (RECOMPUTED_KINDS as readonly string[]).includes(claim.statistic.kind);

export const whereOf = ({ statistic }: Claim): Expr => statistic.where ?? EVERYTHING;

/** Of a table, down and across alike. */
export function groupingsOf({ statistic }: Claim): readonly Grouping[] {
  switch (statistic.kind) {
    case "table":
      return [...statistic.rows, ...statistic.columns];
    case "summary":
      return statistic.by;
    case "histogram":
      return [statistic.bins];
    default:
      return [];
  }
}

/** What a grouping is, without what it is called: equal texts, equal groups. */
export const groupingText = ({ name: _, ...grouping }: Grouping): string => canonicalText(grouping);

export const isDropping = ({ statistic }: Claim): boolean =>
  statistic.kind === "histogram" || ("missing" in statistic && statistic.missing === "drop");

/** Rows that a table leaves out for having no group, which its filter keeps; false: there can be none. */
export const leavesOut = (claim: Claim, columns: ExpressionColumns): boolean =>
  isDropping(claim) && groupingsOf(claim).some((g) => mayBeMissing(g, columns));

/** Whether a kept row can be in no level of it. */
export const mayBeMissing = (grouping: Grouping, columns: ExpressionColumns): boolean =>
  checkExpression(groupValue(grouping, columns), columns).nullable;

/** The rows of a cell: its level of each dimension, by the engine's own text for it. */
export function cellCondition(
  claim: Claim,
  keys: readonly (string | null | undefined)[],
  columns: ExpressionColumns,
): Expr {
  const parts = groupingsOf(claim).flatMap((grouping, i): Expr[] => {
    const key = keys[i];
    return key === undefined ? [] : [levelCondition(grouping, key, columns)];
  });
  return { op: "and", args: [whereOf(claim), ...parts] };
}

/** @param key undefined in `cellCondition`: a margin */
function levelCondition(grouping: Grouping, key: string | null, columns: ExpressionColumns): Expr {
  if (key === null) return { op: "is_null", value: groupValue(grouping, columns) };
  const { value } = grouping;
  const { type } = checkExpression(value, columns);
  const literal = (text: string): Expr => ({ op: "literal", type, value: text });
  if (grouping.kind === "values") {
    if (type !== "boolean") return { op: "compare", is: "eq", left: value, right: literal(key) };
    return key === "true" ? value : { op: "not", value };
  }
  const { edges, closed, outer } = grouping;
  const k = Number(key);
  const last = edges.length - 2;
  const closedLow = closed === "left" || (outer && k === 0);
  const closedHigh = closed === "right" || (outer && k === last);
  return {
    op: "and",
    args: [
      { op: "compare", is: closedLow ? "ge" : "gt", left: value, right: literal(edges[k] ?? "") },
      { op: "compare", is: closedHigh ? "le" : "lt", left: value, right: literal(edges[k + 1] ?? "") },
    ],
  };
}

export interface Described {
  where: Expr;
  columns: ExpressionColumns;
}

export interface DescribedRelation {
  first_in_second: RelationDecision;
  second_in_first: RelationDecision;
  disjoint: RelationDecision;
}

const UNDECIDED: DescribedRelation = {
  first_in_second: "undecided",
  second_in_first: "undecided",
  disjoint: "undecided",
};

/** A column that changed its type between versions, or is in one of them only, is another column. */
export function relateRows(a: Described, b: Described): DescribedRelation {
  const read = [...columnsRead(a.where), ...columnsRead(b.where)];
  const differs = read.some((name) => {
    const [one, other] = [a.columns.get(name), b.columns.get(name)];
    return one === undefined || other === undefined || one.type !== other.type;
  });
  if (differs || [a.where, b.where].some((e) => textOf(e).length > MAX_CONDITION_CHARS)) return UNDECIDED;
  // Where one of the versions has gaps in a column, there may be gaps.
  const columns = new Map(
    [...a.columns].map(([name, c]) => [
      name,
      { ...c, nullable: c.nullable || (b.columns.get(name)?.nullable ?? false) },
    ]),
  );
  return relateConditions(a.where, b.where, columns);
}
