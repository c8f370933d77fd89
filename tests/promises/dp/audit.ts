/**
 * A black-box audit: an answer is drawn again and again over two neighbouring datasets, an event is chosen on some of
 * the draws, and how often it happens on fresh ones bounds ε from below (Ding et al. 2018; Jagielski, Ullman, Oprea
 * 2020). Exact cells are made once; a draw is noise and post-processing by the code that the service uses.
 */
import {
  answerOf,
  type Cell,
  type DeclaredTable,
  type Noise,
  type NoisyAnswer,
  type Plan,
  type Pricing,
  priceOf,
  termsOf,
} from "../../../src/privacy/index.js";
import { epsilonAtLeast } from "./clopper-pearson.js";
import { openRelation, type UnitRow } from "./relation.js";

/** One answer as numbers, which are all that the auditor looks at. */
export type Sight = (answer: NoisyAnswer) => number[];
export type Draw = (noise: Noise) => number[];

/** Something that claims to be (ε, δ)-DP, over both datasets. */
export interface Claim {
  epsilon: number;
  delta: number;
  draws: readonly [without: Draw, and: Draw];
}

export interface Question {
  tables: readonly DeclaredTable[];
  without: readonly (readonly UnitRow[])[];
  /** The same, and all rows of one unit more. */
  and: readonly (readonly UnitRow[])[];
  sql: string;
  epsilon: string;
  delta?: string;
  sight?: Sight;
}

export interface Asked {
  plan: Plan;
  pricing: Pricing;
  cells: readonly [Cell[], Cell[]];
  claim: Claim;
}

/** The exponent of a double's lowest bit: what tells floating-point noise of different sums apart (Mironov 2012). */
export function grain(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return 0;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const whole = bits.getBigUint64(0);
  const exponent = Number((whole >> 52n) & 0x7ffn) - 1075;
  let mantissa = (whole & ((1n << 52n) - 1n)) | (1n << 52n);
  let places = 0;
  for (; (mantissa & 1n) === 0n; mantissa >>= 1n) places++;
  return exponent + places;
}

/** All values in order with their intervals' widths, and how many rows there are. */
export const everything: Sight = ({ rows, intervals }) => [
  rows.length,
  ...rows.flatMap((row, i) =>
    row.flatMap((value, k) => {
      const interval = intervals[i]?.[k];
      if (!interval) return [];
      const number = Number(value);
      return Number.isInteger(number)
        ? [number]
        : [number, Number((interval[1] - interval[0]).toPrecision(6))];
    }),
  ),
];

export async function asked(question: Question): Promise<Asked> {
  const { tables, without, and, sql, epsilon, delta, sight = everything } = question;
  const [left, right] = await Promise.all([openRelation(tables, without), openRelation(tables, and)]);
  try {
    const plan = await left.plan(sql);
    const pricing = priceOf(plan, termsOf(epsilon, delta));
    const cells = [await left.cells(plan), await right.cells(plan)] as const;
    return { plan, pricing, cells, claim: claimOf(question, plan, pricing, cells, sight) };
  } finally {
    left.close();
    right.close();
  }
}

/** The product's own mechanism, or one that is broken by its parts. */
export const claimOf = (
  { epsilon, delta }: Pick<Question, "epsilon" | "delta">,
  plan: Plan,
  pricing: Pricing,
  cells: readonly [readonly Cell[], readonly Cell[]],
  sight: Sight = everything,
): Claim => ({
  epsilon: Number(epsilon),
  delta: Number(delta ?? 0),
  draws: [
    (noise) => sight(answerOf(plan, pricing, cells[0], noise)),
    (noise) => sight(answerOf(plan, pricing, cells[1], noise)),
  ],
});

const BINS = 40;

/** Where numbers are cut into bins that hold about as many draws each. */
function edgesOf(numbers: readonly number[]): number[] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const edges = Array.from({ length: BINS }, (_, i) => sorted[Math.floor((i * sorted.length) / BINS)]!);
  return [...new Set(edges)];
}

function binOf(edges: readonly number[], x: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Counts = Map<string, [number, number]>;

/** Bins of each number in turn; with several numbers coarser ones, for there are only so many draws. */
function keying(seen: readonly (readonly number[])[]): (draw: readonly number[]) => string {
  const width = seen.reduce((most, draw) => Math.max(most, draw.length), 0);
  const all = Array.from({ length: width }, (_, i) =>
    edgesOf(seen.flatMap((draw) => (i < draw.length ? [draw[i]!] : []))),
  );
  const telling = all.filter((edges) => edges.length > 1).length;
  const most = telling <= 1 ? BINS : Math.max(4, Math.floor(400 ** (1 / telling)));
  const edges = all.map((list) => {
    const every = Math.ceil(list.length / most);
    return list.filter((_, at) => at % every === 0);
  });
  return (draw) => draw.map((x, i) => binOf(edges[i]!, x)).join(" ");
}

/** The draws for which the likelihoods differ most, in one direction: as many as give the best bound. */
function eventOf(counts: Counts, trials: number, delta: number): { event: Set<string>; from: 0 | 1 } {
  let best = { bound: -1, event: new Set<string>(), from: 0 as 0 | 1 };
  for (const from of [0, 1] as const) {
    const score = ([a, b]: [number, number]): number =>
      from === 0 ? (a + 0.5) / (b + 0.5) : (b + 0.5) / (a + 0.5);
    const keys = [...counts].sort(([, x], [, y]) => score(y) - score(x));
    const event = new Set<string>();
    let [hits, others] = [0, 0];
    for (const [key, pair] of keys) {
      event.add(key);
      hits += pair[from];
      others += pair[from === 0 ? 1 : 0];
      const bound = epsilonAtLeast({ hits, others, trials }, delta, 0.05);
      if (bound > best.bound) best = { bound, event: new Set(event), from };
    }
  }
  return best;
}

export interface Audited {
  /** ε is at least this, with 95 % confidence. */
  epsilon: number;
  /** The same with all but one in ten million: what a test may decide by. */
  certain: number;
  trials: number;
}

/** More would not choose a better event. */
const MOST_TRAINING = 40_000;

/** What a verdict may miss: a sound mechanism is blamed once in ten million audits. */
export const MISSED = 1e-7;

/** @param trials fresh draws on each of the two datasets; of half as many before them the event is chosen */
export function audit({ delta, draws }: Claim, trials: number, noise: Noise): Audited {
  const training = Math.min(Math.ceil(trials / 2), MOST_TRAINING);
  const seen = draws.map((draw) => Array.from({ length: training }, () => draw(noise)));
  const key = keying(seen.flat());
  const counts: Counts = new Map();
  for (const [side, list] of seen.entries())
    for (const draw of list) {
      const pair = counts.get(key(draw)) ?? [0, 0];
      pair[side]!++;
      counts.set(key(draw), pair);
    }
  const { event, from } = eventOf(counts, training, delta);
  const happened = draws.map((draw) => {
    let hits = 0;
    for (let i = 0; i < trials; i++) if (event.has(key(draw(noise)))) hits++;
    return hits;
  });
  const found = { hits: happened[from]!, others: happened[from === 0 ? 1 : 0]!, trials };
  return {
    epsilon: epsilonAtLeast(found, delta, 0.05),
    certain: epsilonAtLeast(found, delta, MISSED),
    trials,
  };
}
