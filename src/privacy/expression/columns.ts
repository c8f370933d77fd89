/**
 * The schema that an expression is read against: names and types, as the catalogue states them.
 * Bounds and categories are what an owner declared; no meaning of an expression depends on them.
 */
import { z } from "zod";
import { COLUMN_TYPES } from "../../vocabulary/index.js";
import { EXPRESSION_LIMITS as LIMITS } from "./limits.js";

export const expressionColumn = z.object({
  name: z.string().min(1).max(LIMITS.name_chars),
  type: z.enum(COLUMN_TYPES),
  nullable: z.boolean(),
  bounds: z.tuple([z.string(), z.string()]).optional(),
  categories: z.array(z.string()).optional(),
});
export type ExpressionColumn = z.infer<typeof expressionColumn>;

/** Columns by name. */
export type Columns = ReadonlyMap<string, ExpressionColumn>;

export const columnsOf = (list: readonly ExpressionColumn[]): Columns =>
  new Map(list.map((column) => [column.name, column]));
