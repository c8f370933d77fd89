/**
 * Runs of a record's values: a window of a text that holds at least four informative values of one record.
 *
 * A window's values are met in column c by a share q_c of all rows. Were columns independent, a given record would
 * match in the columns S by chance with probability Π q_c; over all records and all choices of as many columns the
 * expected number of such records is rows × C(columns, |S|) × Π q_c = 2^−strength. So a window full of common
 * numbers matches much and means nothing, and a few rare values mean much. One value counts once, in the column
 * where it says most: a single 0 that six columns of a record share is one value and not six. Over all windows the number of strong
 * ones is then compared with what chance would give. Pure.
 */
import { lnChoose, poissonTail, SURPRISE, verdictOf } from "./chance.js";
import type { Postings } from "./postings.js";

export const LEAST_VALUES = 4;
/** Strengths in bits at which the number of windows is compared with chance; the first is the least that counts. */
const STRENGTHS = [8, 12, 16, 20, 26, 32] as const;
/** Rows looked at for one window, and for all windows of a scan. */
const ROWS_PER_WINDOW = 40_000;
const ROWS_IN_ALL = 60_000_000;

/** The lists of rows that a window's tokens have in one column. */
interface Matched {
  lists: { token: number; rows: Int32Array }[];
  bits: number;
}

export interface RecordEvidence {
  /** Distinct records met. */
  count: number;
  chance: number;
  verdict: "fail" | "review" | undefined;
}

/** By token, in how many columns it is held: nearly all of a text's are in none. */
function heldTokens(postings: Postings): Uint16Array {
  let last = -1;
  for (const { rows } of postings.columns) for (const token of rows.keys()) last = Math.max(last, token);
  const held = new Uint16Array(last + 1);
  for (const { rows } of postings.columns) for (const token of rows.keys()) held[token]! += 1;
  return held;
}

function matchedColumns(tokens: ReadonlySet<number>, postings: Postings): Matched[] {
  const found: Matched[] = [];
  for (const { rows } of postings.columns) {
    const lists: Matched["lists"] = [];
    let covered = 0;
    for (const token of tokens) {
      const list = rows.get(token);
      if (!list) continue;
      lists.push({ token, rows: list });
      covered += list.length;
    }
    if (covered > 0) found.push({ lists, bits: -Math.log2(covered / postings.rowCount) });
  }
  return found.filter(({ bits }) => bits > 0).sort((a, b) => b.bits - a.bits);
}

function holds(list: Int32Array, row: number): boolean {
  let low = 0;
  let high = list.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const value = list[middle]!;
    if (value === row) return true;
    if (value < row) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

export class RecordFinder {
  private looked = 0;
  /** Windows that were not looked into for want of time. */
  skipped = 0;
  private readonly strong: { strength: number; row: number }[] = [];

  private readonly held: Uint16Array;

  constructor(private readonly postings: Postings) {
    this.held = heldTokens(postings);
  }

  /** @param window its tokens */
  look(window: readonly number[]): void {
    // A record is met by so many values at least, and by as many different ones.
    let values = 0;
    for (const token of window) if ((this.held[token] ?? 0) > 0) values++;
    if (values < LEAST_VALUES) return;
    const tokens = new Set<number>();
    for (const token of window) if ((this.held[token] ?? 0) > 0) tokens.add(token);
    if (tokens.size < LEAST_VALUES) return;
    const matched = matchedColumns(tokens, this.postings);
    const most = matched.reduce((sum, { bits }) => sum + bits, 0);
    if (matched.length < LEAST_VALUES || most - Math.log2(this.postings.rowCount) < STRENGTHS[0]) return;
    if (this.looked > ROWS_IN_ALL) {
      this.skipped++;
      return;
    }
    for (const row of this.candidates(matched)) {
      const strength = this.strength(matched, row);
      if (strength >= STRENGTHS[0]) this.strong.push({ strength, row });
    }
  }

  /** Rows that hold one of the rarest values: those of a record that is given away. */
  private candidates(matched: Matched[]): Set<number> {
    const rows = new Set<number>();
    // A record with four values of these has one among all but three of the columns.
    for (const { lists } of matched.slice(0, matched.length - LEAST_VALUES + 1)) {
      for (const list of lists) {
        if (rows.size + list.rows.length > ROWS_PER_WINDOW) return rows;
        for (const row of list.rows) rows.add(row);
        this.looked += list.rows.length;
      }
    }
    return rows;
  }

  private strength(matched: Matched[], row: number): number {
    // Columns come with the most telling first, so a value is counted there.
    const counted = new Set<number>();
    let bits = 0;
    for (const column of matched) {
      const list = column.lists.find(({ token, rows }) => !counted.has(token) && holds(rows, row));
      if (!list) continue;
      counted.add(list.token);
      bits += column.bits;
    }
    const values = counted.size;
    if (values < LEAST_VALUES) return 0;
    return bits - Math.log2(this.postings.rowCount) - lnChoose(matched.length, values) / Math.LN2;
  }

  /** @param windows of so many, also those that could hold no record's values */
  evidence(windows: number): RecordEvidence {
    let best: RecordEvidence = { count: 0, chance: 0, verdict: undefined };
    let least = 1;
    for (const limit of STRENGTHS) {
      const records = new Set(this.strong.filter(({ strength }) => strength >= limit).map(({ row }) => row))
        .size;
      const chance = windows * 2 ** -limit;
      const probability = poissonTail(records, chance);
      if (records === 0 || probability >= least) continue;
      least = probability;
      const verdict = verdictOf(probability, SURPRISE);
      best = { count: records, chance, verdict: verdict === "pass" ? undefined : verdict };
    }
    return best;
  }
}
