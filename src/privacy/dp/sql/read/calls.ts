/** Calls of aggregates: which there are, and what they take. */

import type { Scope } from "./scope.js";
import { type CallTree, callTree } from "./tree.js";

export const AGGREGATES = {
  count_star: "count",
  count: "count",
  sum: "sum",
  avg: "mean",
  mean: "mean",
  variance: "var",
  var_samp: "var",
  var_pop: "var",
  stddev: "std",
  stddev_samp: "std",
  stddev_pop: "std",
  median: "quantile",
  quantile: "quantile",
  quantile_disc: "quantile",
  quantile_cont: "quantile",
  histogram: "histogram",
} as const;
export type AggregateKind = (typeof AGGREGATES)[keyof typeof AGGREGATES];

/** Aggregates of DuckDB that have no noisy form here, and what to write in their place. */
export const WITHOUT_NOISE: Record<string, string> = {
  min: "write quantile(x, 0.01)",
  max: "write quantile(x, 0.99)",
  mode: "group by the value and count",
  first: "aggregate the values, such as avg(x)",
  any_value: "aggregate the values, such as avg(x)",
  approx_count_distinct: "write count(DISTINCT unit)",
  string_agg: "there are count, sum, avg, var, stddev, quantile, median and histogram",
  list: "there are count, sum, avg, var, stddev, quantile, median and histogram",
};

type Tree = Record<string, unknown>;

export const isAggregate = (node: Tree): boolean =>
  node.class === "FUNCTION" &&
  typeof node.function_name === "string" &&
  Object.hasOwn(AGGREGATES, node.function_name);

/** Refuses aggregates that have no noisy form with what has. */
export function refuseOthers(node: Tree, scope: Scope): void {
  const name = node.class === "FUNCTION" ? node.function_name : undefined;
  const nearest = typeof name === "string" && Object.hasOwn(WITHOUT_NOISE, name) && WITHOUT_NOISE[name];
  if (nearest) scope.refuse(node, `the aggregate ${name}`, nearest);
}

export interface Call {
  node: CallTree;
  kind: AggregateKind;
  /** The name it was called by. */
  name: keyof typeof AGGREGATES;
  args: unknown[];
}

const constant = (text: string) => ({
  class: "CONSTANT",
  type: "VALUE_CONSTANT",
  alias: "",
  query_location: { $digits: "-1" },
  value: {
    type: { id: "INTEGER", type_info: null },
    is_null: false,
    value: { $digits: text },
  },
});

/** `agg(x) FILTER (WHERE c)` is `agg(CASE WHEN c THEN x END)`: aggregates pass over what is missing. */
function filtered(node: CallTree, argument: unknown): unknown {
  if (node.filter === null) return argument;
  return {
    class: "CASE",
    type: "CASE_EXPR",
    alias: "",
    query_location: node.query_location,
    case_checks: [{ when_expr: node.filter, then_expr: argument ?? constant("1") }],
    else_expr: {
      class: "CONSTANT",
      type: "VALUE_CONSTANT",
      alias: "",
      query_location: node.query_location,
      value: { type: { id: "NULL", type_info: null }, is_null: true },
    },
  };
}

/** A call of an aggregate in its strict shape, its FILTER moved inside. */
export function callOf(given: Tree, scope: Scope): Call {
  const node = scope.parse(callTree, given, "this call", "write it as aggregate(column)");
  const name = node.function_name as keyof typeof AGGREGATES;
  const kind = AGGREGATES[name];
  const [ordered] = node.order_bys.orders;
  // WITHIN GROUP (ORDER BY x) comes as quantile_cont(q ORDER BY x)
  const children = ordered ? [ordered.expression, ...node.children] : node.children;
  if (ordered && kind !== "quantile") scope.refuse(node, "ORDER BY in an aggregate", "leave it out");
  const [first, ...rest] = children;
  if (node.distinct && (kind !== "count" || node.filter !== null))
    scope.refuse(
      node,
      "DISTINCT here",
      "count(DISTINCT …) of the column of units; write conditions in WHERE",
    );
  const argument = filtered(node, first);
  return { node, kind, name, args: argument === undefined ? rest : [argument, ...rest] };
}
