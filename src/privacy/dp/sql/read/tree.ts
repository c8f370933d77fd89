/**
 * The parts of DuckDB's tree around expressions, one strict schema each: a key or value that is not listed makes the
 * statement another one, and that is refused. What stands inside expressions is expression's own business.
 */
import { z } from "zod";
import { digits } from "../../../expression/syntax/sql/json.js";

const node = z.unknown();
const none = z.array(z.never());
const subquery = z.strictObject({ node, named_param_map: none });

export const queryTree = z.strictObject({
  type: z.literal("SELECT_NODE"),
  modifiers: z.array(node),
  cte_map: z.strictObject({ map: z.array(node) }),
  select_list: z.array(node).min(1),
  from_table: node,
  where_clause: node,
  group_expressions: z.array(node),
  group_sets: z.array(z.array(digits)),
  aggregate_handling: z.literal("STANDARD_HANDLING"),
  having: node,
  sample: z.null(),
  qualify: z.null(),
});
export type QueryTree = z.infer<typeof queryTree>;

export const cteTree = z.strictObject({
  key: z.string(),
  value: z.strictObject({
    aliases: none,
    query: subquery,
    materialized: z.enum(["CTE_MATERIALIZE_DEFAULT", "CTE_MATERIALIZE_ALWAYS", "CTE_MATERIALIZE_NEVER"]),
    key_targets: none,
  }),
});

const place = { alias: z.string(), sample: z.null(), query_location: digits };

export const sourceTree = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("BASE_TABLE"),
    ...place,
    schema_name: z.literal(""),
    table_name: z.string(),
    column_name_alias: none,
    catalog_name: z.literal(""),
    at_clause: z.null(),
  }),
  z.strictObject({ type: z.literal("SUBQUERY"), ...place, subquery, column_name_alias: none }),
  z.strictObject({
    type: z.literal("JOIN"),
    ...place,
    left: node,
    right: node,
    condition: node,
    join_type: z.enum(["INNER", "LEFT"]),
    ref_type: z.literal("REGULAR"),
    using_columns: z.array(z.string()),
    delim_flipped: z.literal(false),
    duplicate_eliminated_columns: none,
  }),
]);
export type SourceTree = z.infer<typeof sourceTree>;

export const modifierTree = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("ORDER_MODIFIER"),
    orders: z.array(
      z.strictObject({
        type: z.enum(["ASCENDING", "DESCENDING", "ORDER_DEFAULT"]),
        null_order: z.enum(["NULLS FIRST", "NULLS LAST", "ORDER_DEFAULT"]),
        expression: node,
      }),
    ),
  }),
  z.strictObject({ type: z.literal("LIMIT_MODIFIER"), limit: node, offset: node }),
]);

export const callTree = z.strictObject({
  class: z.literal("FUNCTION"),
  type: z.literal("FUNCTION"),
  alias: z.string(),
  query_location: digits,
  function_name: z.string(),
  schema: z.enum(["", "main"]),
  children: z.array(node),
  filter: node,
  order_bys: z.strictObject({
    type: z.literal("ORDER_MODIFIER"),
    orders: z
      .array(
        z.strictObject({
          type: z.enum(["ASCENDING", "ORDER_DEFAULT"]),
          null_order: z.enum(["NULLS FIRST", "NULLS LAST", "ORDER_DEFAULT"]),
          expression: node,
        }),
      )
      .max(1),
  }),
  distinct: z.boolean(),
  is_operator: z.literal(false),
  export_state: z.literal(false),
  catalog: z.literal(""),
});
export type CallTree = z.infer<typeof callTree>;
