/**
 * Intervals of a survival curve, joined until all that can be read off neighbouring ones stands on enough units: each has
 * at least `threshold` units with the event, and none or at least as many whose observation ended without it; and so
 * many, or none, stay at risk after the last.
 */

/** What is known of the units of an interval. */
export interface IntervalUnits {
  /** Distinct units with the event, and without. */
  readonly having: number;
  readonly lacking: number;
  /** Takes those of the interval after it. */
  take(other: this): void;
}

const noneOrEnough = (units: number, threshold: number): boolean => units === 0 || units >= threshold;

/** @param none an interval of nothing @param after distinct units that are at risk after a step */
export function joinSteps<Units extends IntervalUnits, Step extends { interval: Units }>(
  steps: readonly Step[],
  threshold: number,
  none: () => Units,
  after: (step: Step) => number,
): Step[] {
  const kept: Step[] = [];
  let open = none();
  for (const step of steps) {
    open.take(step.interval);
    if (open.having < threshold || !noneOrEnough(open.lacking, threshold)) continue;
    kept.push({ ...step, interval: open });
    open = none();
  }
  // Those after the last step can be told from it: few of them, and it is left out.
  while (kept.length > 0 && !noneOrEnough(after(kept.at(-1)!), threshold)) kept.pop();
  return kept;
}
