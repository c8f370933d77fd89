/**
 * From the expression to DuckDB's SQL. Nothing of what was written reaches the engine as text: names are quoted,
 * literals are parameters, and every operation is written so that it cannot fail:
 * - whole numbers that may leave 64 bits are computed in 128;
 * - a divisor of zero, and an argument outside of ln or sqrt, is made missing first;
 * - a decimal result is made missing where it is not finite. Divisors and arguments of exp are made finite first, so
 *   an infinity inside cannot come back as a number, and one guard around an arithmetic tree is enough.
 */
import type { ColumnType } from "../../vocabulary/index.js";
import { binaryRange, DAYS, fits, INT64, type Range, unaryRange, YEARS } from "./check/range.js";
import type { Columns } from "./columns.js";
import { unsupported } from "./errors.js";
import type { Binary, Comparison, Expr, Unary } from "./expr.js";
import { EXPRESSION_LIMITS as LIMITS } from "./limits.js";

export interface Parameter {
  type: ColumnType;
  /** In the literal's written form; the SQL casts it, so it is bound as text. */
  value: string;
}

export interface Emitted {
  sql: string;
  /** In order: the first stands at `$first`. */
  parameters: Parameter[];
}

export interface EmitOptions {
  /** Number of the first parameter; 1 unless told. */
  first?: number;
  /** Alias of the relation that the columns belong to. */
  relation?: string;
  /** The relation may hold NaN and infinities, which no imported version does. */
  raw?: boolean;
}

interface Piece {
  sql: string;
  type: ColumnType;
  /** Of an integer; it is a HUGEINT where this leaves 64 bits, or where `wide`. */
  range?: Range;
  wide?: boolean;
  /** Decimal arithmetic whose result may not be finite. */
  open?: boolean;
}

export const SQL_TYPES: Record<ColumnType, string> = {
  boolean: "BOOLEAN",
  integer: "BIGINT",
  decimal: "DOUBLE",
  text: "VARCHAR",
  date: "DATE",
  timestamp: "TIMESTAMP",
};

const OPERATORS: Record<Comparison | Binary, string> = {
  eq: "=",
  ne: "<>",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
};

const PARTS: Record<string, string> = { weekday: "isodow" };

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

class Emitter {
  readonly parameters: Parameter[] = [];
  private readonly numbers = new Map<string, number>();

  constructor(
    private readonly columns: Columns,
    private readonly options: EmitOptions,
  ) {}

  emit(e: Expr): Piece {
    const piece = this.node(e);
    if (piece.sql.length > LIMITS.sql_chars)
      throw unsupported("expression", "arithmetic nested this deep", "split it into smaller parts");
    return piece;
  }

  /** The operand with nothing but finite numbers in it. */
  closed(e: Expr): Piece {
    const piece = this.emit(e);
    return piece.open ? { ...piece, sql: finite(piece.sql), open: false } : piece;
  }

  private sql(e: Expr): string {
    return this.closed(e).sql;
  }

  private parameter(type: ColumnType, value: string): string {
    const key = `${type} ${value}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = (this.options.first ?? 1) + this.parameters.length;
      this.parameters.push({ type, value });
      this.numbers.set(key, number);
    }
    return `CAST($${number} AS ${SQL_TYPES[type]})`;
  }

  private column(name: string): Piece {
    const column = this.columns.get(name);
    if (!column) throw new RangeError("not a checked expression");
    const { type } = column;
    const { relation, raw } = this.options;
    const sql = `${relation === undefined ? "" : `${quoteIdentifier(relation)}.`}${quoteIdentifier(name)}`;
    if (type === "integer") return { sql, type, range: INT64 };
    return { sql: raw && type === "decimal" ? finite(sql) : sql, type };
  }

  private binary(op: Binary, left: Expr, right: Expr): Piece {
    const [l, r] = [this.emit(left), this.emit(right)];
    if (op !== "divide" && l.range && r.range) {
      const range = binaryRange(op, l.range, r.range);
      const wide = l.wide || r.wide || !fits(range, INT64);
      const first = wide && !l.wide && !r.wide ? `CAST(${l.sql} AS HUGEINT)` : l.sql;
      return { sql: `(${first} ${OPERATORS[op]} ${r.sql})`, type: "integer", range, wide };
    }
    const second = op === "divide" ? `CASE WHEN ${usable(r, "<> 0")} THEN ${r.sql} END` : r.sql;
    return { sql: `(${l.sql} ${OPERATORS[op]} ${second})`, type: "decimal", open: true };
  }

  private unary(op: Unary, value: Expr): Piece {
    const v = this.emit(value);
    if (op === "negate" || op === "absolute") {
      const range = v.range && unaryRange(op, v.range);
      const wide = v.wide || (range !== undefined && !fits(range, INT64));
      const operand = wide && !v.wide ? `CAST(${v.sql} AS HUGEINT)` : v.sql;
      return { ...v, sql: op === "negate" ? `(- ${operand})` : `abs(${operand})`, range, wide };
    }
    const domain = op === "ln" ? `${v.sql} > 0` : op === "sqrt" ? `${v.sql} >= 0` : `isfinite(${v.sql})`;
    return { sql: `${op}(CASE WHEN ${domain} THEN ${v.sql} END)`, type: "decimal", open: true };
  }

  private widened(value: Expr, to: "decimal" | "timestamp"): Piece {
    const v = this.closed(value);
    // Of 128 bits the engine's own conversion rounds twice; by way of digits it rounds once.
    const from = v.wide ? `CAST(${v.sql} AS VARCHAR)` : v.sql;
    return { sql: `CAST(${from} AS ${SQL_TYPES[to]})`, type: to };
  }

  private membership(value: Expr, options: readonly Expr[]): string {
    const v = this.sql(value);
    if (options.length === 0) return `CASE WHEN ${v} IS NOT NULL THEN FALSE END`;
    return `(${v} IN (${options.map((o) => this.sql(o)).join(", ")}))`;
  }

  private alternatives(exprs: readonly Expr[], write: (sqls: string[]) => string): Piece {
    const pieces = exprs.map((e) => this.closed(e));
    const ranges = pieces.map(({ range }) => range).filter((range) => range !== undefined);
    return {
      sql: write(pieces.map(({ sql }) => sql)),
      type: pieces[0]?.type ?? "boolean",
      range:
        ranges.length > 0 ? ranges.reduce(([a, b], [c, d]) => [c < a ? c : a, d > b ? d : b]) : undefined,
      wide: pieces.some(({ wide }) => wide),
    };
  }

  private node(e: Expr): Piece {
    switch (e.op) {
      case "column":
        return this.column(e.name);
      case "literal": {
        const sql = this.parameter(e.type, e.value);
        if (e.type !== "integer") return { sql, type: e.type };
        return { sql, type: e.type, range: [BigInt(e.value), BigInt(e.value)] };
      }
      case "null":
        return {
          sql: `CAST(NULL AS ${SQL_TYPES[e.type]})`,
          type: e.type,
          range: e.type === "integer" ? [0n, 0n] : undefined,
        };
      case "add":
      case "subtract":
      case "multiply":
      case "divide":
        return this.binary(e.op, e.left, e.right);
      case "negate":
      case "absolute":
      case "sqrt":
      case "ln":
      case "exp":
        return this.unary(e.op, e.value);
      case "widen":
        return this.widened(e.value, e.to);
      case "days":
        return { sql: `(${this.sql(e.to)} - ${this.sql(e.from)})`, type: "integer", range: DAYS };
      case "date_part":
        return { sql: `${PARTS[e.part] ?? e.part}(${this.sql(e.value)})`, type: "integer", range: YEARS };
      case "case":
        return this.alternatives([...e.whens.map(({ value }) => value), e.otherwise], (sqls) => {
          const whens = e.whens.map(({ when }, i) => `WHEN ${this.sql(when)} THEN ${sqls[i]}`);
          return `CASE ${whens.join(" ")} ELSE ${sqls.at(-1)} END`;
        });
      case "coalesce":
        return this.alternatives(e.args, (sqls) => `coalesce(${sqls.join(", ")})`);
      default:
        return { sql: this.condition(e), type: "boolean" };
    }
  }

  private condition(
    e: Extract<Expr, { op: "compare" | "in" | "like" | "is_null" | "not" | "and" | "or" }>,
  ): string {
    switch (e.op) {
      case "compare":
        return `(${this.sql(e.left)} ${OPERATORS[e.is]} ${this.sql(e.right)})`;
      case "in":
        return this.membership(e.value, e.options);
      case "like":
        return `(${this.sql(e.value)} LIKE ${this.parameter("text", e.pattern)} ESCAPE '\\')`;
      case "is_null":
        return `(${this.sql(e.value)} IS NULL)`;
      case "not":
        return `(NOT ${this.sql(e.value)})`;
      default:
        return `(${e.args.map((arg) => this.sql(arg)).join(e.op === "and" ? " AND " : " OR ")})`;
    }
  }
}

const finite = (sql: string): string => `CASE WHEN isfinite(${sql}) THEN ${sql} END`;

const usable = ({ sql, open }: Piece, test: string): string =>
  open ? `${sql} ${test} AND isfinite(${sql})` : `${sql} ${test}`;

/** The SQL of a checked expression over columns of these types. */
export function emit(e: Expr, columns: Columns, options: EmitOptions = {}): Emitted {
  const emitter = new Emitter(columns, options);
  return { sql: emitter.closed(e).sql, parameters: emitter.parameters };
}
