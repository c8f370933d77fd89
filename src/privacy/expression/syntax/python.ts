/**
 * Conditions and values as Python's pandas writes them in `DataFrame.query`: `age >= 60 and sex == 'F'`.
 * As there, `&` and `|` bind as loosely as `and` and `or`, comparisons chain, and names with other characters stand
 * in backticks. Unlike there, a missing value is neither less, nor greater, nor different: docs/expression.md.
 */
import type { DatePart } from "../calendar.js";
import { unsupported } from "../errors.js";
import type { Surface, Unary } from "../expr.js";
import { arithmetic, COMPARISON_SIGNS, connected, type Fixed, fixedText, row } from "./operators.js";
import { type Lexis, Reader, tokenize } from "./tokens.js";

const PYTHON: Lexis = {
  name: /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy,
  number: /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y,
  signs: ["**", "//", "==", "!=", "<=", ">=", ..."<>+-*/%()[],.&|~@=:^{}"],
};

const FUNCTIONS: Record<string, Unary> = { abs: "absolute", sqrt: "sqrt", log: "ln", exp: "exp" };
const PARTS: Record<string, DatePart> = {
  year: "year",
  quarter: "quarter",
  month: "month",
  day: "day",
  hour: "hour",
  minute: "minute",
  weekday: "weekday",
  dayofweek: "weekday",
};
const FIXED: Record<string, Fixed> = { startswith: "prefix", endswith: "suffix", contains: "inner" };
const NEAREST: Record<string, string> = {
  "@": "write the value itself",
  "%": "remainders differ between languages",
  "//": "write a division with /",
  "^": "write ** for a power",
  "{": "write a list in brackets",
};

export class PythonParser {
  constructor(private readonly reader: Reader) {}

  expression(): Surface {
    return connected("or", ["or", "|"], this.reader, () =>
      connected("and", ["and", "&"], this.reader, () => this.negation()),
    );
  }

  /** A name, a literal, a call, or what stands in parentheses. */
  primary(): Surface {
    return this.postfix();
  }

  private negation(): Surface {
    const not = this.reader.accept("not");
    if (!not) return this.comparison();
    return this.reader.nested(() => ({ op: "not", value: this.negation(), at: not.at }));
  }

  /** `1 < x <= 5` is `1 < x and x <= 5`. */
  private comparison(): Surface {
    let left = this.sum();
    const links: Surface[] = [];
    for (;;) {
      const { at } = this.reader.token;
      const negated = this.reader.is("not") && this.reader.ahead(1).text === "in";
      if (negated) this.reader.next();
      if (this.reader.accept("in")) {
        const isIn: Surface = { op: "in", value: left, options: this.options(), at };
        links.push(negated ? { op: "not", value: isIn, at } : isIn);
        break;
      }
      const is = this.reader.token.kind === "sign" ? COMPARISON_SIGNS[this.reader.token.text] : undefined;
      if (!is) break;
      this.reader.next();
      if (this.reader.is("[") && (is === "eq" || is === "ne")) {
        const isIn: Surface = { op: "in", value: left, options: this.options(), at };
        links.push(is === "ne" ? { op: "not", value: isIn, at } : isIn);
        break;
      }
      const right = this.sum();
      links.push({ op: "compare", is, left, right, at });
      left = right;
    }
    if (links.length === 0) return left;
    return links.length === 1 ? (links[0] as Surface) : { op: "and", args: links, at: links[0]?.at };
  }

  private options(): Surface[] {
    const open = this.reader.accept("[", "(") ?? this.reader.fail("a list is expected here: ['a', 'b']");
    return this.reader.list(open.text === "[" ? "]" : ")", () => this.sum());
  }

  private sum(): Surface {
    return arithmetic(["+", "-"], this.reader, () => arithmetic(["*", "/"], this.reader, () => this.unary()));
  }

  private unary(): Surface {
    const sign = this.reader.accept("-", "+", "~");
    if (!sign) return this.power();
    const value = this.reader.nested(() => this.unary());
    if (sign.text === "+") return value;
    return { op: sign.text === "-" ? "negate" : "not", value, at: sign.at };
  }

  private power(): Surface {
    const value = this.postfix();
    const sign = this.reader.accept("**");
    if (!sign) return value;
    return { op: "power", value, exponent: this.reader.nested(() => this.unary()), at: sign.at };
  }

  private postfix(): Surface {
    let value = this.atom();
    while (this.reader.accept(".")) value = this.attribute(value);
    return value;
  }

  private attribute(value: Surface): Surface {
    const { text: name, at } = this.reader.next();
    if (name === "dt" || name === "str") {
      this.reader.expect(".");
      return this.accessor(name, value);
    }
    if (!this.reader.accept("(")) {
      throw unsupported(
        `character ${at}`,
        `the attribute ${name}`,
        "a column name with a dot stands in backticks: `a.b`",
      );
    }
    return this.method(name, value, at);
  }

  private accessor(kind: "dt" | "str", value: Surface): Surface {
    const { text: name, at } = this.reader.next();
    const fixed = kind === "str" ? row(FIXED, name) : undefined;
    if (fixed) return this.textMethod(fixed, value, at);
    const part = kind === "dt" ? row(PARTS, name) : undefined;
    if (kind === "dt" && name === "days" && value.op === "subtract")
      return { op: "days", from: value.right, to: value.left, at };
    if (!part) {
      const known = kind === "dt" ? `${Object.keys(PARTS).join(", ")}, days` : Object.keys(FIXED).join(", ");
      throw unsupported(`character ${at}`, `${kind}.${name}`, `there are ${known}`);
    }
    const found: Surface = { op: "date_part", part, value, at };
    // Here weeks begin on Monday = 1, in pandas with Monday = 0.
    return part === "weekday"
      ? { op: "subtract", left: found, right: { op: "number", text: "1" }, at }
      : found;
  }

  private textMethod(fixed: Fixed, value: Surface, at: number): Surface {
    this.reader.expect("(");
    const { kind, text } = this.reader.next();
    if (kind !== "string")
      throw unsupported(`character ${at}`, "a text that is no literal", "write it in quotes");
    if (fixed === "inner") {
      const isPlain = this.reader.accept(",") && this.reader.accept("regex");
      if (!isPlain || !this.reader.accept("=") || !this.reader.accept("False"))
        throw unsupported(`character ${at}`, "a regular expression", "write .str.contains('…', regex=False)");
    }
    this.reader.expect(")");
    return fixedText(fixed, value, text, at);
  }

  private method(name: string, value: Surface, at: number): Surface {
    const args = this.reader.list(")", () => (this.reader.is("[") ? this.options() : this.expression()));
    const [a, b] = args;
    const plain = args.filter((arg): arg is Surface => arg !== undefined && !Array.isArray(arg));
    if (args.length === 0 && (name === "isnull" || name === "isna")) return { op: "is_null", value, at };
    if (args.length === 0 && (name === "notnull" || name === "notna"))
      return { op: "not", value: { op: "is_null", value, at }, at };
    if (args.length === 0 && name === "abs") return { op: "absolute", value, at };
    if (name === "isin" && args.length === 1 && Array.isArray(a)) return { op: "in", value, options: a, at };
    if (name === "fillna" && plain.length === 1 && !b) return { op: "coalesce", args: [value, ...plain], at };
    if (name === "between" && plain.length === 2 && args.length === 2)
      return { op: "between", value, low: plain[0] as Surface, high: plain[1] as Surface, at };
    throw unsupported(
      `character ${at}`,
      `.${name}(…) in this form`,
      "there are isnull, notnull, isin, between, fillna and abs",
    );
  }

  private atom(): Surface {
    const { kind, text, at } = this.reader.token;
    if (kind === "number" || kind === "string") {
      this.reader.next();
      return { op: kind, text, at };
    }
    if (kind === "quoted") {
      this.reader.next();
      return { op: "column", name: text, at };
    }
    if (kind === "name" && !["and", "or", "not", "in", "if", "else", "lambda"].includes(text))
      return this.word();
    if (this.reader.accept("(")) {
      const inner = this.reader.nested(() => this.expression());
      this.reader.expect(")");
      return inner;
    }
    if (kind === "name" && text === "lambda")
      throw unsupported(
        `character ${at}`,
        "a function",
        "a column of this name stands in backticks: `lambda`",
      );
    const nearest = row(NEAREST, text);
    if (kind === "sign" && nearest) throw unsupported(`character ${at}`, `\`${text}\``, nearest);
    return this.reader.fail(
      kind === "end" ? "the expression is not complete" : `\`${text}\` is not expected here`,
    );
  }

  private word(): Surface {
    let { text: name, at } = this.reader.next();
    if (name === "True" || name === "False")
      return { op: "literal", type: "boolean", value: name.toLowerCase(), at };
    if (name === "None") return { op: "missing", at };
    if ((name === "np" || name === "numpy") && this.reader.accept(".")) {
      ({ text: name, at } = this.reader.next());
    }
    if (!this.reader.accept("(")) return { op: "column", name, at };
    const op = row(FUNCTIONS, name);
    if (!op)
      throw unsupported(
        `character ${at}`,
        `the function ${name}`,
        `there are ${Object.keys(FUNCTIONS).join(", ")}`,
      );
    const value = this.reader.nested(() => this.expression());
    this.reader.expect(")");
    return { op, value, at };
  }
}

export const pythonReader = (text: string): Reader => new Reader(tokenize(text, PYTHON));

/** @throws invalid_input or query_unsupported naming the character */
export function parsePython(text: string): Surface {
  const reader = pythonReader(text);
  const expression = new PythonParser(reader).expression();
  reader.end();
  return expression;
}
