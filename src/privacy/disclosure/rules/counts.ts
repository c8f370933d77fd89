/**
 * Which cells of a hand-written table state counts: the table of names by which columns and rows are told.
 *
 * Rules: a name is judged by its words, in any case; a name that also says rate, mean or share is no count.
 * A row counts too (pandas' `describe` has a row `count`). What is missed here still goes to people, because
 * nothing hand-written passes without them.
 */
import { parseNumber } from "../canonicalisers/numbers.js";
import type { Table } from "../table.js";

/** Whole words of a column's or row's name that make it a count. */
export const COUNT_WORDS: ReadonlySet<string> = new Set(
  (
    "n num number nobs obs observations count counts freq freqs frequency frequencies units cases deaths events " +
    "persons people patients subjects individuals respondents participants households enterprises records"
  ).split(" "),
);

/** Chinese has no word breaks: these count wherever they stand in the name. */
export const COUNT_PARTS_ZH: readonly string[] = [
  "人数",
  "计数",
  "频数",
  "例数",
  "样本量",
  "样本数",
  "户数",
  "家数",
  "单位数",
  "企业数",
  "死亡数",
  "人次",
  "件数",
];

/** Words that make it something else, whatever else the name says. */
export const NOT_COUNT_WORDS: ReadonlySet<string> = new Set(
  "mean avg average rate rates ratio share pct percent percentage proportion prop std sd se var median min max per id".split(
    " ",
  ),
);
export const NOT_COUNT_PARTS_ZH: readonly string[] = ["率", "比例", "占比", "均值", "平均", "编号"];

export function isCountName(name: string): boolean {
  const words = name.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  if (words.some((w) => NOT_COUNT_WORDS.has(w))) return false;
  if (NOT_COUNT_PARTS_ZH.some((part) => name.includes(part))) return false;
  return words.some((w) => COUNT_WORDS.has(w)) || COUNT_PARTS_ZH.some((part) => name.includes(part));
}

export interface CountCell {
  row: number;
  column: number;
  text: string;
}

export interface CountPlaces {
  /** Indexes of columns named as counts. */
  columns: number[];
  /** Indexes of rows named as counts; their first cell is the name. */
  rows: number[];
  /** Indexes of the columns that say what a row is about. */
  labels: number[];
}

/** Left of the first count, and every column with text, are labels; the other columns are values. */
function labelColumns(table: Table, counts: readonly number[]): number[] {
  const first = counts[0] ?? 1;
  const isText = (c: number) => table.rows.some((row) => row[c] !== "" && parseNumber(row[c]!) === undefined);
  return table.header.flatMap((_, c) => (!counts.includes(c) && (c < first || isText(c)) ? [c] : []));
}

export function countPlaces(table: Table): CountPlaces {
  const columns = table.header.flatMap((name, c) => (isCountName(name) ? [c] : []));
  const rows = table.rows.flatMap((row, r) =>
    parseNumber(row[0] ?? "") === undefined && isCountName(row[0] ?? "") ? [r] : [],
  );
  // a row named "n" inside a table whose columns are counts is a label, not a row of counts
  return { columns, rows: columns.length > 0 ? [] : rows, labels: labelColumns(table, columns) };
}

export function countCells(table: Table, places: CountPlaces): CountCell[] {
  const inColumns = table.rows.flatMap((cells, row) =>
    places.columns.map((column) => ({ row, column, text: cells[column] ?? "" })),
  );
  const inRows = places.rows.flatMap((row) =>
    table.rows[row]!.slice(1).map((text, i) => ({ row, column: i + 1, text })),
  );
  return [...inColumns, ...inRows];
}

/** "12 (3.4%)" and "12 [3.4]" state the count 12. */
const WITH_SHARE = /^(\d{1,15}) ?[([][^()[\]]{0,40}[)\]]$/;

/** A stated count as a whole number; "blank" when suppressed; "unclear" when it is no whole number from zero. */
export function statedCount(text: string): bigint | "blank" | "unclear" {
  if (/^(?:|-|–|—|\*|\.|na|n\/a|nan|null|none|suppressed|<\d{1,6})$/i.test(text)) return "blank";
  const shared = WITH_SHARE.exec(text);
  const d = parseNumber(shared ? shared[1]! : text);
  if (d === undefined || d.negative || d.digits.length > d.point) return "unclear";
  return BigInt(d.digits === "" ? "0" : d.digits.padEnd(d.point, "0"));
}
