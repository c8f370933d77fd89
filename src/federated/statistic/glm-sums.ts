/**
 * What one step of a model over domains adds up, as its numbers lie in the slots, and what the sums say of its rows: which
 * of the declared levels there are, how many units each combination has, whether the model is a table of few groups.
 *
 * Rules: levels that have no rows in any domain are left out, as they are of one domain's own model. Pure.
 */
import { ModelFailed, type RegressionFacts, type SlotLayout, slotLayout } from "../../privacy/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { CollaborationSpec } from "../collaborations/spec.js";
import { activeColumns } from "./design.js";
import { type Crossing, type GlmShape, sizeOf } from "./glm-shape.js";
import { influenceFields } from "./linear-influence.js";
import type { AnswerRow } from "./shared.js";

/** Before the sums: units, those with and without the outcome, and of domains with more patterns than coefficients. */
const HEADS = 4;

export function slotsOf(spec: CollaborationSpec, shape: GlmShape, t: bigint): SlotLayout {
  const rows = BigInt(spec.max_rows);
  const count = (name: string, bound: bigint) => ({ name, scale: 0, bound });
  const fields = [
    ...["units", "with", "without"].map((name) => count(name, rows)),
    count("many", 1n),
    ...shape.sums.map(({ field }) => field),
    ...shape.crossings.flatMap((crossing, i) =>
      Array.from({ length: 3 * sizeOf(crossing) }, (_, k) => count(`crossing ${i} ${k}`, rows)),
    ),
    ...(shape.influence === undefined ? [] : influenceFields(shape.influence, rows)),
  ];
  return slotLayout(fields, spec.participants.length, t);
}

/** @throws state_conflict when rows fall outside of what the spec declares */
export function contributionOf(
  { sums, crossings, influence }: GlmShape,
  answer: readonly AnswerRow[],
): bigint[] {
  const starts: number[] = [];
  let size = HEADS + sums.length;
  for (const crossing of crossings) {
    starts.push(size);
    size += 3 * sizeOf(crossing);
  }
  const numbers = new Array<bigint>(
    size + (influence === undefined ? 0 : 1 + influence.products.length),
  ).fill(0n);
  for (const row of answer) {
    const [key, text] = [String(row[0]), String(row[1])];
    const values = text.split(" ").map(BigInt);
    if (key === "all") {
      if (values[0] !== 0n)
        throw new GloveboxError("state_conflict", {
          detail: "the data have values beyond what the spec declares",
        });
      for (const [i, value] of values.slice(1).entries()) numbers[i] = value;
      continue;
    }
    if (key === "influence") {
      for (const [i, value] of values.entries()) numbers[size + i] = value;
      continue;
    }
    const [place, ...codes] = key.split(" ").map(Number);
    const { sizes } = crossings[place!]!;
    const at = codes.reduce((n, code, i) => n * sizes[i]! + code, 0);
    for (const [i, value] of values.entries()) numbers[starts[place!]! + 3 * at + i] = value;
  }
  return numbers;
}

/** The sums by name, and the counts of each crossing. */
export class Sums {
  private readonly named: Map<string, { sum: bigint; value: number }>;
  readonly units: number;
  readonly with: number;
  readonly without: number;
  readonly many: boolean;
  readonly counts: { units: number; with: number; without: number }[][];
  /** As linear-influence.ts has them. */
  readonly influence: readonly bigint[];

  constructor({ sums, crossings }: GlmShape, all: readonly bigint[]) {
    const [units, having, lacking, many] = all.slice(0, HEADS).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    this.units = units;
    this.with = having;
    this.without = lacking;
    this.many = many > 0;
    this.named = new Map(
      sums.map(({ field, value }, i) => {
        const sum = all[HEADS + i]!;
        return [field.name, { sum, value: value(sum) }];
      }),
    );
    let at = HEADS + sums.length;
    this.counts = crossings.map((crossing) =>
      Array.from({ length: sizeOf(crossing) }, () => {
        const [u, w, wo] = all.slice(at, at + 3).map(Number) as [number, number, number];
        at += 3;
        return { units: u, with: w, without: wo };
      }),
    );
    this.influence = all.slice(at);
  }

  of(name: string): number {
    return this.at(name).value;
  }

  /** As a whole number of 10^−scale of its field. */
  exactly(name: string): bigint {
    return this.at(name).sum;
  }

  private at(name: string): { sum: bigint; value: number } {
    const found = this.named.get(name);
    if (found === undefined) throw new RangeError(`no sum ${name}`);
    return found;
  }
}

/** The columns that the pooled rows' own model has. @throws ModelFailed */
export function activeOf({ design, crossings, name }: GlmShape, sums: Sums): number[] {
  if (sums.units === 0) throw new ModelFailed("no_rows");
  const present = design.levels.map(({ keys }, level) => {
    const of = crossings.findIndex(({ by }) =>
      by.some((factor) => "level" in factor && factor.level === level),
    );
    const at = crossings[of]!.by.findIndex((factor) => "level" in factor && factor.level === level);
    const seen = new Array<boolean>(keys.length).fill(false);
    sums.counts[of]!.forEach(({ units }, cell) => {
      if (units > 0) seen[codesOf(crossings[of]!, cell)[at]!] = true;
    });
    return seen;
  });
  const active = activeColumns(design, present);
  if (active === undefined) throw new ModelFailed("reference_absent");
  const { with: having, without } = sums;
  if (name !== "ols" && (having === 0 || (name === "logit" && without === 0)))
    throw new ModelFailed("response_constant");
  if (sums.of("rows") <= active.length) throw new ModelFailed("too_few_rows");
  return active;
}

function codesOf({ sizes }: Crossing, cell: number): number[] {
  let rest = cell;
  return sizes
    .toReversed()
    .map((size) => {
      const code = rest % size;
      rest = (rest - code) / size;
      return code;
    })
    .toReversed();
}

/** Combinations of levels that the formula names, as the rules look at them. */
export function cellsOf({ design, crossings, patterns }: GlmShape, sums: Sums): RegressionFacts["cells"] {
  return crossings.flatMap((crossing, i) => {
    if (i === patterns) return [];
    const levels = crossing.by.flatMap((factor) => ("level" in factor ? [design.levels[factor.level]!] : []));
    return sums.counts[i]!.flatMap((counts, cell) => {
      if (counts.units === 0) return [];
      const level = codesOf(crossing, cell).map((code, k) => levels[k]!.keys[code]!);
      return [{ term: levels.map(({ label }) => label).join(":"), level: level.join(" / "), ...counts }];
    });
  });
}

/** One domain with more patterns than coefficients has more of them than the model, whatever the others have. */
export function patternsOf({ patterns }: GlmShape, sums: Sums, parameters: number) {
  if (patterns !== undefined) {
    const there = sums.counts[patterns]!.filter(({ units }) => units > 0);
    return there.length <= parameters ? { patterns: there } : {};
  }
  return sums.many ? {} : { patterns_unknown: true as const };
}
