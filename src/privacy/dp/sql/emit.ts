/**
 * From a plan to DuckDB's SQL: new text, made of names that this room gave, bound parameters and whole numbers.
 *
 * Rules: only exact whole-number aggregates leave the engine. A value is clamped into its public bounds and brought to
 * whole steps of at most 2^62 before it is added up, and no relation has 2^60 rows, so no sum leaves HUGEINT; squares
 * are of numbers below 2^31. Expressions cannot fail (expression/emit.ts). Relations are `data`, `data1` …, the
 * versions that the engine has opened; columns `c<n>` and `__unit` are the version's.
 */
import { emit } from "../../expression/emit.js";
import { columnsRead, type Expr } from "../../expression/expr.js";
import type { Bisection, Exact, Field, Group, Plan, Relation, Scaled, UnitMeasure } from "./model.js";

export interface EmittedQuery {
  sql: string;
  /** Bound as texts; the SQL casts them. */
  parameters: string[];
}

/** Rows of a unit that a private group must have at least to be looked at: see threshold.ts. */
export const LOOKED_AT_FROM = 2;
/** Bytes of a private group's text; longer ones are left out, whatever they are. */
export const PRIVATE_TEXT_BYTES = 256;

const columnsOf = (fields: readonly Field[]) =>
  new Map(fields.map(({ column, type, nullable }) => [column, { name: column, type, nullable }]));

class QueryEmitter {
  readonly parameters: string[] = [];

  private expression(e: Expr, fields: readonly Field[]): string {
    const { sql, parameters } = emit(e, columnsOf(fields), { first: this.parameters.length + 1 });
    this.parameters.push(...parameters.map(({ value }) => value));
    return sql;
  }

  parameter(value: string, type: string): string {
    return `CAST($${this.parameters.push(value)} AS ${type})`;
  }

  /** The relation's rows, with the unit's ordinal as `u` and the columns that are needed. */
  relation(relation: Relation, needed: ReadonlySet<string>): string {
    const kept = relation.fields
      .map((field, i) => ({ field, i }))
      .filter(({ field }) => needed.has(field.column));
    switch (relation.kind) {
      case "table": {
        const columns = kept.map(({ field, i }) => `, c${relation.places[i]} AS ${field.column}`);
        const name = relation.table === 0 ? "data" : `data${relation.table}`;
        return `SELECT __unit AS u${columns.join("")} FROM ${name}`;
      }
      case "rows": {
        const { from, where, values } = relation;
        const used = [...kept.map(({ i }) => values[i] as Expr), ...(where ? [where] : [])];
        const inner = this.relation(from, new Set(used.flatMap(columnsRead)));
        const columns = kept.map(
          ({ field, i }) => `, ${this.expression(values[i] as Expr, from.fields)} AS ${field.column}`,
        );
        const condition = where ? ` WHERE ${this.expression(where, from.fields)}` : "";
        return `SELECT u${columns.join("")} FROM (${inner})${condition}`;
      }
      case "units":
        return this.units(relation, kept);
      case "join":
        return this.join(relation, kept);
    }
  }

  /** A join on units; what a unit has beyond its bound (nothing, if the imports kept theirs) is left out by a fixed order. */
  private join(relation: Extract<Relation, { kind: "join" }>, kept: { field: Field }[]): string {
    const { left, right, outer, on, perUnit } = relation;
    const wanted = new Set(kept.map(({ field }) => field.column));
    const [l, r] = [left, right].map((side, i) =>
      this.relation(
        side,
        new Set([...wanted, on[i]!].filter((c) => side.fields.some((f) => f.column === c))),
      ),
    );
    const columns = kept.map(({ field }) => field.column);
    const list = columns.map((c) => `, ${c}`).join("");
    const hashed = columns.length === 0 ? "u" : `hash(${columns.join(", ")})`;
    return (
      `SELECT u${list} FROM (SELECT l.u AS u${list} FROM (${l}) AS l ${outer ? "LEFT " : ""}JOIN (${r}) AS r ON ${on[0]} = ${on[1]})` +
      ` QUALIFY row_number() OVER (PARTITION BY u ORDER BY ${[hashed, ...columns].join(", ")}) <= ${perUnit}`
    );
  }

  private units(relation: Extract<Relation, { kind: "units" }>, kept: { field: Field; i: number }[]): string {
    const { from, where, keys, measures } = relation;
    const used = measures.flatMap(({ value }) => (value ? [value.expr] : []));
    const all = [...keys, ...used, ...(where ? [where] : [])];
    const inner = this.relation(from, new Set(all.flatMap(columnsRead)));
    const key = keys.map((e, i) => `${this.expression(e, from.fields)} AS k${i}`);
    const argument = measures.flatMap(({ value }, i) =>
      value ? [`${this.expression(value.expr, from.fields)} AS e${i}`] : [],
    );
    const condition = where ? ` WHERE ${this.expression(where, from.fields)}` : "";
    const rows = `SELECT ${["u", ...key, ...argument].join(", ")} FROM (${inner})${condition}`;
    const steps = measures.map(({ value }, i) =>
      isScaled(value) ? `${stepsOf(value, `e${i}`)} AS v${i}` : undefined,
    );
    const stepped = `SELECT *${steps.map((s) => (s ? `, ${s}` : "")).join("")} FROM (${rows})`;
    const columns = kept.map(({ field, i }) =>
      i < keys.length
        ? `, ${field.isUnit ? `any_value(k${i})` : `k${i}`} AS ${field.column}`
        : `, ${unitMeasure(measures[i - keys.length]!, i - keys.length, from.perUnit)} AS ${field.column}`,
    );
    // The unit's own value follows from its ordinal: texts need not be hashed.
    const grouped = keys.flatMap((_, i) => (relation.fields[i]?.isUnit ? [] : [`k${i}`]));
    return `SELECT u${columns.join("")} FROM (${stepped}) GROUP BY ${["u", ...grouped].join(", ")}`;
  }

  /** Rows with the values of groups as `g<i>`, of arguments as `e<i>`, and arguments on their grid as `v<i>`. */
  stepped(plan: Plan, values: readonly (Expr | Scaled)[]): string {
    const { relation, groups } = plan;
    const exprs = values.map((value) => ("expr" in value ? value.expr : value));
    const inner = this.relation(
      relation,
      new Set([...groups.map(({ value }) => value), ...exprs].flatMap(columnsRead)),
    );
    const group = groups.map(({ value }, i) => `${this.expression(value, relation.fields)} AS g${i}`);
    const argument = exprs.map((e, i) => `${this.expression(e, relation.fields)} AS e${i}`);
    const rows = `SELECT ${["u", ...group, ...argument].join(", ")} FROM (${inner})`;
    const filters = groups.flatMap((g, i) => this.allowed(g, `g${i}`));
    const steps = values.map((value, i) => (isScaled(value) ? `, ${stepsOf(value, `e${i}`)} AS v${i}` : ""));
    const condition = filters.length > 0 ? ` WHERE ${filters.join(" AND ")}` : "";
    return `SELECT *${steps.join("")} FROM (${rows})${condition}`;
  }

  /** Data may hold what was not declared: that is in no group. */
  private allowed({ type, domain }: Group, name: string): string[] {
    if (!domain)
      return type === "text" ? [`(${name} IS NULL OR strlen(${name}) <= ${PRIVATE_TEXT_BYTES})`] : [];
    if (type === "boolean") return [];
    const values = domain.filter((value) => value !== null);
    const sqlType =
      type === "integer"
        ? "BIGINT"
        : type === "date"
          ? "DATE"
          : type === "timestamp"
            ? "TIMESTAMP"
            : "VARCHAR";
    const known =
      type === "integer" && isRun(values)
        ? `${name} BETWEEN ${values[0]} AND ${values.at(-1)}`
        : values.length === 0
          ? "FALSE"
          : `${name} IN (${values.map((v) => this.parameter(v, sqlType)).join(", ")})`;
    return [domain.includes(null) ? `(${known} OR ${name} IS NULL)` : `(${known})`];
  }
}

const isScaled = (value: unknown): value is Scaled =>
  typeof value === "object" && value !== null && "digits" in value;

const isRun = (values: readonly string[]): boolean =>
  values.length > 0 && values.every((v, i) => BigInt(v) === BigInt(values[0] as string) + BigInt(i));

/** Missing stays missing, which `greatest` and `least`, cheaper by a third, pass over. */
const clampedTo = (name: string, low: string, high: string, nullable: boolean): string =>
  nullable
    ? `CASE WHEN ${name} < ${low} THEN ${low} WHEN ${name} > ${high} THEN ${high} ELSE ${name} END`
    : `greatest(${low}, least(${high}, ${name}))`;

/** Whole steps of a value, clamped; missing stays missing. */
function stepsOf({ type, digits, low, high, nullable }: Scaled, name: string): string {
  if (type === "integer") return `CAST(${clampedTo(name, String(low), String(high), nullable)} AS BIGINT)`;
  const end = (steps: bigint): string => `CAST('${steps}e${-digits}' AS DOUBLE)`;
  const value = `CAST(${name} AS DOUBLE)`;
  // The ends are whole steps to within 2^-12 of one, so rounding brings a clamped value to them and not beyond.
  const clamped = clampedTo(value, end(low), end(high), nullable);
  // The cast rounds to the nearest whole number itself, halves to even ones.
  return `CAST(${clamped} * CAST('1e${digits}' AS DOUBLE) AS BIGINT)`;
}

function unitMeasure({ kind, value }: UnitMeasure, i: number, perUnit: bigint): string {
  switch (kind) {
    case "rows":
      return `least(count(*), ${perUnit})`;
    case "present":
      return `least(count(e${i}), ${perUnit})`;
    case "min":
    case "max":
      return `${kind}(e${i})`;
    case "sum": {
      // Within 2^62 for as many rows as a unit may have; what is made of it is clamped before it is added up.
      const { type, digits } = value as Scaled;
      const sum = stepSum(value as Scaled, `v${i}`, perUnit);
      return type === "integer"
        ? `TRY_CAST(${sum} AS BIGINT)`
        : `CAST(${sum} AS DOUBLE) / CAST('1e${digits}' AS DOUBLE)`;
    }
    case "mean":
      return `CAST(${stepSum(value as Scaled, `v${i}`, perUnit)} AS DOUBLE) / count(v${i}) / CAST('1e${(value as Scaled).digits}' AS DOUBLE)`;
  }
}

/** Up to here doubles are whole numbers without a gap, and adding them in any order is exact. */
const EXACT_DOUBLE = 1n << 53n;

/** Of a unit's steps: doubles where they are as exact as 128 bits, being cheaper. */
function stepSum({ low, high }: Scaled, name: string, perUnit: bigint): string {
  const most = perUnit * (-low > high ? -low : high);
  return most <= EXACT_DOUBLE ? `sum(CAST(${name} AS DOUBLE))` : `sum(${name})`;
}

function aggregate(exact: Exact, at: number): string {
  switch (exact.kind) {
    case "rows":
      return "count(*)";
    case "units":
      return "count(DISTINCT u)";
    case "present":
      return `count(e${at})`;
    case "sum":
      return `coalesce(sum(v${at}), 0)`;
    case "squares":
      return `coalesce(sum((v${at} - ${exact.centre}) * (v${at} - ${exact.centre})), 0)`;
  }
}

const grouped = (plan: Plan, more: readonly string[] = []): string => {
  const keys = [...plan.groups.map((_, i) => `g${i}`), ...more];
  return keys.length > 0 ? ` GROUP BY ${keys.join(", ")}` : "";
};

/** A part of all groups: those whose values' hash leaves `rest` when divided by `of`. */
export interface Part {
  of: number;
  rest: number;
}

/** A row a group: its values, then the exact aggregates in the plan's order. */
export function emitExacts(plan: Plan, part?: Part): EmittedQuery {
  const emitter = new QueryEmitter();
  const values = plan.exacts.map((exact) => ("value" in exact ? exact.value : undefined));
  const used = values.filter((value) => value !== undefined);
  const rows = emitter.stepped(plan, used);
  const keys = plan.groups.map((_, i) => `g${i}`);
  const list = [
    ...keys.map((key) => `CAST(${key} AS VARCHAR) AS ${key}`),
    ...plan.exacts.map(
      (exact, i) => `${aggregate(exact, values[i] ? used.indexOf(values[i]) : -1)} AS m${i}`,
    ),
  ];
  const inPart = part ? ` WHERE hash(${keys.join(", ")}) % ${part.of} = ${part.rest}` : "";
  const having = plan.hasPrivateGroups ? ` HAVING count(DISTINCT u) >= ${LOOKED_AT_FROM}` : "";
  return {
    sql: `SELECT ${list.join(", ")} FROM (${rows})${inPart}${grouped(plan)}${having}`,
    parameters: emitter.parameters,
  };
}

/** A row a group and leaf that is not empty: the group's values, the leaf's number, how many rows. */
export function emitLeaves(plan: Plan, { value, leaf }: Bisection): EmittedQuery {
  const emitter = new QueryEmitter();
  const rows = emitter.stepped(plan, [value]);
  const keys = plan.groups.map((_, i) => `CAST(g${i} AS VARCHAR) AS g${i}`);
  const list = [...keys, `(v0 - ${value.low}) // ${leaf} AS leaf`, "count(*) AS rows"];
  return {
    sql: `SELECT ${list.join(", ")} FROM (${rows}) WHERE v0 IS NOT NULL${grouped(plan, ["leaf"])}`,
    parameters: emitter.parameters,
  };
}
