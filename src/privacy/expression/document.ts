/**
 * Documents from outside: what arrives as JSON is measured before it is parsed, since a parser of nested shapes
 * would run out of stack, and then checked as if it had been written.
 */
import type { z } from "zod";
import { parseInput } from "../../vocabulary/index.js";
import { wrong } from "./errors.js";
import { EXPRESSION_LIMITS as LIMITS } from "./limits.js";

/** Levels of JSON that one level of an expression takes, at most; and of what stands around it. */
const LEVELS = 3;
const AROUND = 16;
const VALUES = 16 * (LIMITS.nodes + LIMITS.list);

function measure(document: unknown, root: string): void {
  let seen = 0;
  let level: unknown[] = [document];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > LEVELS * LIMITS.depth + AROUND) throw wrong(root, `nested deeper than ${LIMITS.depth}`);
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
    seen += level.length;
    if (seen > VALUES) throw wrong(root, "too large");
  }
}

/** @throws invalid_input with the wrong places */
export function readDocument<S extends z.ZodType>(schema: S, document: unknown, root: string): z.output<S> {
  measure(document, root);
  return parseInput(schema, document);
}
