/**
 * Model formulas as R and patsy write them: `death ~ age + C(sex) * kappa - 1`. Terms are sets of factors; `+` joins,
 * `-` removes, `:` crosses, `*` is both with their crossing, a power crosses up to that order. Values inside `I(…)`
 * and of functions are expressions of the syntax, checked like any other.
 */
import { unsupported } from "../errors.js";
import type { Surface } from "../expr.js";
import { EXPRESSION_LIMITS as LIMITS } from "../limits.js";
import { PythonParser, pythonReader } from "./python.js";
import { RParser, rReader } from "./r.js";
import type { Reader } from "./tokens.js";

export interface WrittenFactor {
  value: Surface;
  /** Asked to be taken by categories, whatever its type. */
  categorical: boolean;
  reference?: Surface;
}

/** The intercept is the term without factors. */
export type WrittenTerm = WrittenFactor[];

export interface WrittenFormula {
  response: Surface | { time: Surface; event: Surface };
  terms: WrittenTerm[];
  offsets: Surface[];
}

interface ValueParser {
  expression(): Surface;
  primary(): Surface;
}

type Terms = Map<string, WrittenTerm>;

const plain = (key: string, value: unknown): unknown => (key === "at" ? undefined : value);
const factorKey = (factor: WrittenFactor): string => JSON.stringify(factor, plain);
const termKey = (term: WrittenTerm): string => term.map(factorKey).sort().join(" : ");
const only = (term: WrittenTerm): Terms => new Map([[termKey(term), term]]);

class FormulaParser {
  private readonly offsets: Surface[] = [];

  constructor(
    private readonly reader: Reader,
    private readonly values: ValueParser,
  ) {}

  formula(): WrittenFormula {
    const response = this.response();
    this.reader.expect("~");
    const terms = this.sum(only([]));
    this.reader.end();
    return { response, terms: [...terms.values()], offsets: this.offsets };
  }

  private response(): WrittenFormula["response"] {
    if (!this.reader.is("Surv") || this.reader.ahead(1).text !== "(") return this.values.primary();
    this.reader.next();
    this.reader.next();
    const time = this.values.expression();
    this.reader.expect(",");
    const event = this.values.expression();
    this.reader.expect(")");
    return { time, event };
  }

  private limited(terms: Terms): Terms {
    if (terms.size > LIMITS.terms) this.reader.fail(`more than ${LIMITS.terms} terms`);
    return terms;
  }

  private sum(start: Terms): Terms {
    const terms = new Map(start);
    let sign = this.reader.accept("-", "+")?.text ?? "+";
    for (;;) {
      const isZero = this.reader.token.kind === "number" && this.reader.token.text === "0";
      const part = isZero ? only([]) : this.product();
      if (isZero) this.reader.next();
      // `+ 0` takes the intercept away, and `- 0` puts it back.
      const isRemoval = (sign === "-") !== isZero;
      for (const [key, term] of part) isRemoval ? terms.delete(key) : terms.set(key, term);
      this.limited(terms);
      const next = this.reader.accept("+", "-");
      if (!next) return terms;
      sign = next.text;
    }
  }

  private product(): Terms {
    let left = this.crossing();
    while (this.reader.accept("*")) {
      const right = this.crossing();
      left = this.limited(new Map([...left, ...right, ...this.cross(left, right)]));
    }
    return left;
  }

  private crossing(): Terms {
    let left = this.power();
    while (this.reader.accept(":")) left = this.cross(left, this.power());
    return left;
  }

  private cross(a: Terms, b: Terms): Terms {
    const terms: Terms = new Map();
    for (const x of a.values()) {
      for (const y of b.values()) {
        const factors = new Map([...x, ...y].map((factor) => [factorKey(factor), factor]));
        if (factors.size > LIMITS.factors) this.reader.fail(`more than ${LIMITS.factors} factors in a term`);
        const term = [...factors.values()];
        terms.set(termKey(term), term);
      }
    }
    return this.limited(terms);
  }

  private power(): Terms {
    const base = this.atom();
    if (!this.reader.accept("^", "**")) return base;
    const { kind, text } = this.reader.token;
    const order = kind === "number" ? Number(text) : Number.NaN;
    if (!Number.isInteger(order) || order < 1 || order > LIMITS.factors)
      this.reader.fail(`a whole number from 1 to ${LIMITS.factors} is expected here`);
    this.reader.next();
    let terms = base;
    for (let i = 1; i < order; i++) terms = this.limited(new Map([...terms, ...this.cross(terms, base)]));
    return terms;
  }

  private atom(): Terms {
    const { kind, text } = this.reader.token;
    if (kind === "number" && text === "1") {
      this.reader.next();
      return only([]);
    }
    if (kind === "number") this.reader.fail("only 0 and 1 stand alone; write I(…) for arithmetic");
    if (this.reader.accept("(")) {
      const inner = this.reader.nested(() => this.sum(new Map()));
      this.reader.expect(")");
      return inner;
    }
    return kind === "name" && this.reader.ahead(1).text === "("
      ? this.call(text)
      : this.factor(this.values.primary());
  }

  private factor(value: Surface, categorical = false, reference?: Surface): Terms {
    return only([{ value, categorical, ...(reference ? { reference } : {}) }]);
  }

  private call(name: string): Terms {
    if (name === "C" || name === "factor") return this.category();
    if (name === "relevel") return this.relevel();
    if (name !== "I" && name !== "offset" && name !== "Q") return this.factor(this.values.primary());
    this.open();
    if (name === "Q") return this.factor(this.quotedName());
    const value = this.values.expression();
    this.reader.expect(")");
    if (name === "I") return this.factor(value);
    this.offsets.push(value);
    return new Map();
  }

  private open(): void {
    this.reader.next();
    this.reader.next();
  }

  private quotedName(): Surface {
    const { kind, text, at } = this.reader.next();
    if (kind !== "string") throw unsupported(`character ${at}`, "this name", 'write Q("name")');
    this.reader.expect(")");
    return { op: "column", name: text, at };
  }

  private category(): Terms {
    const { value, reference } = this.coded();
    return this.factor(value, true, reference);
  }

  /** `C(x)` or `C(x, Treatment("a"))`. */
  private coded(): { value: Surface; reference?: Surface } {
    this.open();
    const value = this.values.expression();
    if (this.reader.accept(")")) return { value };
    this.reader.expect(",");
    const { at } = this.reader.token;
    if (!this.reader.accept("Treatment"))
      throw unsupported(`character ${at}`, "this coding", "write C(x, Treatment(reference))");
    this.reader.expect("(");
    if (this.reader.accept("reference")) this.reader.expect("=");
    const reference = this.values.primary();
    this.reader.expect(")");
    this.reader.expect(")");
    return { value, reference };
  }

  /** `relevel(factor(x), ref = "a")`. */
  private relevel(): Terms {
    this.open();
    if (!this.reader.is("factor", "C")) this.reader.fail("factor(…) is expected here");
    const { value } = this.coded();
    this.reader.expect(",");
    this.reader.expect("ref");
    this.reader.expect("=");
    const reference = this.values.primary();
    this.reader.expect(")");
    return this.factor(value, true, reference);
  }
}

export function parsePythonFormula(text: string): WrittenFormula {
  const reader = pythonReader(text);
  return new FormulaParser(reader, new PythonParser(reader)).formula();
}

export function parseRFormula(text: string): WrittenFormula {
  const reader = rReader(text);
  return new FormulaParser(reader, new RParser(reader)).formula();
}
