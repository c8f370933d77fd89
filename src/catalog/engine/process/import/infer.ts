/**
 * What type each column has, over all rows. The first rows say what to expect; one pass over everything confirms
 * it; a column that surprises is looked at again with every type.
 */
import { type ColumnType, invalidInput } from "../../../../vocabulary/index.js";
import type { ColumnEvidence, DeclaredColumn } from "../../model.js";
import { type Duck, stored } from "../duck.js";
import type { Lines } from "./lines.js";
import { ruleOf, TYPE_RULES, type TypeRule } from "./types.js";

const SAMPLE_ROWS = 8192;

export interface Source {
  duck: Duck;
  /** SQL of all records as text: `rn`, `c0` … */
  table: string;
  header: string[];
  rows: number;
  lines: Lines;
}

export interface TypedColumn {
  name: string;
  type: ColumnType;
  evidence: ColumnEvidence;
}

interface Trial {
  rule: TypeRule;
  /** First record that does not fit, where one was seen. */
  failedAt?: number;
}

/** For each rule: does every value of the column at `index` fit, and if not, where first. */
async function trials(source: Source, table: string, indexes: number[]): Promise<Map<number, Trial[]>> {
  const rules = TYPE_RULES.filter((rule) => rule.type !== "text");
  const tests = indexes.flatMap((i) =>
    rules.map((r) => `min(rn) FILTER (${stored(i)} IS NOT NULL AND NOT ${r.fits(stored(i))})`),
  );
  const found = new Map<number, Trial[]>();
  const counts = indexes.map((i) => `count(${stored(i)})`);
  const row = await source.duck.row(`SELECT ${[...counts, ...tests].join(", ")} FROM ${table}`);
  for (const [k, index] of indexes.entries()) {
    const results = rules.map((rule, r): Trial => {
      const at = row[indexes.length + k * rules.length + r];
      return { rule, failedAt: at === null || at === undefined ? undefined : Number(at) };
    });
    found.set(index, Number(row[k]) === 0 ? [] : results);
  }
  return found;
}

/** The narrowest type that fits; text where none does or there is no value at all. */
function narrowest(tried: Trial[]): ColumnType {
  return tried.find((trial) => trial.failedAt === undefined)?.rule.type ?? "text";
}

/** Counts of values, and of those that fit the type, for every column at once. */
async function confirm(source: Source, types: ColumnType[]): Promise<{ values: number; fitting: number }[]> {
  const sql = types.flatMap((type, i) => [
    `count(${stored(i)})`,
    `count(*) FILTER (${stored(i)} IS NOT NULL AND ${ruleOf(type).fits(stored(i))})`,
  ]);
  const row = await source.duck.row(`SELECT ${sql.join(", ")} FROM ${source.table}`);
  return types.map((_, i) => ({ values: Number(row[2 * i]), fitting: Number(row[2 * i + 1]) }));
}

async function refuse(source: Source, index: number, type: ColumnType, count: number): Promise<never> {
  const c = stored(index);
  const rule = ruleOf(type);
  const [first] = await source.duck.row(
    `SELECT min(rn) FROM ${source.table} WHERE ${c} IS NOT NULL AND NOT ${rule.fits(c)}`,
  );
  const place = source.lines.place(Number(first));
  const values = count === 1 ? "1 value is" : `${count} values are`;
  throw invalidInput(
    source.header[index]!,
    `${values} not ${rule.words}, as the column is declared; first on ${place}`,
  );
}

function evidenceOf(
  source: Source,
  index: number,
  type: ColumnType,
  values: number,
  tried: Trial[] | undefined,
) {
  const evidence: ColumnEvidence = {
    name: source.header[index]!,
    type,
    declared: tried === undefined,
    rows: source.rows,
    nulls: source.rows - values,
  };
  const not = (tried ?? [])
    .filter((trial) => trial.failedAt !== undefined && before(trial.rule.type, type))
    .map((trial) => ({ type: trial.rule.type, line: source.lines.line(trial.failedAt!) }));
  if (not.length > 0) evidence.not = not;
  return evidence;
}

const order = (type: ColumnType): number => TYPE_RULES.findIndex((rule) => rule.type === type);
const before = (a: ColumnType, b: ColumnType): boolean => order(a) < order(b);

/** @throws invalid_input naming column and line where a declared type does not hold. */
export async function inferTypes(
  source: Source,
  declared: Map<string, DeclaredColumn>,
): Promise<TypedColumn[]> {
  const open = source.header.map((name, i) => (declared.get(name)?.type ? -1 : i)).filter((i) => i >= 0);
  const sample = `(SELECT * FROM ${source.table} LIMIT ${SAMPLE_ROWS})`;
  const tried = open.length > 0 ? await trials(source, sample, open) : new Map<number, Trial[]>();
  const types = source.header.map((name, i) => declared.get(name)?.type ?? narrowest(tried.get(i) ?? []));
  let counts = await confirm(source, types);
  // A column whose first rows were all empty has not been tried yet.
  const surprising = (i: number): boolean =>
    counts[i]!.fitting < counts[i]!.values || tried.get(i)?.length === 0;
  const again = open.filter((i) => counts[i]!.values > 0 && surprising(i));
  if (again.length > 0) {
    for (const [i, trial] of await trials(source, source.table, again)) {
      tried.set(i, trial);
      types[i] = narrowest(trial);
    }
    counts = await confirm(source, types);
  }
  for (const [i, { values, fitting }] of counts.entries()) {
    if (fitting < values) await refuse(source, i, types[i]!, values - fitting);
  }
  return types.map((type, i) => ({
    name: source.header[i]!,
    type,
    evidence: evidenceOf(source, i, type, counts[i]!.values, tried.get(i)),
  }));
}
