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
import { commonOf, commonUnits, pairsOf, type Spread } from "./meet.js";
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

/** Three sets are looked at together so often at most; what is left over is said to be. */
export const MAX_TRIPLES = 5_000;

/** @param load opens an earlier table; each is opened once here */
export function compareAll(fresh: Side, earlier: readonly Side[]): Compared[] {
  return earlier.map((side) => ({
    ...side,
    common: commonUnits(fresh.spread, side.spread, pairsOf(fresh.spread.units, side.spread.units)),
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

const isFew = (units: number, threshold: number): boolean => units > 0 && units < threshold;

/** Whether the difference of the shown counts tells that few units are left; sets without shown counts may tell more. */
function isShownFew(larger: ToldSet, parts: readonly ToldSet[], threshold: number): boolean {
  const sets = [larger, ...parts];
  if (sets.some((s) => s.count === undefined || s.count.low === s.count.high)) return true;
  const most = (larger.count?.high ?? 0) - parts.reduce((sum, p) => sum + (p.count?.low ?? 0), 0);
  return most < threshold;
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

const follows = (
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

interface Placed {
  side: Compared;
  set: ToldSet;
  /** Units in common with the new set. */
  common: number;
}

/** Three sets, of which one is new and two are earlier, of any tables. */
export function followsFromThree(
  fresh: Side,
  compared: readonly Compared[],
  old: readonly boolean[],
  threshold: number,
): { found: Follows[]; skipped: number } {
  const look = new Looking(fresh, threshold);
  fresh.spread.sets.forEach((a, i) => {
    if (old[i] || a.units === 0) return;
    const placed = compared.flatMap((side) =>
      side.spread.sets.map((set, k) => ({
        side,
        set,
        common: side.common[i * side.spread.sets.length + k] as number,
      })),
    );
    const inside = placed.filter((p) => p.common === p.set.units && p.set.units > 0 && p.set.units < a.units);
    const around = placed.filter((p) => p.common === a.units && p.set.units > a.units);
    look.parts(a, inside);
    look.whole(a, around, placed);
    look.shared(a, around, placed);
  });
  return { found: look.found, skipped: look.skipped };
}

class Looking {
  readonly found: Follows[] = [];
  skipped = 0;
  private looked = 0;

  constructor(
    private readonly fresh: Side,
    private readonly threshold: number,
  ) {}

  /** Two within the new one: few left over, or few in both while they make it up. */
  parts(a: ToldSet, inside: readonly Placed[]): void {
    const t = this.threshold;
    pairsWithSum(inside, a.units - t + 1, a.units + t - 1, (b, c) => {
      const left = a.units - b.set.units - c.set.units;
      if (left === 0) return;
      const both = this.common(b, c);
      if (both === undefined) return;
      if (left > 0 && both === 0) this.say("difference", left, a, b, c);
      if (left < 0 && both === -left) this.say("shared", both, a, b, c);
    });
  }

  /** The new one and another within a third, sharing no unit. */
  whole(a: ToldSet, around: readonly Placed[], placed: readonly Placed[]): void {
    const apart = bySize(placed.filter((p) => p.common === 0 && p.set.units > 0));
    for (const b of around) {
      const left = b.set.units - a.units;
      eachBetween(apart, left - this.threshold + 1, left - 1, (c) => {
        if (this.common(b, c) === c.set.units) this.say("difference", left - c.set.units, a, b, c);
      });
    }
  }

  /** The new one and another share few, and a third is both together. */
  shared(a: ToldSet, around: readonly Placed[], placed: readonly Placed[]): void {
    const whole = bySize(around);
    for (const b of placed) {
      if (!isFew(b.common, this.threshold) || b.common === b.set.units) continue;
      const together = a.units + b.set.units - b.common;
      eachBetween(whole, together, together, (c) => {
        if (this.common(b, c) === b.set.units) this.say("shared", b.common, a, b, c);
      });
    }
  }

  private common(b: Placed, c: Placed): number | undefined {
    if (b.side === c.side && b.set === c.set) return undefined;
    if (++this.looked > MAX_TRIPLES) {
      this.skipped++;
      return undefined;
    }
    return commonOf(b.set, b.side.spread.units, c.set, c.side.spread.units);
  }

  private say(how: Follows["how"], units: number, a: ToldSet, ...parts: Placed[]): void {
    if (isFew(units, this.threshold))
      this.found.push(
        follows(how, units, this.fresh, a, ...parts.map(({ side, set }) => ({ table: side.table, set }))),
      );
  }
}

const bySize = (list: readonly Placed[]): Placed[] => [...list].sort((x, y) => x.set.units - y.set.units);

function firstFrom(sorted: readonly Placed[], units: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Placed).set.units < units) low = middle + 1;
    else high = middle;
  }
  return low;
}

function eachBetween(sorted: readonly Placed[], low: number, high: number, look: (p: Placed) => void): void {
  for (let i = firstFrom(sorted, low); i < sorted.length; i++) {
    const p = sorted[i] as Placed;
    if (p.set.units > high) return;
    look(p);
  }
}

/** Each pair whose units add up to within these bounds, once. */
function pairsWithSum(
  list: readonly Placed[],
  low: number,
  high: number,
  look: (a: Placed, b: Placed) => void,
): void {
  const sorted = bySize(list);
  sorted.forEach((a, i) => {
    const rest = Math.max(i + 1, firstFrom(sorted, low - a.set.units));
    for (let k = rest; k < sorted.length; k++) {
      const b = sorted[k] as Placed;
      if (a.set.units + b.set.units > high) return;
      look(a, b);
    }
  });
}
