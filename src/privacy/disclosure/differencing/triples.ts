/**
 * What follows about few units from three sets, of which one is new and two are earlier, of any tables: exact, over the units.
 * Pure. Candidates are found by their counts; each is then looked at unit by unit.
 */
import { type Compared, type Follows, follows, isFew, type Side } from "./algebra.js";
import { commonUpTo, type Effort, liesIn } from "./meet.js";
import type { ToldSet } from "./told.js";

/** So many units are looked at, in all combinations of three; combinations that are left over are said to be. */
export const MAX_LOOKS = 300_000_000;

/** A set of an earlier table. */
interface Placed {
  side: Compared;
  set: ToldSet;
  /** Its place among the table's sets. */
  at: number;
}

/** All sets of all earlier tables, the small ones first: sorted once, so that each part of them is sorted as well. */
type Sorted = readonly Placed[];

export function followsFromThree(
  fresh: Side,
  compared: readonly Compared[],
  old: readonly boolean[],
  threshold: number,
): { found: Follows[]; skipped: number } {
  const look = new Looking(fresh, threshold);
  const all: Sorted = compared
    .flatMap((side) => side.spread.sets.map((set, at) => ({ side, set, at })))
    .filter(({ set }) => set.units > 0)
    .sort((x, y) => x.set.units - y.set.units);
  fresh.spread.sets.forEach((a, i) => {
    if (old[i] || a.units === 0) return;
    const inside: Placed[] = [];
    const around: Placed[] = [];
    const apart: Placed[] = [];
    const few: { b: Placed; common: number }[] = [];
    for (const b of all) {
      const common = b.side.common[i * b.side.spread.sets.length + b.at] as number;
      if (common === 0) apart.push(b);
      else if (common === b.set.units) {
        if (common < a.units) inside.push(b);
      } else if (common === a.units) around.push(b);
      else if (isFew(common, threshold)) few.push({ b, common });
    }
    look.parts(a, inside);
    look.whole(a, around, apart);
    look.shared(a, around, few);
  });
  return { found: look.found, skipped: look.skipped };
}

class Looking {
  readonly found: Follows[] = [];
  skipped = 0;
  private readonly effort: Effort = { spent: 0 };

  constructor(
    private readonly fresh: Side,
    private readonly threshold: number,
  ) {}

  /** Two within the new one: few left over, or few in both while they make it up. */
  parts(a: ToldSet, inside: Sorted): void {
    const t = this.threshold;
    pairsWithSum(inside, a.units - t + 1, a.units + t - 1, (b, c) => {
      const left = a.units - b.set.units - c.set.units;
      if (left === 0 || !this.may()) return;
      const both = commonUpTo(placeOf(b), placeOf(c), Math.max(0, -left), this.effort);
      if (left > 0 && both === 0) this.say("difference", left, a, b, c);
      if (left < 0 && both === -left) this.say("shared", both, a, b, c);
    });
  }

  /** The new one and another within a third, sharing no unit. */
  whole(a: ToldSet, around: Sorted, apart: Sorted): void {
    for (const b of around) {
      const left = b.set.units - a.units;
      eachBetween(apart, left - this.threshold + 1, left - 1, (c) => {
        if (this.may() && liesIn(placeOf(c), placeOf(b), this.effort))
          this.say("difference", left - c.set.units, a, b, c);
      });
    }
  }

  /** The new one and another share few, and a third is both together. */
  shared(a: ToldSet, around: Sorted, few: readonly { b: Placed; common: number }[]): void {
    for (const { b, common } of few) {
      const together = a.units + b.set.units - common;
      eachBetween(around, together, together, (c) => {
        if (this.may() && liesIn(placeOf(b), placeOf(c), this.effort)) this.say("shared", common, a, b, c);
      });
    }
  }

  /** Whether there is room to look. */
  private may(): boolean {
    if (this.effort.spent <= MAX_LOOKS) return true;
    this.skipped++;
    return false;
  }

  private say(how: Follows["how"], units: number, a: ToldSet, ...parts: Placed[]): void {
    if (isFew(units, this.threshold))
      this.found.push(
        follows(how, units, this.fresh, a, ...parts.map(({ side, set }) => ({ table: side.table, set }))),
      );
  }
}

const placeOf = ({ set, side }: Placed) => [set, side.spread.units] as const;

function firstFrom(sorted: Sorted, units: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Placed).set.units < units) low = middle + 1;
    else high = middle;
  }
  return low;
}

function eachBetween(sorted: Sorted, low: number, high: number, look: (p: Placed) => void): void {
  for (let i = firstFrom(sorted, low); i < sorted.length; i++) {
    const p = sorted[i] as Placed;
    if (p.set.units > high) return;
    look(p);
  }
}

/** Each pair whose units add up to within these bounds, once. */
function pairsWithSum(sorted: Sorted, low: number, high: number, look: (a: Placed, b: Placed) => void): void {
  sorted.forEach((a, i) => {
    const rest = Math.max(i + 1, firstFrom(sorted, low - a.set.units));
    for (let k = rest; k < sorted.length; k++) {
      const b = sorted[k] as Placed;
      if (a.set.units + b.set.units > high) return;
      look(a, b);
    }
  });
}
