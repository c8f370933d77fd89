/**
 * Counts rounded to a base, so that no shown number says that a cell is small.
 *
 * Rules: a shown number stands for several counts. If all of them but zero are small, it is shown as 0: so to the base 5
 * and a threshold of 10, counts up to 7 are 0 and others go to the nearest multiple of 5 (8 and 9 to 10, which may as
 * well be 12). Halves go up. By chance, a count between two multiples goes to either so that it is right on average;
 * chance is drawn from a secret of the dataset and what the cell counts, so that asking again, in another order or in
 * another table, gives the same and nothing is averaged out. Every total is rounded for itself, never added up.
 * Sources: round7 and nearest 5, OpenSAFELY's output checking guidance (docs.opensafely.org/outputs/sdc); random
 * rounding to base 3, Hundepool et al. 2012, 5.3.2.
 */
export interface Rounding {
  base: number;
  random: boolean;
}

/** The counts that a shown number may stand for. */
export interface Meaning {
  low: number;
  high: number;
}

/** @param threshold counts below it are small @param chance from 0 to below 1, of this cell; not read otherwise */
export function roundCount(count: number, rounding: Rounding, threshold: number, chance: number): number {
  const shown = rounding.random ? randomly(count, rounding.base, chance) : nearest(count, rounding.base);
  return onlySmall(shown, rounding, threshold) ? 0 : shown;
}

const nearest = (count: number, base: number): number => Math.floor(count / base + 0.5) * base;

function randomly(count: number, base: number, chance: number): number {
  const below = Math.floor(count / base) * base;
  const over = count - below;
  return over > 0 && chance < over / base ? below + base : below;
}

/** Whether everything that it may stand for is small. */
const onlySmall = (shown: number, rounding: Rounding, threshold: number): boolean =>
  reachOf(shown, rounding).high < threshold;

/** Of a number that is shown as it was rounded. */
function reachOf(shown: number, { base, random }: Rounding): Meaning {
  if (random) return { low: Math.max(0, shown - base + 1), high: shown + base - 1 };
  // From half a base below, which goes up, to just under half a base above.
  return { low: Math.max(0, shown - Math.floor(base / 2)), high: shown + Math.ceil(base / 2) - 1 };
}

/** What everybody who knows the rule makes of a shown number. */
export function meaningOf(shown: number, rounding: Rounding, threshold: number): Meaning {
  if (shown > 0) return reachOf(shown, rounding);
  let largest = 0;
  for (let multiple = 0; onlySmall(multiple, rounding, threshold); multiple += rounding.base)
    largest = reachOf(multiple, rounding).high;
  return { low: 0, high: Math.max(largest, reachOf(0, rounding).high) };
}
