/** Writes expressions into one SELECT: everything that a person wrote is a bound parameter, columns go by the version's names. */
import {
  checkExpression,
  type Expr,
  type ExpressionColumns,
  emitSql,
  renameColumns,
  type SqlParameter,
} from "../../privacy/index.js";

export class Writer {
  private readonly parameters: SqlParameter[] = [];
  private readonly renamed;

  /** @param columns as the domain's grant shows them; @param stored the version's name of each */
  constructor(
    private readonly columns: ExpressionColumns,
    stored: ReadonlyMap<string, string>,
  ) {
    this.renamed = renameColumns(columns, stored);
  }

  expr(expr: Expr): string {
    const first = this.parameters.length + 1;
    const emitted = emitSql(this.renamed.expr(expr), this.renamed.columns, { first });
    this.parameters.push(...emitted.parameters);
    return emitted.sql;
  }

  number(expr: Expr): string {
    const sql = this.expr(expr);
    const { type } = checkExpression(expr, this.columns);
    return `CAST(${type === "boolean" ? `CAST(${sql} AS INTEGER)` : sql} AS DOUBLE)`;
  }

  text(expr: Expr): string {
    return `CAST(${this.expr(expr)} AS VARCHAR)`;
  }

  parameter(value: string): string {
    return `$${this.parameters.push({ type: "text", value })}`;
  }

  /** What is bound, in order. */
  get values(): string[] {
    return this.parameters.map(({ value }) => value);
  }
}
