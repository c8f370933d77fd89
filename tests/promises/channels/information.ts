/**
 * How much one thing tells of another, in bits, from pairs (what was sent, what was seen). Pure.
 *
 * Mutual information of the counts themselves (the plug-in estimate) is too large by about
 * (rows − 1)(columns − 1) / 2N ln 2 bits with N pairs (Miller 1955; Paninski 2003), which is taken off. Capacity is the
 * largest mutual information over all ways to choose what is sent, by the iteration of Blahut and Arimoto (1972).
 */
export type Pair = readonly [sent: string, seen: string];

interface Table {
  rows: number[][];
  pairs: number;
}

function table(pairs: readonly Pair[]): Table {
  const [sent, seen] = [0, 1].map((side) => [...new Set(pairs.map((pair) => pair[side]!))]);
  const rows = sent!.map(() => seen!.map(() => 0));
  for (const [a, b] of pairs) rows[sent!.indexOf(a)]![seen!.indexOf(b)]! += 1;
  return { rows, pairs: pairs.length };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Of the iteration: more than it takes to settle on tables of this size. */
const ROUNDS = 200;

/** What each row's distribution tells, in bits, against the mixture of all. */
function divergences(channel: readonly number[][], input: readonly number[]): number[] {
  const mixture = channel[0]!.map((_, y) => sum(channel.map((row, x) => row[y]! * input[x]!)));
  return channel.map((row) => sum(row.map((p, y) => (p === 0 ? 0 : p * Math.log2(p / mixture[y]!)))));
}

function bias({ rows, pairs }: Table): number {
  return ((rows.length - 1) * (rows[0]!.length - 1)) / (2 * pairs * Math.LN2);
}

/** Bits that one sight tells of what was sent, for the mixture that was sent; never below zero. */
export function mutualInformation(pairs: readonly Pair[]): number {
  if (pairs.length === 0) return 0;
  const counted = table(pairs);
  const input = counted.rows.map((row) => sum(row) / counted.pairs);
  const channel = counted.rows.map((row) => row.map((n) => n / sum(row)));
  const found = sum(divergences(channel, input).map((d, x) => d * input[x]!));
  return Math.max(0, found - bias(counted));
}

/**
 * Bits a use, for the sender who chooses best among what was tried; never below zero. Uncorrected, it is an upper
 * estimate, for few pairs and many sights.
 */
export function capacity(pairs: readonly Pair[], corrected = true): number {
  if (pairs.length === 0) return 0;
  const counted = table(pairs);
  const channel = counted.rows.map((row) => row.map((n) => n / sum(row)));
  let input = channel.map(() => 1 / channel.length);
  for (let round = 0; round < ROUNDS; round++) {
    const weights = divergences(channel, input).map((d, x) => input[x]! * 2 ** d);
    input = weights.map((weight) => weight / sum(weights));
  }
  const found = sum(divergences(channel, input).map((d, x) => d * input[x]!));
  return Math.max(0, found - (corrected ? bias(counted) : 0));
}

/**
 * Bits that a number tells when it may lie anywhere in a range and is seen with such errors: at least the entropy of
 * the range less that of Gaussian noise of the same variance, which of all noise with it has the most.
 */
export function bitsInRange(range: number, errors: readonly number[]): number {
  const mean = sum(errors) / errors.length;
  const deviation = Math.sqrt(sum(errors.map((e) => (e - mean) ** 2)) / (errors.length - 1));
  return Math.max(0, Math.log2(range / (deviation * Math.sqrt(2 * Math.PI * Math.E))));
}

/** A number seen, and the bit that was being sent. */
export type Sample = readonly [bit: boolean, seen: number];

/** Where to cut, and on which side a one lies, for the fewest mistakes. */
function bestCut(samples: readonly Sample[]): (seen: number) => boolean {
  const sorted = [...samples].sort((a, b) => a[1] - b[1]);
  const ones = sorted.filter(([bit]) => bit).length;
  let best = { mistakes: Number.POSITIVE_INFINITY, cut: 0, above: true };
  let onesBelow = 0;
  for (const [i, [bit, seen]] of sorted.entries()) {
    if (i === 0 || seen !== sorted[i - 1]![1]) {
      const zerosAbove = sorted.length - ones - (i - onesBelow);
      const mistakes = onesBelow + zerosAbove;
      for (const above of [true, false]) {
        const wrong = above ? mistakes : sorted.length - mistakes;
        if (wrong < best.mistakes) best = { mistakes: wrong, cut: seen, above };
      }
    }
    if (bit) onesBelow += 1;
  }
  return (seen) => seen >= best.cut === best.above;
}

/** Bits a sample by one cut, learnt on the first half and measured on the second. */
export function bitsBySample(samples: readonly Sample[]): number {
  const half = Math.floor(samples.length / 2);
  const read = bestCut(samples.slice(0, half));
  return capacity(samples.slice(half).map(([bit, seen]) => [String(bit), String(read(seen))]));
}
