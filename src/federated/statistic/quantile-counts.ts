/**
 * What one step of quantiles counts: of each group its rows and units, and of each range that ranks are followed from the
 * rows below it, the units of its halves and theirs, and the rows of the smallest.
 *
 * Rules: every number is a count of one domain's rows or units, and no larger than the rows that the spec allows. Pure.
 */
import type { Field } from "../../privacy/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { CollaborationSpec } from "../collaborations/spec.js";
import type { QuantileShape, QuantilesStatistic } from "./quantile.js";
import type { Counted, Part } from "./quantile-tree.js";
import type { AnswerRow } from "./shared.js";

/** How far one step follows a rank: so many halvings, fewer where many are followed. */
const MOST_DEPTH = 8;
const LEAST_DEPTH = 4;
/** Numbers of one step; no more than so many are worth a deeper one. */
const STEP_NUMBERS = 12_000;

export interface AskedRange {
  group: number;
  low: bigint;
  bits: number;
  depth: number;
}

/** Ranks that are followed from one place are counted once. */
export function rangesOf({ statistic, parts }: Pick<QuantileShape, "statistic" | "parts">): AskedRange[] {
  const ranges = new Map<string, AskedRange>();
  parts.forEach((part, i) => {
    const group = groupOf(statistic, i);
    const key = keyOf(group, part);
    const known = ranges.get(key);
    const depth = part.done ? 0 : part.bits;
    ranges.set(key, { group, low: part.low, bits: part.bits, depth: Math.max(depth, known?.depth ?? 0) });
  });
  const followed = [...ranges.values()].filter(({ depth }) => depth > 0).length;
  let most = MOST_DEPTH;
  while (most > LEAST_DEPTH && followed * 3 * 2 ** most > STEP_NUMBERS) most--;
  return [...ranges.values()].map((range) => ({ ...range, depth: Math.min(range.depth, most) }));
}

export const groupOf = ({ at }: QuantilesStatistic, part: number): number =>
  Math.floor(part / (2 * at.length));
export const keyOf = (group: number, { low, bits }: Pick<Part, "low" | "bits">): string =>
  `${group} ${low} ${bits}`;

/** The most rows that an engine answers with. */
export const rowsAnswered = ({ groups, ranges }: QuantileShape): number =>
  1 + groups.length + ranges.reduce((n, range) => n + 2 * leavesOf(range), 0);

/** Of each group: rows, units. Of each range: rows below it, units of each node from the top, rows of each leaf. */
export function fieldsOf(spec: CollaborationSpec, { groups, ranges }: QuantileShape): Field[] {
  const bound = BigInt(spec.max_rows);
  const size = 2 * groups.length + ranges.reduce((n, range) => n + sizeOf(range), 0);
  return Array.from({ length: size }, (_, i): Field => ({ name: `count ${i}`, scale: 0, bound }));
}

const leavesOf = ({ depth }: AskedRange): number => 2 ** depth;
const sizeOf = (range: AskedRange): number => 3 * leavesOf(range);

/** @throws state_conflict when rows fall outside of what the spec declares */
export function contributionOf({ groups, ranges }: QuantileShape, answer: readonly AnswerRow[]): bigint[] {
  const starts: number[] = [];
  let size = 2 * groups.length;
  for (const range of ranges) {
    starts.push(size);
    size += sizeOf(range);
  }
  const numbers = new Array<bigint>(size).fill(0n);
  for (const [what, ...figures] of answer) {
    const [place, node, rows, units] = figures.map(Number) as [number, number, number, number];
    if (what === "beyond" && rows > 0)
      throw new GloveboxError("state_conflict", {
        detail: "the data have values or groups beyond what the spec declares",
      });
    if (what === "group") {
      numbers[2 * place] = BigInt(rows);
      numbers[2 * place + 1] = BigInt(units);
    }
    if (what === "below") numbers[starts[place]!] = BigInt(rows);
    if (what !== "node") continue;
    // Below stands in the place of node 0, which there is not.
    numbers[starts[place]! + node] = BigInt(units);
    const leaves = leavesOf(ranges[place]!);
    if (node >= leaves) numbers[starts[place]! + leaves + node] = BigInt(rows);
  }
  return numbers;
}

export interface Tree {
  below: number;
  top: Counted;
}

/** What was counted of each range, by where it lies. */
export function treesOf({ groups, ranges }: QuantileShape, sums: readonly bigint[]): Map<string, Tree> {
  let from = 2 * groups.length;
  return new Map(
    ranges.map((range) => {
      const counts = sums.slice(from, from + sizeOf(range)).map(Number);
      from += sizeOf(range);
      const leaves = leavesOf(range);
      const node = (i: number): Counted => {
        const units = counts[i]!;
        if (i >= leaves) return { units, rows: counts[leaves + i]! };
        const halves = [node(2 * i), node(2 * i + 1)] as const;
        return { units, rows: halves[0].rows + halves[1].rows, halves };
      };
      return [keyOf(range.group, range), { below: counts[0]!, top: node(1) }];
    }),
  );
}
