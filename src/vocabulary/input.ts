/** What comes in is parsed by its zod schema; what is wrong is named by its place, never by its value. */
import type { z } from "zod";
import { GloveboxError, type InputError } from "./errors.js";

const MAX_ERRORS = 20;

/** `columns.2.name` */
export const placeOf = (path: readonly PropertyKey[]): string => path.map(String).join(".");

/** @throws invalid_input with every wrong place (at most 20). */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors: InputError[] = parsed.error.issues
    .slice(0, MAX_ERRORS)
    .map((issue) => ({ path: placeOf(issue.path) || "body", message: issue.message }));
  const first = errors[0];
  throw new GloveboxError("invalid_input", {
    detail: first ? `${first.path}: ${first.message}` : undefined,
    errors,
  });
}
