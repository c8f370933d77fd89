/**
 * What follows about few units from three sets, of which one is new and two are earlier, of any tables: exact, over the units.
 * Pure. Candidates are found by their counts; each is then looked at unit by unit.
 */
import { type Compared, type Follows, follows, isFew, type Side } from "./algebra.js";
import { commonUpTo, type Effort, liesIn } from "./meet.js";
import type { ToldSet } from "./told.js";

/** So many units are looked at, in all combinations of three; combinations that are left over are said to be. */
export const MAX_LOOKS = 300_000_000;

interface Placed {
  side: Compared;
  set: ToldSet;
  /** Units in common with the new set. */
  common: number;
}

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
  private readonly effort: Effort = { spent: 0 };

  constructor(
    private readonly fresh: Side,
    private readonly threshold: number,
  ) {}

  /** Two within the new one: few left over, or few in both while they make it up. */
  parts(a: ToldSet, inside: readonly Placed[]): void {
    const t = this.threshold;
    pairsWithSum(inside, a.units - t + 1, a.units + t - 1, (b, c) => {
      const left = a.units - b.set.units - c.set.units;
      if (left === 0 || !this.may(b, c)) return;
      const both = commonUpTo(placeOf(b), placeOf(c), Math.max(0, -left), this.effort);
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
        if (this.may(b, c) && liesIn(placeOf(c), placeOf(b), this.effort))
          this.say("difference", left - c.set.units, a, b, c);
      });
    }
  }

  /** The new one and another share few, and a third is both together. */
  shared(a: ToldSet, around: readonly Placed[], placed: readonly Placed[]): void {
    const whole = bySize(around);
    for (const b of placed) {
      const isPart = b.common === b.set.units || b.common === a.units;
      if (isPart || !isFew(b.common, this.threshold)) continue;
      const together = a.units + b.set.units - b.common;
      eachBetween(whole, together, together, (c) => {
        if (this.may(b, c) && liesIn(placeOf(b), placeOf(c), this.effort))
          this.say("shared", b.common, a, b, c);
      });
    }
  }

  /** Whether these two are two, and there is room to look. */
  private may(b: Placed, c: Placed): boolean {
    if (b.side === c.side && b.set === c.set) return false;
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
