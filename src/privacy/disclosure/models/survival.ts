/**
 * Kaplan–Meier curves (JASA 53, 1958) with Greenwood's standard error, by groups, shown at round times.
 *
 * A curve that steps at each event shows each event's time, which is one unit's value. So a curve is shown at times that
 * do not come from the data (those that the claim names, or round ones), and intervals between them are joined until each
 * stands on enough units (joined.ts). The value at a shown time is the whole curve's, not one of the joined intervals.
 */
import { unreserved } from "../recompute/plan.js";
import type { SurvivalData } from "./data.js";
import { decimalOf, type SurvivalFacts, type SurvivalStep } from "./facts.js";
import { ModelFailed } from "./failure.js";
import type { Fitted } from "./fit.js";
import { type IntervalUnits, joinSteps } from "./joined.js";
import { MODEL_LIMITS, type SurvivalPlan } from "./plan.js";

/** Round steps so that at most so many times show. */
const TIMES = 100;

export function roundTimes(until: number): number[] {
  if (!(until > 0)) return [0];
  const power = 10 ** Math.floor(Math.log10(until / TIMES));
  const step = [1, 2, 5, 10, 20].map((n) => n * power).find((s) => until / s <= TIMES)!;
  // Whole multiples written as decimals, so that 3 × 0.1 is 0.3.
  return Array.from({ length: Math.ceil(until / step - 1e-9) }, (_, i) =>
    Number(((i + 1) * step).toPrecision(12)),
  );
}

/** The rows of one group, by time. */
interface Curve {
  levels: string[];
  rows: number[];
}

export function fitSurvival(plan: SurvivalPlan, data: SurvivalData): Fitted<SurvivalFacts> {
  const begun = {
    format: 1 as const,
    stated_by: "node" as const,
    kind: "survival" as const,
    by: plan.dimensions.map(({ name }) => name),
    rows: data.rows,
    units: data.units,
    threshold: plan.threshold,
  };
  try {
    requireTimes(data);
    const longest = data.time.reduce((most, t) => Math.max(most, t), 0);
    const times = plan.times ?? roundTimes(plan.until ?? longest);
    const curves = groupsOf(plan, data);
    if (curves.length * times.length > MODEL_LIMITS.points) throw new ModelFailed("too_many_levels");
    return {
      ...begun,
      curves: curves.map((curve) => shown(curve, data, times, plan.threshold)),
      times: times.length,
    };
  } catch (error) {
    if (!(error instanceof ModelFailed)) throw error;
    return { ...begun, failure: error.failure, curves: [], times: 0 };
  }
}

function requireTimes({ rows, time, event }: SurvivalData): void {
  if (rows === 0) throw new ModelFailed("no_rows");
  if (time.some((t) => t < 0)) throw new ModelFailed("negative_times");
  if (event.some((e) => e !== 0 && e !== 1)) throw new ModelFailed("response_not_binary");
}

/** Groups that have rows, in the order of their levels; within one, rows in rising order of time. */
function groupsOf(plan: SurvivalPlan, { rows, time, dimensions }: SurvivalData): Curve[] {
  const groups = new Map<number, Curve>();
  const size = dimensions.map(({ levels }) => levels.length);
  for (let i = 0; i < rows; i++) {
    const key = dimensions.reduce((at, { codes }, d) => at * size[d]! + codes[i]!, 0);
    let curve = groups.get(key);
    if (curve === undefined) {
      if (groups.size >= MODEL_LIMITS.groups) throw new ModelFailed("too_many_levels");
      const levels = dimensions.map((d, k) => labelOf(plan, k, d.levels[d.codes[i]!]!));
      curve = { levels, rows: [] };
      groups.set(key, curve);
    }
    curve.rows.push(i);
  }
  for (const curve of groups.values()) curve.rows.sort((a, b) => time[a]! - time[b]!);
  return [...groups].sort(([a], [b]) => a - b).map(([, curve]) => curve);
}

const labelOf = (plan: SurvivalPlan, dimension: number, key: string | null): string =>
  plan.dimensions[dimension]!.levels.find((level) => level.key === key)?.label ??
  unreserved({ key, label: String(key) }).label;

/** Rows of an interval that is open, with the distinct units among them. */
class Interval implements IntervalUnits {
  events = 0;
  censored = 0;
  readonly withEvent = new Set<number>();
  readonly without = new Set<number>();

  add(unit: number, event: boolean): void {
    if (event) this.events++;
    else this.censored++;
    (event ? this.withEvent : this.without).add(unit);
  }

  take(other: Interval): void {
    this.events += other.events;
    this.censored += other.censored;
    for (const unit of other.withEvent) this.withEvent.add(unit);
    for (const unit of other.without) this.without.add(unit);
  }

  get having(): number {
    return this.withEvent.size;
  }

  get lacking(): number {
    return this.without.size;
  }
}

interface Step {
  time: number;
  interval: Interval;
  survival: number;
  error: number;
  /** Place of the first row after it. */
  next: number;
}

function shown(curve: Curve, data: SurvivalData, times: readonly number[], threshold: number) {
  const units = (from: number) => new Set(curve.rows.slice(from).map((i) => data.unit[i]!)).size;
  const steps = joinSteps(
    stepsOf(curve, data, times),
    threshold,
    () => new Interval(),
    ({ next }) => units(next),
  );
  const last = steps.at(-1)?.next ?? 0;
  const whole = new Interval();
  for (const i of curve.rows) whole.add(data.unit[i]!, data.event[i] === 1);
  return {
    levels: curve.levels,
    rows: curve.rows.length,
    units: units(0),
    with: whole.withEvent.size,
    without: whole.without.size,
    steps: steps.map(({ time, interval, survival, error }, k): SurvivalStep => {
      const from = k === 0 ? 0 : steps[k - 1]!.next;
      return {
        time: decimalOf(time),
        at_risk: curve.rows.length - from,
        events: interval.events,
        censored: interval.censored,
        units: { at_risk: units(from), events: interval.withEvent.size, censored: interval.without.size },
        survival: decimalOf(survival),
        std_error: decimalOf(error),
      };
    }),
    after: { rows: curve.rows.length - last, units: units(last) },
  };
}

/** The whole curve, looked at at each of the times. */
function stepsOf({ rows }: Curve, { time, event, unit }: SurvivalData, times: readonly number[]): Step[] {
  let [at, survival, sum] = [0, 1, 0];
  return times.map((end) => {
    const interval = new Interval();
    while (at < rows.length && time[rows[at]!]! <= end) {
      const now = time[rows[at]!]!;
      const risk = rows.length - at;
      let events = 0;
      for (; at < rows.length && time[rows[at]!] === now; at++) {
        const i = rows[at]!;
        interval.add(unit[i]!, event[i] === 1);
        if (event[i] === 1) events++;
      }
      survival *= 1 - events / risk;
      if (events > 0) sum += risk === events ? 0 : events / (risk * (risk - events));
    }
    return { time: end, interval, survival, error: survival * Math.sqrt(sum), next: at };
  });
}
