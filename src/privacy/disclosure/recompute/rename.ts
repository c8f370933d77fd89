/** Columns by a version's own names, so that no name of an owner's is ever part of SQL. */

import { mapOperands } from "../../expression/expr.js";
import type { Expr, ExpressionColumns } from "../../expression/index.js";

export interface Renamed {
  columns: ExpressionColumns;
  expr(expr: Expr): Expr;
}

export function renameColumns(columns: ExpressionColumns, stored: ReadonlyMap<string, string>): Renamed {
  const nameOf = (name: string): string => {
    const known = stored.get(name);
    if (known === undefined) throw new RangeError("a column that the View does not show");
    return known;
  };
  const expr = (e: Expr): Expr =>
    e.op === "column" ? { op: "column", name: nameOf(e.name) } : mapOperands(e, expr);
  const shown = [...columns.values()].filter(({ name }) => stored.has(name));
  return {
    columns: new Map(shown.map((c) => [nameOf(c.name), { ...c, name: nameOf(c.name) }])),
    expr,
  };
}
