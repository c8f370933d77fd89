/**
 * The answer: noise drawn once for every number that can show, then estimates, HAVING, ORDER BY and LIMIT over them.
 *
 * Rules: nothing of a cell goes past `noisyOf` but its noisy numbers and the values of its groups, and those of private
 * groups only above the threshold. Which draws are made depends on the plan, and for private groups on how many
 * there are, which the time of an answer must not tell (the service's affair: it lets others in between steps).
 */
import type { ColumnType } from "../../../vocabulary/index.js";
import { evaluate, keeps, type Row } from "../../expression/evaluate.js";
import { compareValues, formatValue, parseValue, type Value } from "../../expression/values.js";
import type { Noise } from "../noise/index.js";
import { bisect } from "./bisect.js";
import type { Cell } from "./cells.js";
import { type Estimated, estimate, type Interval, type Noisy } from "./estimate.js";
import { QUERY_LIMITS } from "./limits.js";
import type { GroupValue, Plan } from "./model.js";
import { draw, type Law } from "./noise-law.js";
import { outputInterval } from "./output-interval.js";
import type { Pricing } from "./price.js";
import { atOnce, type Steps } from "./steps.js";

export type AnswerValue = number | string | boolean | null;

export interface NoisyAnswer {
  columns: { name: string; type: ColumnType }[];
  rows: AnswerValue[][];
  /** Beside each value its 95 % interval; null for groups and what has none. */
  intervals: ([number, number] | null)[][];
  /** Rows at the end that would have made it larger than an answer may be. It follows from noisy values alone. */
  leftOut: number;
}

/** What one interval may miss. */
export const MISSED = 0.05;

interface NoisyCell {
  key: readonly GroupValue[];
  noisy: Noisy;
}

/** Values drawn in one step. */
const DRAWN_AT_ONCE = 64;

function* drawn(noise: Noise, law: Law, count: number): Steps<bigint[]> {
  const all: bigint[] = [];
  while (all.length < count) {
    all.push(...draw(noise, law, Math.min(DRAWN_AT_ONCE, count - all.length)));
    yield;
  }
  return all;
}

/** The only place that sees exact numbers and noise together. */
function* noisyOf(plan: Plan, pricing: Pricing, cells: readonly Cell[], noise: Noise): Steps<NoisyCell[]> {
  const first = plan.measurements.length;
  const draws: bigint[][] = [];
  for (const i of plan.measurements.keys()) draws.push(yield* drawn(noise, pricing.laws[i]!, cells.length));
  const halvings: bigint[][] = [];
  for (const [i, b] of plan.bisections.entries())
    halvings.push(yield* drawn(noise, pricing.laws[first + i]!, cells.length * b.halvings));
  const { threshold } = pricing;
  const shown: NoisyCell[] = [];
  for (const [c, { key, exacts, leaves }] of cells.entries()) {
    const measured = plan.measurements.map(
      ({ terms }, i) =>
        terms.reduce((sum, { exact, factor }) => sum + factor * exacts[exact]!, 0n) + draws[i]![c]!,
    );
    const bisected = plan.bisections.map((b, i) => {
      const mine = halvings[i]!.slice(c * b.halvings, (c + 1) * b.halvings);
      return bisect(b, pricing.laws[first + i]!, leaves[i]!, mine);
    });
    if (threshold === undefined || measured[plan.threshold!]! >= threshold)
      shown.push({ key, noisy: { measured, bisected } });
    yield;
  }
  return shown;
}

interface Line {
  row: Row;
  estimated: readonly Estimated[];
}

function lineOf(plan: Plan, pricing: Pricing, { key, noisy }: NoisyCell): Line {
  const estimated = plan.estimates.map((of) => estimate(plan, pricing, of, noisy));
  const row: Record<string, Value> = {};
  for (const [i, { type }] of plan.groups.entries()) {
    const value = key[i] ?? null;
    row[`g${i}`] = value === null ? null : (parseValue(type, value) ?? null);
  }
  for (const [i, { value }] of estimated.entries()) row[`a${i}`] = value;
  return { row, estimated };
}

function shown(type: ColumnType, value: Value): AnswerValue {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "bigint" && type === "integer")
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number" && type === "decimal") return value;
  return formatValue(type, value);
}

function ordered(plan: Plan, lines: readonly Line[]): Line[] {
  const keyed = lines.map((line) => ({
    line,
    keys: plan.order.map(({ value }) => evaluate(value, line.row)),
  }));
  keyed.sort((a, b) => {
    for (const [i, { descending, nullsFirst }] of plan.order.entries()) {
      const [x, y] = [a.keys[i] ?? null, b.keys[i] ?? null];
      if (x === null && y === null) continue;
      if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1;
      const order = compareValues(x, y);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return keyed.map(({ line }) => line);
}

const pair = (interval: Interval | undefined): [number, number] | null =>
  interval?.every(Number.isFinite) ? [interval[0], interval[1]] : null;

/**
 * As many rows as an answer may hold. Each is made only while there is room, and no table of noisy rows, however
 * long its texts, makes an answer that cannot be kept: it was charged.
 */
function* fitting(plan: Plan, lines: readonly Line[]): Steps<Omit<NoisyAnswer, "columns">> {
  const { outputs } = plan;
  const most = Math.floor(QUERY_LIMITS.values / outputs.length);
  const answer: Omit<NoisyAnswer, "columns"> = { rows: [], intervals: [], leftOut: 0 };
  let bytes = 0;
  for (const { row, estimated } of lines.slice(0, most)) {
    const values = outputs.map(({ type, value }) => shown(type, evaluate(value, row)));
    const ends = outputs.map(({ value }) => pair(outputInterval(value, row, estimated, MISSED)));
    bytes += Buffer.byteLength(JSON.stringify([values, ends]));
    if (bytes > QUERY_LIMITS.answer_bytes) break;
    answer.rows.push(values);
    answer.intervals.push(ends);
    yield;
  }
  return { ...answer, leftOut: lines.length - answer.rows.length };
}

/** Draws, once: the same cells again are another answer, and cost another charge. */
export function* answerSteps(
  plan: Plan,
  pricing: Pricing,
  cells: readonly Cell[],
  noise: Noise,
): Steps<NoisyAnswer> {
  const lines = (yield* noisyOf(plan, pricing, cells, noise)).map((cell) => lineOf(plan, pricing, cell));
  const { having, limit, offset, outputs } = plan;
  const kept = having ? lines.filter(({ row }) => keeps(having, row)) : lines;
  const asked = ordered(plan, kept).slice(offset, limit === undefined ? undefined : offset + limit);
  return {
    columns: outputs.map(({ name, type }) => ({ name, type })),
    ...(yield* fitting(plan, asked)),
  };
}

export const answerOf = (...given: Parameters<typeof answerSteps>): NoisyAnswer =>
  atOnce(answerSteps(...given));
