/** The one typed expression: filters, groupings, measures and formulas, as text, as JSON and as SQL. */
export { canonicalForm, canonicalText } from "./canonical.js";
export {
  type Checked as CheckedExpression,
  check as checkExpression,
  checkCondition,
} from "./check/check.js";
export {
  type Columns as ExpressionColumns,
  columnsOf,
  type ExpressionColumn,
  expressionColumn,
} from "./columns.js";
export {
  type EmitOptions as EmitSqlOptions,
  type Emitted as EmittedSql,
  emit as emitSql,
  type Parameter as SqlParameter,
  quoteIdentifier,
  SQL_TYPES,
} from "./emit.js";
export { evaluate as evaluateExpression, keeps as keepsRow, type Row as ExpressionRow } from "./evaluate.js";
export {
  columnsRead,
  type Expr,
  exprSchema,
  type Filter,
  filterSchema,
  type Surface as WrittenExpression,
} from "./expr.js";
export { filterFromPython, filterFromR, filterFromSql, filterText, readFilter } from "./filter.js";
export {
  checkFamily,
  checkFormula,
  FAMILIES,
  type Factor,
  type Family,
  type Formula,
  formulaFromPython,
  formulaFromR,
  formulaSchema,
  formulaText,
} from "./formula.js";
export { EXPRESSION_LIMITS } from "./limits.js";
export {
  type Decision as RelationDecision,
  isNever,
  type Relation,
  relate as relateConditions,
} from "./normal/relate.js";
export {
  type Claim,
  checkStatistic,
  claimSchema,
  claimText,
  type Grouping,
  groupValue,
  MEASURES,
  type Measure,
  type MeasureKind,
  type Protect,
  readClaim,
  SHOWS_A_VALUE,
  type Statistic as ClaimStatistic,
  statisticSchema,
  survivalSchema,
  TIES,
  type Ties,
} from "./statistic.js";
export { parsePython } from "./syntax/python.js";
export { parseR } from "./syntax/r.js";
export { parseSql } from "./syntax/sql/condition.js";
export { tableFromSql } from "./syntax/sql/select.js";
export type { SqlSerializer } from "./syntax/sql/statement.js";
export { compareValues, formatValue, parseValue, type Value as ExpressionValue } from "./values.js";
export { inWords as expressionInWords } from "./words.js";
