/**
 * The nodes of DuckDB's tree that have a meaning here, one strict schema a class: a key or value that is not listed
 * makes the node another one, and that is refused. Operands are parsed in their turn.
 */
import { z } from "zod";
import { digits } from "./json.js";

const at = { alias: z.string(), query_location: digits };
const operand = z.unknown();

const typeInfo = z.strictObject({
  type: z.literal("DECIMAL_TYPE_INFO"),
  alias: z.literal(""),
  extension_info: z.null(),
  width: digits,
  scale: digits,
});
export const sqlType = z.strictObject({ id: z.string(), type_info: z.union([z.null(), typeInfo]) });

const wideInteger = z.strictObject({ upper: digits, lower: digits });
export const constantValue = z.union([
  z.strictObject({ type: sqlType, is_null: z.literal(true) }),
  z.strictObject({
    type: sqlType,
    is_null: z.literal(false),
    value: z.union([z.string(), z.boolean(), digits, wideInteger]),
  }),
]);
export type ConstantValue = z.infer<typeof constantValue>;

const noOrder = z.strictObject({ type: z.literal("ORDER_MODIFIER"), orders: z.array(z.never()) });

export const NODES = {
  COLUMN_REF: z.strictObject({
    class: z.literal("COLUMN_REF"),
    type: z.literal("COLUMN_REF"),
    ...at,
    column_names: z.array(z.string()).min(1),
  }),
  CONSTANT: z.strictObject({
    class: z.literal("CONSTANT"),
    type: z.literal("VALUE_CONSTANT"),
    ...at,
    value: constantValue,
  }),
  COMPARISON: z.strictObject({
    class: z.literal("COMPARISON"),
    type: z.enum([
      "COMPARE_EQUAL",
      "COMPARE_NOTEQUAL",
      "COMPARE_LESSTHAN",
      "COMPARE_LESSTHANOREQUALTO",
      "COMPARE_GREATERTHAN",
      "COMPARE_GREATERTHANOREQUALTO",
      "COMPARE_DISTINCT_FROM",
      "COMPARE_NOT_DISTINCT_FROM",
    ]),
    ...at,
    left: operand,
    right: operand,
  }),
  CONJUNCTION: z.strictObject({
    class: z.literal("CONJUNCTION"),
    type: z.enum(["CONJUNCTION_AND", "CONJUNCTION_OR"]),
    ...at,
    children: z.array(operand).min(1),
  }),
  OPERATOR: z.strictObject({
    class: z.literal("OPERATOR"),
    type: z.enum([
      "OPERATOR_NOT",
      "OPERATOR_IS_NULL",
      "OPERATOR_IS_NOT_NULL",
      "OPERATOR_COALESCE",
      "COMPARE_IN",
      "COMPARE_NOT_IN",
    ]),
    ...at,
    children: z.array(operand).min(1),
  }),
  BETWEEN: z.strictObject({
    class: z.literal("BETWEEN"),
    type: z.literal("COMPARE_BETWEEN"),
    ...at,
    input: operand,
    lower: operand,
    upper: operand,
  }),
  CASE: z.strictObject({
    class: z.literal("CASE"),
    type: z.literal("CASE_EXPR"),
    ...at,
    case_checks: z.array(z.strictObject({ when_expr: operand, then_expr: operand })).min(1),
    else_expr: operand,
  }),
  CAST: z.strictObject({
    class: z.literal("CAST"),
    type: z.literal("OPERATOR_CAST"),
    ...at,
    child: operand,
    cast_type: sqlType,
    try_cast: z.boolean(),
  }),
  FUNCTION: z.strictObject({
    class: z.literal("FUNCTION"),
    type: z.literal("FUNCTION"),
    ...at,
    function_name: z.string(),
    schema: z.enum(["", "main"]),
    children: z.array(operand),
    filter: operand,
    order_bys: noOrder,
    distinct: z.boolean(),
    is_operator: z.boolean(),
    export_state: z.literal(false),
    catalog: z.literal(""),
  }),
} as const;

export type NodeClass = keyof typeof NODES;
export type SqlNode = { [C in NodeClass]: z.infer<(typeof NODES)[C]> }[NodeClass];

/** One SELECT over one named relation; what else SQL has is null or empty here. */
export const selectNode = z.strictObject({
  type: z.literal("SELECT_NODE"),
  modifiers: z.array(z.never()),
  cte_map: z.strictObject({ map: z.array(z.never()) }),
  select_list: z.array(z.unknown()).min(1),
  from_table: z.strictObject({
    type: z.literal("BASE_TABLE"),
    alias: z.string(),
    sample: z.null(),
    query_location: digits,
    schema_name: z.literal(""),
    table_name: z.string(),
    column_name_alias: z.array(z.never()),
    catalog_name: z.literal(""),
    at_clause: z.null(),
  }),
  where_clause: z.unknown(),
  group_expressions: z.array(z.unknown()),
  group_sets: z.array(z.array(digits)),
  aggregate_handling: z.enum(["STANDARD_HANDLING", "FORCE_AGGREGATES"]),
  having: z.null(),
  sample: z.null(),
  qualify: z.null(),
});
export type SelectNode = z.infer<typeof selectNode>;

export const statement = z.strictObject({
  error: z.literal(false),
  statements: z.tuple([z.strictObject({ node: z.unknown(), named_param_map: z.array(z.never()) })]),
});
export const failure = z.object({ error: z.literal(true), position: z.string().optional() });
