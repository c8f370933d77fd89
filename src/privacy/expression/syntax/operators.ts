/** What the two written syntaxes share: left-grouping of operators, and signs of comparison. */
import type { Binary, Comparison, Surface } from "../expr.js";
import { literalPattern } from "../pattern.js";
import type { Reader } from "./tokens.js";

/** The row of a table, where it has one: a name that was written may be one that every object has. */
export const row = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

export const COMPARISON_SIGNS: Record<string, Comparison> = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
};

const ARITHMETIC: Record<string, Binary> = { "+": "add", "-": "subtract", "*": "multiply", "/": "divide" };

/** `a and b and c` as one node. */
export function connected(op: "and" | "or", signs: string[], reader: Reader, read: () => Surface): Surface {
  const first = read();
  const args = [first];
  while (reader.accept(...signs)) args.push(read());
  return args.length === 1 ? first : { op, args, at: first.at };
}

/** `a + b - c`, from the left. */
export function arithmetic(signs: string[], reader: Reader, read: () => Surface): Surface {
  let left = read();
  while (reader.is(...signs)) {
    const { text, at } = reader.next();
    left = { op: ARITHMETIC[text] as Binary, left, right: read(), at };
  }
  return left;
}

export type Fixed = "prefix" | "suffix" | "inner";

/** Text that begins with, ends with or holds another. */
export function fixedText(where: Fixed, value: Surface, text: string, at: number | undefined): Surface {
  const literal = literalPattern(text);
  const pattern = `${where === "prefix" ? "" : "%"}${literal}${where === "suffix" ? "" : "%"}`;
  return { op: "like", value, pattern, at };
}
