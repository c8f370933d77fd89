/**
 * Kaplan–Meier curves and the log-rank test of times that are known by intervals alone: what stands in each interval is
 * taken to stand at its end, events before those whose observation ended without it.
 *
 * So they are the curves and the test of times that were rounded up to the intervals' ends, and no others. Distinct units
 * of joined intervals: units are counted where they are first seen with the event (without it), which is exact where a
 * unit has one row, and else never more than there are.
 * Sources: Kaplan and Meier, JASA 53 (1958); Mantel, Cancer Chemotherapy Reports 50 (1966); Greenwood (1926).
 */
import { cholesky, solve } from "./cholesky.js";
import { decimalOf, type SurvivalFacts, type SurvivalStep } from "./facts.js";
import { ModelFailed } from "./failure.js";
import { type IntervalUnits, joinSteps } from "./joined.js";
import { chiSquareAbove } from "./special.js";

/** Rows that ended in an interval, and distinct units by where they are first or last seen. */
export interface IntervalCount {
  events: number;
  censored: number;
  /** Units of which the first row with the event, and the first without it, is here; and of which the last row is. */
  having: number;
  lacking: number;
  leaving: number;
}

export interface GroupedCurve {
  levels: string[];
  /** One for each time, and one for what ended after the last. */
  intervals: readonly IntervalCount[];
}

class Joined implements IntervalUnits {
  constructor(
    readonly counts = { events: 0, censored: 0 },
    public having = 0,
    public lacking = 0,
  ) {}

  take(other: Joined): void {
    this.counts.events += other.counts.events;
    this.counts.censored += other.counts.censored;
    this.having += other.having;
    this.lacking += other.lacking;
  }
}

const total = (intervals: readonly IntervalCount[], of: (i: IntervalCount) => number, from = 0): number =>
  intervals.slice(from).reduce((sum, interval) => sum + of(interval), 0);

const rowsOf = ({ events, censored }: IntervalCount): number => events + censored;

/** The curve as the facts have it. @param times the ends of the intervals, rising */
export function groupedCurve(
  { levels, intervals }: GroupedCurve,
  times: readonly number[],
  threshold: number,
): SurvivalFacts["curves"][number] {
  const units = (from: number) => total(intervals, (i) => i.leaving, from);
  const rows = (from: number) => total(intervals, rowsOf, from);
  const steps = joinSteps(
    curveSteps(intervals, times),
    threshold,
    () => new Joined(),
    ({ next }) => units(next),
  );
  const last = steps.at(-1)?.next ?? 0;
  return {
    levels,
    rows: rows(0),
    units: units(0),
    with: total(intervals, (i) => i.having),
    without: total(intervals, (i) => i.lacking),
    steps: steps.map(({ time, interval, survival, error }, k): SurvivalStep => {
      const from = k === 0 ? 0 : steps[k - 1]!.next;
      return {
        time: decimalOf(time),
        at_risk: rows(from),
        ...interval.counts,
        units: { at_risk: units(from), events: interval.having, censored: interval.lacking },
        survival: decimalOf(survival),
        std_error: decimalOf(error),
      };
    }),
    after: { rows: rows(last), units: units(last) },
  };
}

function curveSteps(intervals: readonly IntervalCount[], times: readonly number[]) {
  let [risk, survival, sum] = [total(intervals, rowsOf), 1, 0];
  return times.map((time, k) => {
    const { events, censored, having, lacking } = intervals[k]!;
    if (events > 0) {
      survival *= 1 - events / risk;
      sum += risk === events ? 0 : events / (risk * (risk - events));
    }
    risk -= events + censored;
    const interval = new Joined({ events, censored }, having, lacking);
    return { time, interval, survival, error: survival * Math.sqrt(sum), next: k + 1 };
  });
}

export interface LogRank {
  chi_square: number;
  degrees: number;
  p_value: number;
  /** Of each curve: events, and how many there would be if all curves were one. */
  groups: { observed: number; expected: number }[];
}

/** What ended after the last time does not count. @throws ModelFailed where there is nothing to compare */
export function logRank(curves: readonly GroupedCurve[]): LogRank {
  const size = curves.length;
  const risk = curves.map(({ intervals }) => total(intervals, rowsOf));
  const [observed, expected] = [new Float64Array(size), new Float64Array(size)];
  const variance = new Float64Array(size * size);
  const intervals = Math.max(0, (curves[0]?.intervals.length ?? 0) - 1);
  for (let k = 0; k < intervals; k++) {
    const here = curves.map((curve) => curve.intervals[k]!);
    const [n, d] = [risk.reduce((a, b) => a + b, 0), total(here, (i) => i.events)];
    const spread = n > 1 ? (d * (n - d)) / (n - 1) : 0;
    for (let i = 0; i < size; i++) {
      observed[i]! += here[i]!.events;
      if (n > 0) expected[i]! += (d * risk[i]!) / n;
      for (let j = 0; n > 0 && j < size; j++)
        variance[i * size + j]! += spread * (risk[i]! / n) * ((i === j ? 1 : 0) - risk[j]! / n);
    }
    here.forEach((interval, i) => {
      risk[i]! -= rowsOf(interval);
    });
  }
  if (observed.every((o) => o === 0)) throw new ModelFailed("no_events");
  const compared = [...expected.keys()].filter((i) => expected[i]! > 0);
  if (compared.length < 2) throw new ModelFailed("no_parameters");
  const free = compared.slice(1);
  const off = Float64Array.from(free, (i) => observed[i]! - expected[i]!);
  const matrix = Float64Array.from(free.flatMap((i) => free.map((j) => variance[i * size + j]!)));
  const factor = cholesky(matrix, free.length);
  if (factor === undefined) throw new ModelFailed("not_finite");
  const along = solve(factor, free.length, off);
  const chi_square = off.reduce((sum, o, i) => sum + o * along[i]!, 0);
  return {
    chi_square,
    degrees: free.length,
    p_value: chiSquareAbove(chi_square, free.length),
    groups: curves.map((_, i) => ({ observed: observed[i]!, expected: expected[i]! })),
  };
}
