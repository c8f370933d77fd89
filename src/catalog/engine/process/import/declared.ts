/**
 * What the owner declared must hold in every row: bounds, categories, and that none is missing. A value outside is
 * refused, naming the column, the first line and how many there are, never the value.
 */
import { type ColumnType, invalidInput } from "../../../../vocabulary/index.js";
import type { DeclaredColumn } from "../../model.js";
import { type Duck, literal, stored } from "../duck.js";
import type { Lines } from "./lines.js";
import { ruleOf } from "./types.js";

export interface Typed {
  duck: Duck;
  path: string;
  /** SQL of the typed rows: `rn`, `c0` … */
  table: string;
  columns: { name: string; type: ColumnType }[];
  lines: Lines;
  /** How many values of each column are missing. */
  nulls: readonly number[];
}

interface Condition {
  index: number;
  /** SQL, true for a value outside. */
  outside: string;
  words: string;
}

const ORDERED: readonly ColumnType[] = ["integer", "decimal", "date", "timestamp"];
/** Bounds of a whole-number column may be written with a fraction. */
const comparedAs = (type: ColumnType): ColumnType => (type === "integer" ? "decimal" : type);

/** The literals as the column's type; refuses one that does not read as it. */
async function typedLiterals(
  duck: Duck,
  name: string,
  type: ColumnType,
  texts: readonly string[],
): Promise<string[]> {
  const rule = ruleOf(type);
  const values = texts.map((text) => literal(text));
  const tests = values.map((value) => `coalesce(${rule.fits(value)}, false)`);
  const fits = await duck.row(`SELECT ${tests.join(", ")}`);
  const bad = fits.indexOf(false);
  if (bad >= 0) throw invalidInput(name, `entry ${bad + 1} of what is declared is not ${rule.words}`);
  return values.map((value) => `CAST(${rule.value(value)} AS ${rule.sql})`);
}

async function boundsCondition(typed: Typed, index: number, declared: DeclaredColumn): Promise<Condition[]> {
  if (!declared.bounds) return [];
  const { name, type } = typed.columns[index]!;
  if (!ORDERED.includes(type)) throw invalidInput(name, `bounds do not go with type ${type}`);
  const [low, high] = await typedLiterals(typed.duck, name, comparedAs(type), declared.bounds);
  const [ordered] = await typed.duck.row(`SELECT ${low} <= ${high}`);
  if (ordered !== true) throw invalidInput(name, "the lower bound is above the upper");
  const c = stored(index);
  return [{ index, outside: `(${c} < ${low} OR ${c} > ${high})`, words: "outside the declared bounds" }];
}

async function categoriesCondition(
  typed: Typed,
  index: number,
  declared: DeclaredColumn,
): Promise<Condition[]> {
  if (!declared.categories) return [];
  const { name, type } = typed.columns[index]!;
  const values = await typedLiterals(typed.duck, name, type, declared.categories);
  const c = stored(index);
  return [
    { index, outside: `${c} NOT IN (${values.join(", ")})`, words: "not among the declared categories" },
  ];
}

const gapsCondition = ({ nulls }: Typed, index: number, { nullable }: DeclaredColumn): Condition[] =>
  nullable === false && nulls[index] !== 0
    ? [{ index, outside: `${stored(index)} IS NULL`, words: "missing, where none may be as declared" }]
    : [];

/** @throws invalid_input where a value lies outside, or a declaration does not go with its column. */
export async function assertDeclared(
  typed: Typed,
  declared: ReadonlyMap<string, DeclaredColumn>,
): Promise<void> {
  const conditions: Condition[] = [];
  for (const [index, column] of typed.columns.entries()) {
    const entry = declared.get(column.name);
    if (!entry) continue;
    conditions.push(...(await boundsCondition(typed, index, entry)));
    conditions.push(
      ...(await categoriesCondition(typed, index, entry)),
      ...gapsCondition(typed, index, entry),
    );
  }
  if (conditions.length === 0) return;
  const sql = conditions.map(({ outside }) => `count(*) FILTER (${outside}), min(rn) FILTER (${outside})`);
  const row = await typed.duck.row(`SELECT ${sql.join(", ")} FROM ${typed.table}`);
  conditions.forEach(({ index, words }, i) => {
    const count = Number(row[2 * i]);
    if (count === 0) return;
    const place = typed.lines.place(Number(row[2 * i + 1]));
    const values = count === 1 ? "1 value is" : `${count} values are`;
    throw invalidInput(typed.columns[index]!.name, `${values} ${words}; first on ${place}`);
  });
}
