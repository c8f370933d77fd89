/**
 * Conditions and values as R writes them: `age >= 60 & sex == "F"`. Operators bind as in R (`!` below comparisons,
 * `%in%` above `*`). As everywhere here, a missing value is never a member nor a non-member: docs/expression.md.
 */
import { unsupported } from "../errors.js";
import type { Surface } from "../expr.js";
import { arithmetic, COMPARISON_SIGNS, connected, row } from "./operators.js";
import { type Argument, R_FUNCTIONS } from "./r-functions.js";
import { type Lexis, Reader, tokenize } from "./tokens.js";

const R: Lexis = {
  name: /(?:[\p{L}]|\.(?!\d))[\p{L}\p{M}\p{N}._]*/uy,
  number: /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?L?/y,
  signs: ["%in%", "%/%", "%%", "&&", "||", "==", "!=", "<=", ">=", ..."<>+-*/^()[],&|!~=:$@"],
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
    const [form, read] = row(R_FUNCTIONS, name) ?? [];
    const args = this.reader.nested(() => this.reader.list(")", () => this.argument()));
    const known = form ?? `there are ${Object.keys(R_FUNCTIONS).join(", ")}`;
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
