/**
 * What follows about few units from two or three sets that are told: exact, over the units. Pure.
 *
 * A set of few units follows from
 * - two: B in A, and A has few more units than B;
 * - three: B and C in A, sharing no unit, and A has few more than both; the same with the new set among the parts;
 * - three: A and B share few units and the set of both together is told (what they share is A + B − both);
 * - one set and all cells of one other table that lie in it.
 * Two that lie in each other but for few units on both sides are noted as well: one of these units can tell the others.
 * Only what a new set has a part in is said; a set that was told before with the same numbers is not new.
 */
import { commonUnits, pairsOf, type Spread, setsByClass } from "./meet.js";
import type { ToldSet, ToldTable } from "./told.js";

export interface Side {
  table: ToldTable;
  spread: Spread;
}

/** A set of a table. */
export interface Part {
  table: ToldTable;
  set: ToldSet;
}

export interface Follows {
  how: "difference" | "remainder" | "shared" | "near";
  /** The new set first. */
  parts: Part[];
  units: number;
}

/** What is kept of an earlier table after it was compared: how each of its sets meets each new one. */
export interface Compared extends Side {
  common: Float64Array;
}

/** The one pass over the units that each earlier table costs. */
export function compareAll(fresh: Side, earlier: readonly Side[]): Compared[] {
  const inFresh = setsByClass(fresh.spread);
  return earlier.map((side) => ({
    ...side,
    common: commonUnits(fresh.spread, side.spread, pairsOf(fresh.spread.units, side.spread.units), inFresh),
  }));
}

/** By new set: whether an earlier table told of the same units all that it shows. */
export function toldBefore(fresh: Side, compared: readonly Compared[]): boolean[] {
  return fresh.spread.sets.map((a, i) => {
    const known = new Set<string>();
    for (const { spread, common } of compared)
      spread.sets.forEach((b, k) => {
        const both = common[i * spread.sets.length + k];
        if (both === a.units && b.units === a.units) for (const shown of b.shows) known.add(shown);
      });
    return a.shows.every((shown) => known.has(shown));
  });
}

export const isFew = (units: number, threshold: number): boolean => units > 0 && units < threshold;

/** Whether the difference of the shown counts tells that few units are left; sets without shown counts may tell more. */
function isShownFew(larger: ToldSet, parts: readonly ToldSet[], threshold: number): boolean {
  const sets = [larger, ...parts];
  if (sets.some((s) => s.count === undefined) || sets.every((s) => s.count?.low === s.count?.high))
    return true;
  const most = (larger.count?.high ?? 0) - parts.reduce((sum, p) => sum + (p.count?.low ?? 0), 0);
  const least = (larger.count?.low ?? 0) - parts.reduce((sum, p) => sum + (p.count?.high ?? 0), 0);
  return least > 0 && most < threshold;
}

export function followsFromTwo(
  fresh: Side,
  compared: readonly Compared[],
  old: readonly boolean[],
  threshold: number,
): Follows[] {
  const found: Follows[] = [];
  for (const { table, spread, common } of compared)
    fresh.spread.sets.forEach((a, i) => {
      if (old[i]) return;
      spread.sets.forEach((b, k) => {
        const both = common[i * spread.sets.length + k] as number;
        if (both === 0) return;
        const [onlyA, onlyB] = [a.units - both, b.units - both];
        if (onlyA > 0 && onlyB > 0) {
          if (onlyA + onlyB < threshold)
            found.push(follows("near", onlyA + onlyB, fresh, a, { table, set: b }));
          return;
        }
        const [larger, smaller] = onlyA > 0 ? [a, b] : [b, a];
        if (isFew(onlyA + onlyB, threshold) && isShownFew(larger, [smaller], threshold))
          found.push(follows("difference", onlyA + onlyB, fresh, a, { table, set: b }));
      });
    });
  return found;
}

export const follows = (
  how: Follows["how"],
  units: number,
  fresh: Side,
  set: ToldSet,
  ...parts: Part[]
): Follows => ({
  how,
  units,
  parts: [{ table: fresh.table, set }, ...parts],
});

/** What a set leaves over when all full cells of one other table that lie in it are taken away: at least two of them. */
export function followsFromRemainders(
  fresh: Side,
  compared: readonly Compared[],
  old: readonly boolean[],
  threshold: number,
): Follows[] {
  const found: Follows[] = [];
  const isCell = (set: ToldSet) => set.bit === null && set.at.every((level) => level >= 0);
  for (const { table, spread, common } of compared) {
    const width = spread.sets.length;
    const at = (i: number, k: number) => common[i * width + k] as number;
    fresh.spread.sets.forEach((a, i) => {
      if (old[i]) return;
      const inside = spread.sets.filter((b, k) => isCell(b) && b.units > 0 && at(i, k) === b.units);
      const left = a.units - inside.reduce((sum, b) => sum + b.units, 0);
      if (
        table.oneRowAUnit &&
        inside.length > 1 &&
        isFew(left, threshold) &&
        isShownFew(a, inside, threshold)
      )
        found.push(follows("remainder", left, fresh, a, ...inside.map((set) => ({ table, set }))));
    });
    spread.sets.forEach((b, k) => {
      const inside = fresh.spread.sets.filter((a, i) => isCell(a) && a.units > 0 && at(i, k) === a.units);
      const left = b.units - inside.reduce((sum, a) => sum + a.units, 0);
      const isNew = inside.some((a) => !old[fresh.spread.sets.indexOf(a)]);
      if (!isNew || !fresh.table.oneRowAUnit || inside.length < 2) return;
      if (!isFew(left, threshold) || !isShownFew(b, inside, threshold)) return;
      const parts = inside.map((set) => ({ table: fresh.table, set }));
      found.push({ how: "remainder", units: left, parts: [...parts, { table, set: b }] });
    });
  }
  return found;
}
