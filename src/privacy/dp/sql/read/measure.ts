/** From a typed value to one on a grid within public bounds, or an error that says what its owner can declare. */
import { GloveboxError } from "../../../../vocabulary/index.js";
import { unsupported } from "../../../expression/errors.js";
import { boundsOf, compare, fieldsOf, signed, unboundedColumns } from "../bounds.js";
import type { Bounds, Field, Scaled } from "../model.js";
import { scaledOf } from "../scale.js";
import type { Scope, Typed } from "./scope.js";

/** `clamp(x, low, high)`: bounds that the query itself gives, so they are public. */
export interface Clamped {
  node: unknown;
  clamp?: Bounds;
}

type Tree = Record<string, unknown>;

function constantNumber(scope: Scope, node: unknown): string | undefined {
  const { expr } = scope.value(node);
  return expr.op === "literal" && (expr.type === "integer" || expr.type === "decimal")
    ? expr.value
    : undefined;
}

export function clampOf(scope: Scope, node: unknown): Clamped {
  const { class: of, function_name: name, children } = (node ?? {}) as Tree;
  if (of !== "FUNCTION" || name !== "clamp" || !Array.isArray(children)) return { node };
  const [value, ...ends] = children as unknown[];
  const [low, high] = ends.map((end) => constantNumber(scope, end));
  if (ends.length !== 2 || low === undefined || high === undefined)
    return scope.refuse(node, "this clamp", "write clamp(x, 0, 100) with two numbers");
  const clamp: Bounds = [signed(low), signed(high)];
  if (compare(clamp[0], clamp[1]) > 0)
    scope.refuse(node, "a clamp that falls", "write the lower number first");
  return { node: value, clamp };
}

function within(bounds: Bounds | undefined, clamp: Bounds | undefined): Bounds | undefined {
  if (!bounds || !clamp) return clamp ?? bounds;
  const into = (value: Bounds[0]) =>
    compare(value, clamp[0]) < 0 ? clamp[0] : compare(value, clamp[1]) > 0 ? clamp[1] : value;
  return [into(bounds[0]), into(bounds[1])];
}

/** What lacks, by the names that the catalogue knows, and how an owner declares it. */
function lacking(scope: Scope, node: unknown, fields: readonly Field[]): GloveboxError {
  const named = fields.flatMap(({ origin }) => (origin ? [origin] : []));
  const [first] = named;
  const where = named.map(({ dataset, column }) => `${column} of ${dataset}`).join(", ");
  const how = first
    ? `its owner declares them: PATCH /api/v1/datasets/${first.dataset} {"columns": [{"name": ${JSON.stringify(first.column)}, "bounds": [low, high]}]}; or write clamp(x, low, high)`
    : "write clamp(x, low, high) around it";
  const message = `${where === "" ? "this value has" : `${where}: has`} no declared bounds; ${how}`;
  const path = scope.place(node);
  return new GloveboxError("query_unsupported", {
    detail: `${path}: ${message}`,
    errors: [{ path, message }],
  });
}

export interface Bounded {
  typed: Typed;
  bounds: Bounds;
}

/** A number between public bounds. @throws query_unsupported where it has none, or is no number */
export function boundedValue(scope: Scope, given: unknown, fields: readonly Field[]): Bounded {
  const { node, clamp } = clampOf(scope, given);
  const typed = scope.value(node);
  if (typed.type !== "integer" && typed.type !== "decimal")
    throw unsupported(
      scope.place(node),
      `this aggregate of a ${typed.type}`,
      "aggregate a number; CASE WHEN condition THEN 1 ELSE 0 END makes one of a condition",
    );
  const known = fieldsOf(fields);
  const found = boundsOf(typed.expr, known);
  const bounds = within(found === "missing" ? [signed("0"), signed("0")] : found, clamp);
  if (!bounds) throw lacking(scope, node, unboundedColumns(typed.expr, known));
  return { typed, bounds };
}

/** The same on the grid. */
export function scaledValue(scope: Scope, node: unknown, squared = false): Scaled {
  const { typed, bounds } = boundedValue(scope, node, scope.fields);
  const scaled = scaledOf(typed, bounds, squared);
  if (!scaled)
    scope.refuse(node, "a number with bounds this wide", "write clamp(x, low, high) with nearer ones");
  return scaled;
}
