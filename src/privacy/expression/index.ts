/** The one typed expression: filters, groupings, measures and formulas, as text, as JSON and as SQL. */
export { canonicalText } from "./canonical.js";
export { type Checked, check, checkCondition } from "./check/check.js";
export { type Columns, columnsOf, type ExpressionColumn, expressionColumn } from "./columns.js";
export { type EmitOptions, type Emitted, emit, type Parameter, quoteIdentifier, SQL_TYPES } from "./emit.js";
export { evaluate, keeps, type Row } from "./evaluate.js";
export {
  columnsRead,
  type Expr,
  exprSchema,
  type Filter,
  filterSchema,
  type Surface,
} from "./expr.js";
export { filterFromPython, filterFromR, filterFromSql, filterText, readFilter } from "./filter.js";
export { EXPRESSION_LIMITS } from "./limits.js";
export { type Decision, isNever, type Relation, relate } from "./normal/relate.js";
export { parsePython } from "./syntax/python.js";
export { parseR } from "./syntax/r.js";
export { parseSql } from "./syntax/sql/condition.js";
export type { SqlSerializer } from "./syntax/sql/statement.js";
export { formatValue, parseValue, type Value } from "./values.js";
