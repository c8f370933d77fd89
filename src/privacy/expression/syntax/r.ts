/**
 * Conditions and values as R writes them: `age >= 60 & sex == "F"`. Operators bind as in R (`!` below comparisons,
 * `%in%` above `*`). As everywhere here, a missing value is never a member nor a non-member: docs/expression.md.
 */
import type { DatePart } from "../calendar.js";
import { unsupported } from "../errors.js";
import type { Surface, Unary } from "../expr.js";
import { arithmetic, COMPARISON_SIGNS, connected, fixedText, row } from "./operators.js";
import { type Lexis, Reader, tokenize } from "./tokens.js";

const R: Lexis = {
  name: /(?:[\p{L}]|\.(?!\d))[\p{L}\p{M}\p{N}._]*/uy,
  number: /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?L?/y,
  signs: ["%in%", "%/%", "%%", "&&", "||", "==", "!=", "<=", ">=", ..."<>+-*/^()[],&|!~=:$@"],
};

const NUMERIC: Record<string, Unary> = { abs: "absolute", sqrt: "sqrt", log: "ln", exp: "exp" };
const PARTS: Record<string, DatePart> = {
  year: "year",
  quarter: "quarter",
  month: "month",
  day: "day",
  mday: "day",
  hour: "hour",
  minute: "minute",
};
const MISSING = ["NA", "NA_character_", "NA_integer_", "NA_real_"];
const NEAREST: Record<string, string> = {
  "&&": "write &",
  "||": "write |",
  "%%": "remainders differ between languages",
  "%/%": "write a division with /",
  $: "name the column alone",
  "[": "name the column alone",
};

interface Argument {
  name?: string;
  value: Surface;
  /** After `~`, in case_when. */
  result?: Surface;
}

type RFunction = (args: Argument[], at: number) => Surface | undefined;

const one = (args: Argument[]): Surface | undefined =>
  args.length === 1 && args[0]?.name === undefined && !args[0]?.result ? args[0]?.value : undefined;

const many = (args: Argument[], count?: number): Surface[] | undefined =>
  args.every((a) => a.name === undefined && !a.result) && (count === undefined || args.length === count)
    ? args.map(({ value }) => value)
    : undefined;

/** As R has it, a missing condition gives a missing value; in `case` it would go on to the next branch. */
const ifelse: RFunction = (args, at) => {
  const [when, yes, no] = many(args, 3) ?? [];
  if (!when || !yes || !no) return undefined;
  const whens = [
    { when, value: yes },
    { when: { op: "not", value: when, at } as Surface, value: no },
  ];
  return { op: "case", whens, otherwise: { op: "missing" }, at };
};

const caseWhen: RFunction = (args, at) => {
  const last = args.at(-1);
  const isTrue = last?.value.op === "literal" && last.value.value === "true" && last.result !== undefined;
  const fallback = last?.name === ".default" ? last.value : isTrue ? last.result : undefined;
  const branches = fallback ? args.slice(0, -1) : args;
  const whens = branches.flatMap(({ value, result }) => (result ? [{ when: value, value: result }] : []));
  if (whens.length === 0 || whens.length !== branches.length) return undefined;
  return { op: "case", whens, otherwise: fallback ?? { op: "missing" }, at };
};

const instant =
  (type: "date" | "timestamp"): RFunction =>
  (args, at) => {
    const [text, zone] = args;
    const isUtc = zone?.name === "tz" && zone.value.op === "string" && zone.value.text === "UTC";
    if (text?.value.op !== "string" || args.length !== (type === "date" ? 1 : 2)) return undefined;
    return type === "date" || isUtc ? { op: "instant", type, text: text.value.text, at } : undefined;
  };

const elapsed: RFunction = (args, at) => {
  const value = one(args);
  return value?.op === "subtract" ? { op: "days", from: value.right, to: value.left, at } : undefined;
};

const fixed =
  (where: "prefix" | "suffix"): RFunction =>
  (args, at) => {
    const [value, text] = many(args, 2) ?? [];
    return value && text?.op === "string" ? fixedText(where, value, text.text, at) : undefined;
  };

const weekday: RFunction = (args, at) => {
  const [value, start] = args;
  const isMonday =
    start?.name === "week_start" && start.value.op === "number" && /^1L?$/.test(start.value.text);
  return value && args.length === 2 && isMonday
    ? { op: "date_part", part: "weekday", value: value.value, at }
    : undefined;
};

/** Each with the form that is read, for the error. */
const FUNCTIONS: Record<string, [form: string, read: RFunction]> = {
  "is.na": ["is.na(x)", (args, at) => unary(args, (value) => ({ op: "is_null", value, at }))],
  ifelse: ["ifelse(condition, a, b)", ifelse],
  if_else: ["if_else(condition, a, b)", ifelse],
  case_when: ["case_when(condition ~ a, TRUE ~ b)", caseWhen],
  between: [
    "between(x, low, high)",
    (args, at) => {
      const [value, low, high] = many(args, 3) ?? [];
      return value && low && high ? { op: "between", value, low, high, at } : undefined;
    },
  ],
  coalesce: [
    "coalesce(x, y)",
    (args, at) => {
      const values = many(args);
      return values && values.length > 0 ? { op: "coalesce", args: values, at } : undefined;
    },
  ],
  "as.Date": ['as.Date("2024-01-31")', instant("date")],
  "as.POSIXct": ['as.POSIXct("2024-01-31 08:30:00", tz = "UTC")', instant("timestamp")],
  "as.numeric": ["as.numeric(later - earlier), of dates", elapsed],
  "as.integer": ["as.integer(later - earlier), of dates", elapsed],
  startsWith: ['startsWith(x, "a")', fixed("prefix")],
  endsWith: ['endsWith(x, "a")', fixed("suffix")],
  wday: ["wday(d, week_start = 1)", weekday],
  ...Object.fromEntries(
    Object.entries(NUMERIC).map(([name, op]): [string, [string, RFunction]] => [
      name,
      [`${name}(x)`, (args, at) => unary(args, (value) => ({ op, value, at }))],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(PARTS).map(([name, part]): [string, [string, RFunction]] => [
      name,
      [`${name}(d)`, (args, at) => unary(args, (value) => ({ op: "date_part", part, value, at }))],
    ]),
  ),
};

function unary(args: Argument[], build: (value: Surface) => Surface): Surface | undefined {
  const value = one(args);
  return value && build(value);
}

export class RParser {
  constructor(private readonly reader: Reader) {}

  expression(): Surface {
    return connected("or", ["|"], this.reader, () =>
      connected("and", ["&"], this.reader, () => this.negation()),
    );
  }

  /** A name, a literal, a call, or what stands in parentheses. */
  primary(): Surface {
    return this.atom();
  }

  private negation(): Surface {
    const not = this.reader.accept("!");
    if (!not) return this.comparison();
    return this.reader.nested(() => ({ op: "not", value: this.negation(), at: not.at }));
  }

  private comparison(): Surface {
    const left = this.sum();
    const { kind, text, at } = this.reader.token;
    const is = kind === "sign" ? COMPARISON_SIGNS[text] : undefined;
    if (!is) return left;
    this.reader.next();
    const result: Surface = { op: "compare", is, left, right: this.sum(), at };
    if (COMPARISON_SIGNS[this.reader.token.text])
      this.reader.fail("comparisons do not chain; join two with &");
    return result;
  }

  private sum(): Surface {
    return arithmetic(["+", "-"], this.reader, () =>
      arithmetic(["*", "/"], this.reader, () => this.member()),
    );
  }

  private member(): Surface {
    const value = this.unary();
    const sign = this.reader.accept("%in%");
    return sign ? { op: "in", value, options: this.options(), at: sign.at } : value;
  }

  private options(): Surface[] {
    if (this.reader.is("c") && this.reader.ahead(1).text === "(") {
      this.reader.next();
      this.reader.next();
      return this.reader.list(")", () => this.unary());
    }
    return [this.unary()];
  }

  private unary(): Surface {
    const sign = this.reader.accept("-", "+");
    if (!sign) return this.power();
    const value = this.reader.nested(() => this.unary());
    return sign.text === "+" ? value : { op: "negate", value, at: sign.at };
  }

  private power(): Surface {
    const value = this.atom();
    const sign = this.reader.accept("^");
    if (!sign) return value;
    return { op: "power", value, exponent: this.reader.nested(() => this.unary()), at: sign.at };
  }

  private atom(): Surface {
    const { kind, text, at } = this.reader.token;
    if (kind === "string" || kind === "number") {
      this.reader.next();
      return { op: kind, text: kind === "number" ? text.replace(/L$/, "") : text, at };
    }
    if (kind === "quoted") {
      this.reader.next();
      return { op: "column", name: text, at };
    }
    if (kind === "name") return this.word();
    if (this.reader.accept("(")) {
      const inner = this.reader.nested(() => this.expression());
      this.reader.expect(")");
      return inner;
    }
    const nearest = row(NEAREST, text);
    if (kind === "sign" && nearest) throw unsupported(`character ${at}`, `\`${text}\``, nearest);
    return this.reader.fail(
      kind === "end" ? "the expression is not complete" : `\`${text}\` is not expected here`,
    );
  }

  private word(): Surface {
    const { text: name, at } = this.reader.next();
    if (name === "TRUE" || name === "FALSE")
      return { op: "literal", type: "boolean", value: name.toLowerCase(), at };
    if (MISSING.includes(name)) return { op: "missing", at };
    if (!this.reader.accept("(")) return { op: "column", name, at };
    const [form, read] = row(FUNCTIONS, name) ?? [];
    const args = this.reader.nested(() => this.reader.list(")", () => this.argument()));
    const known = form ?? `there are ${Object.keys(FUNCTIONS).join(", ")}`;
    const result = read?.(args, at);
    if (!result)
      throw unsupported(
        `character ${at}`,
        `${name}(…)${form ? " in this form" : ""}`,
        `${form ? "write " : ""}${known}`,
      );
    return result;
  }

  private argument(): Argument {
    const { kind, text } = this.reader.token;
    const isNamed =
      kind === "name" && this.reader.ahead(1).text === "=" && this.reader.ahead(1).kind === "sign";
    if (isNamed) {
      this.reader.next();
      this.reader.next();
    }
    const value = this.expression();
    const result = this.reader.accept("~") ? this.expression() : undefined;
    return { ...(isNamed ? { name: text } : {}), value, ...(result ? { result } : {}) };
  }
}

export const rReader = (text: string): Reader => new Reader(tokenize(text, R));

/** @throws invalid_input or query_unsupported naming the character */
export function parseR(text: string): Surface {
  const reader = rReader(text);
  const expression = new RParser(reader).expression();
  reader.end();
  return expression;
}
