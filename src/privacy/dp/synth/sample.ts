/**
 * Records from a tree of pairs. Post-processing: what it draws is no noise, and any generator will do.
 *
 * Counts are rounded rather than drawn: of n records with a parent's value, each child's value gets n times its share,
 * down or up by chance, so that sampling adds little to the error that noise made.
 */
import { formatValue } from "../../expression/values.js";
import type { Counts, TreeModel } from "./fit.js";
import type { SynthColumn } from "./model.js";

/** Uniform in [0, 1). */
export type Uniform = () => number;

/** So many of each, n in all: expected counts, the fractions by one random offset. */
export function roundedCounts(shares: Counts, n: number, uniform: Uniform): number[] {
  const total = shares.reduce((a, b) => a + b, 0);
  if (total <= 0)
    return shares.length === 0 ? [] : [n, ...Array.from({ length: shares.length - 1 }, () => 0)];
  const offset = uniform();
  let sum = 0;
  let before = 0;
  const counts = Array.from(shares, (share) => {
    sum += (share / total) * n;
    const upTo = Math.min(n, Math.floor(sum + offset));
    const count = upTo - before;
    before = upTo;
    return count;
  });
  // what the last digits of the sum left
  counts[largest(shares)]! += n - before;
  return counts;
}

const largest = (shares: Counts): number =>
  shares.reduce((best, share, i) => (share > shares[best]! ? i : best), 0);

function shuffle<T>(list: T[], uniform: Uniform): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const k = Math.floor(uniform() * (i + 1));
    [list[i], list[k]] = [list[k]!, list[i]!];
  }
  return list;
}

function spread(counts: readonly number[]): number[] {
  const list = new Array<number>(counts.reduce((a, b) => a + b, 0));
  let at = 0;
  for (const [value, count] of counts.entries()) {
    list.fill(value, at, at + count);
    at += count;
  }
  return list;
}

/** Cells by number: a list of `rows` a column. */
export function sampleCodes(model: TreeModel, rows: number, uniform: Uniform): number[][] {
  const codes: number[][] = model.columns.map(() => []);
  const isDone = model.columns.map(() => false);
  const visit = (column: number): void => {
    isDone[column] = true;
    for (const { pair, shares } of model.edges) {
      const at = pair.indexOf(column);
      const child = pair[at === 0 ? 1 : 0];
      if (at < 0 || isDone[child]) continue;
      codes[child] = childCodes(codes[column]!, shares, model, [column, child], at === 0, uniform);
      visit(child);
    }
  };
  model.columns.forEach((shares, column) => {
    if (isDone[column]) return;
    codes[column] = shuffle(spread(roundedCounts(shares, rows, uniform)), uniform);
    visit(column);
  });
  return codes;
}

function childCodes(
  parents: readonly number[],
  shares: Counts,
  model: TreeModel,
  [parent, child]: readonly [number, number],
  parentIsFirst: boolean,
  uniform: Uniform,
): number[] {
  const [ofParent, ofChild] = [model.columns[parent]!.length, model.columns[child]!.length];
  const result = new Array<number>(parents.length).fill(0);
  const groups: number[][] = Array.from({ length: ofParent }, () => []);
  for (const [record, value] of parents.entries()) groups[value]!.push(record);
  groups.forEach((records, value) => {
    const given = Float64Array.from({ length: ofChild }, (_, k) =>
      parentIsFirst ? shares[value * ofChild + k]! : shares[k * ofParent + value]!,
    );
    const values = shuffle(spread(roundedCounts(given, records.length, uniform)), uniform);
    records.forEach((record, i) => {
      result[record] = values[i]!;
    });
  });
  return result;
}

/** A value of a cell, in its written form: anywhere in its range; empty where there is none. */
export function writtenValue(column: SynthColumn, code: number, uniform: Uniform): string {
  const cell = column.cells[code]!;
  if (cell.kind === "missing") return "";
  if (cell.kind === "value") return cell.value;
  const { low, high, last } = cell;
  if (column.type !== "decimal") {
    const whole = low + Math.floor(uniform() * (high - low));
    return column.type === "date" ? formatValue("date", whole) : String(whole);
  }
  const unit = 10 ** column.decimals;
  // the least and the greatest number of so many digits that is still in the range
  const [from, to] = [Math.ceil(low * unit), last ? Math.floor(high * unit) : Math.ceil(high * unit) - 1];
  if (from > to) return String(low);
  return String((from + Math.floor(uniform() * (to - from + 1))) / unit);
}
