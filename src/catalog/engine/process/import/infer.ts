/**
 * What each column is, over all rows. The first rows say what to expect; writing the version confirms it: where more
 * values were lost than were missing, the column surprises, and is looked at again with every type over all rows.
 */
import { type ColumnType, invalidInput } from "../../../../vocabulary/index.js";
import type { ColumnEvidence, DeclaredColumn } from "../../model.js";
import { type Duck, stored } from "../duck.js";
import { couldBeOther, fitsSql, otherWays, type Way } from "./readings.js";
import type { Incoming, Tabular } from "./tabular.js";
import { ruleOf, TYPE_RULES } from "./types.js";

const SAMPLE_ROWS = 4096;

/** Content with the DuckDB that reads it. */
export type Begun = Incoming & { duck: Duck };
export type Source = Tabular & { duck: Duck };

interface Trial {
  way: Way;
  /** First record that does not fit, where one was seen. */
  failedAt?: number;
}

/** A column as it is thought to be. */
export interface Column extends Way {
  name: string;
  /** Its type is the owner's word. */
  declared: boolean;
  /** It comes with this type. */
  native: boolean;
  /** Nothing but missing values has been seen of it. */
  unseen: boolean;
  /** The plain types that were tried. */
  tried: Trial[];
}

export interface TypedColumn {
  name: string;
  type: ColumnType;
  evidence: ColumnEvidence;
}

const PLAIN: Way[] = TYPE_RULES.filter(({ type }) => type !== "text").map(({ type }) => ({ type }));

/** For each way and column: does every value fit, and if not, where first. Nothing for a column without values. */
async function trials(
  source: Begun,
  table: string,
  asked: ReadonlyMap<number, Way[]>,
): Promise<Map<number, Trial[]>> {
  const indexes = [...asked.keys()];
  const sql = indexes.flatMap((i) => [
    `count(${stored(i)})`,
    ...asked
      .get(i)!
      .map((way) => `min(rn) FILTER (${stored(i)} IS NOT NULL AND NOT ${fitsSql(way, stored(i))})`),
  ]);
  const row = await source.duck.row(`SELECT ${sql.join(", ")} FROM ${table}`);
  const found = new Map<number, Trial[]>();
  let at = 0;
  for (const index of indexes) {
    const values = Number(row[at++]);
    const tried = asked.get(index)!.map((way): Trial => {
      const failed = row[at++];
      return { way, failedAt: failed === null || failed === undefined ? undefined : Number(failed) };
    });
    if (values > 0) found.set(index, tried);
  }
  return found;
}

/** The way that held longest, for a column whose declared type never does. */
const furthest = (tried: readonly Trial[]): Way | undefined =>
  tried.reduce<Trial | undefined>(
    (best, trial) => (best && best.failedAt! >= trial.failedAt! ? best : trial),
    undefined,
  )?.way;

const fitting = (tried: readonly Trial[]): Way | undefined =>
  tried.find(({ failedAt }) => failedAt === undefined)?.way;

/** The ways to try for a column: all, or those of its declared type. */
function waysOf(source: Begun, ways: readonly Way[], type: ColumnType | undefined): Way[] {
  const comma = source.file.decimal === ",";
  return ways.filter(
    (way) =>
      (type === undefined || way.type === type) &&
      // `1.234` is no plain decimal where the comma comes before the fraction.
      !(comma && way.reading === undefined && way.type === "decimal") &&
      !(comma && (way.reading === "grouped" || way.reading === "loose") && way.type === "decimal"),
  );
}

/** A type that every text of the column has, where the file's records have shown one. */
function surelyFits(source: Begun, index: number): ColumnType | undefined {
  const { whole, numeric } = source.column(index);
  return whole ? "integer" : numeric ? "decimal" : undefined;
}

/** Wider types than one that fits need not be tried. */
const upTo = (type: ColumnType | undefined, ways: Way[]): Way[] =>
  type === undefined ? ways : ways.filter((way) => order(way.type) <= order(type));

/** Looks at columns in the rows of `table`: plain ways first, the others for those that no plain one fits. */
async function look(source: Begun, table: string, columns: Map<number, Column>): Promise<void> {
  const open = new Map<number, Way[]>();
  for (const [i, column] of columns) {
    column.unseen = true;
    delete column.reading;
    const ways = waysOf(source, PLAIN, column.declared ? column.type : undefined);
    open.set(i, column.declared ? ways : upTo(surelyFits(source, i), ways));
  }
  if (open.size === 0) return;
  const others = new Map<number, Way[]>();
  const first = await trials(source, table, open);
  for (const [i, tried] of first) {
    const column = columns.get(i)!;
    column.unseen = false;
    column.tried = column.declared ? [] : tried;
    const way = fitting(tried);
    column.type = way?.type ?? (column.declared ? column.type : "text");
    if (!way)
      others.set(i, waysOf(source, otherWays(decimalOf(source)), column.declared ? column.type : undefined));
  }
  await dropWords(source, table, others, columns);
  if (others.size === 0) return;
  const second = await trials(source, table, others);
  for (const i of others.keys()) {
    const column = columns.get(i)!;
    const tried = second.get(i) ?? [];
    const way = fitting(tried) ?? (column.declared ? furthest([...first.get(i)!, ...tried]) : undefined);
    if (!column.declared) column.type = way?.type ?? "text";
    if (way?.reading) column.reading = way.reading;
  }
}

/** Takes away the columns that hold a character which no number or date has: one cheap look spares many. */
async function dropWords(
  source: Begun,
  table: string,
  asked: Map<number, Way[]>,
  columns: ReadonlyMap<number, Column>,
): Promise<void> {
  // Of a declared column, the values that are not of its type are to be counted.
  const indexes = [...asked.keys()].filter((i) => !columns.get(i)!.declared);
  if (indexes.length === 0) return;
  const sql = indexes.map((i) => `bool_and(${couldBeOther(stored(i))})`);
  const row = await source.duck.row(`SELECT ${sql.join(", ")} FROM ${table}`);
  indexes.forEach((index, k) => {
    if (row[k] === false) asked.delete(index);
  });
}

/** Where the owner said nothing, semicolons between fields are taken for commas within numbers. */
const decimalOf = ({ file }: Begun): "." | "," => file.decimal ?? (file.delimiter === ";" ? "," : ".");

/** What the first rows make of the columns. */
export async function expectColumns(
  source: Begun,
  declared: ReadonlyMap<string, DeclaredColumn>,
): Promise<Column[]> {
  const columns = source.header.map((name, i): Column => {
    const said = declared.get(name)?.type;
    const native = source.native[i];
    return {
      name,
      type: said ?? native ?? "text",
      declared: said !== undefined,
      native: native !== undefined && (said === undefined || said === native),
      unseen: false,
      tried: [],
    };
  });
  const open = columns
    .map((column, i) => [i, column] as const)
    .filter(([, { type, native, declared }]) => !native && !(declared && type === "text"));
  await look(source, `(SELECT * FROM ${source.partTable(0, new Map())} LIMIT ${SAMPLE_ROWS})`, new Map(open));
  return columns;
}

/**
 * Looks again, over all rows, at the columns that lost values (`nulls` are those of the version). @returns whether any
 * is now something else. @throws invalid_input naming column and line where a declared type does not hold.
 */
export async function reconsider(
  source: Source,
  columns: Column[],
  nulls: readonly number[],
): Promise<boolean> {
  const surprising = new Map<number, Column>();
  for (const [i, column] of columns.entries()) {
    const { missing } = source.column(i);
    const lost = nulls[i]! > missing;
    if (!column.native && (lost || (column.unseen && missing < source.rows))) surprising.set(i, column);
  }
  if (surprising.size === 0) return false;
  const before = new Map([...surprising].map(([i, { type, reading }]) => [i, `${type} ${reading}`]));
  await look(source, source.table(), surprising);
  await assertDeclaredTypes(source, surprising);
  return [...surprising].some(([i, { type, reading }]) => before.get(i) !== `${type} ${reading}`);
}

async function assertDeclaredTypes(source: Source, columns: ReadonlyMap<number, Column>): Promise<void> {
  for (const [i, column] of columns) {
    if (!column.declared) continue;
    const c = stored(i);
    const [count, first] = await source.duck.row(
      `SELECT count(*), min(rn) FROM ${source.table()} WHERE ${c} IS NOT NULL AND NOT ${fitsSql(column, c)}`,
    );
    if (Number(count) === 0) continue;
    const values = Number(count) === 1 ? "1 value is" : `${count} values are`;
    throw invalidInput(
      column.name,
      `${values} not ${ruleOf(column.type).words}, as the column is declared; first on ${source.lines.place(Number(first))}`,
    );
  }
}

const order = (type: ColumnType): number => TYPE_RULES.findIndex((rule) => rule.type === type);

export function evidenceOf(source: Source, column: Column, nulls: number): ColumnEvidence {
  const { name, type, reading, declared } = column;
  const evidence: ColumnEvidence = { name, type, declared, rows: source.rows, nulls };
  if (reading) evidence.reading = reading;
  const not = column.tried
    .filter(({ way, failedAt }) => failedAt !== undefined && (reading || order(way.type) < order(type)))
    .map(({ way, failedAt }) => ({ type: way.type, line: source.lines.line(failedAt!) }));
  if (not.length > 0) evidence.not = not;
  return evidence;
}
