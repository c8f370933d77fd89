/** An expression as people read it, in the manner of Python. It is shown and never parsed: the typed form is what counts. */
import type { Binary, Comparison, Expr } from "./expr.js";

const COMPARED: Record<Comparison, string> = { eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=" };
const JOINED: Record<Binary, string> = { add: "+", subtract: "-", multiply: "*", divide: "/" };
/** A list of more options is cut short. */
const MAX_OPTIONS = 12;

const isName = (name: string): boolean => /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name);
const isLeaf = ({ op }: Expr): boolean => op === "column" || op === "literal" || op === "null";

/** An operand, in parentheses where it is more than a name or a number. */
const part = (e: Expr): string => (isLeaf(e) || e.op === "widen" ? inWords(e) : `(${inWords(e)})`);
const listed = (list: readonly Expr[]): string => {
  const shown = list.slice(0, MAX_OPTIONS).map(inWords);
  return [...shown, ...(list.length > shown.length ? [`… ${list.length - shown.length} more`] : [])].join(
    ", ",
  );
};

export function inWords(e: Expr): string {
  switch (e.op) {
    case "column":
      return isName(e.name) ? e.name : `\`${e.name}\``;
    case "literal":
      return e.type === "integer" || e.type === "decimal" || e.type === "boolean" ? e.value : `'${e.value}'`;
    case "null":
      return "missing";
    case "compare":
      return `${part(e.left)} ${COMPARED[e.is]} ${part(e.right)}`;
    case "in":
      return `${part(e.value)} in [${listed(e.options)}]`;
    case "like":
      return `${part(e.value)} like '${e.pattern}'`;
    case "is_null":
      return `${part(e.value)} is missing`;
    case "not":
      return `not ${part(e.value)}`;
    case "and":
    case "or":
      return e.args.map(part).join(` ${e.op} `);
    case "add":
    case "subtract":
    case "multiply":
    case "divide":
      return `${part(e.left)} ${JOINED[e.op]} ${part(e.right)}`;
    case "negate":
      return `-${part(e.value)}`;
    case "absolute":
    case "sqrt":
    case "ln":
    case "exp":
      return `${e.op === "absolute" ? "abs" : e.op}(${inWords(e.value)})`;
    case "widen":
      return inWords(e.value);
    case "days":
      return `days from ${part(e.from)} to ${part(e.to)}`;
    case "date_part":
      return `${e.part} of ${part(e.value)}`;
    case "coalesce":
      return `first of (${listed(e.args)})`;
    case "case":
      return `${e.whens.map(({ when, value }) => `${part(value)} if ${part(when)} else`).join(" ")} ${part(e.otherwise)}`;
  }
}
