/**
 * Quantiles of a declared column over domains, by counting in halves of its declared range, step by step.
 *
 * Rules: a quantile is that of all rows that have a value, between the two ranks beside it (numpy's and R's usual one). Each
 * rank is shown as the part of the range that it lies in (quantile-tree.ts): a single value where enough units have it,
 * else an interval that holds enough units. Counts are bounded by the rows of a domain. What a step starts from says how
 * far each rank was followed: that is a coarser form of the result, and holds no count. Pure.
 */
import { z } from "zod";
import {
  type Canonical,
  exprSchema,
  judgeFacts,
  planTable,
  slotLayout,
  survivalSchema,
  type TablePlan,
  writtenSurvival,
} from "../../privacy/index.js";
import { invalidInput } from "../../vocabulary/index.js";
import {
  type CollaborationSpec,
  type ColumnSpec,
  spokenColumns,
  spokenPolicy,
} from "../collaborations/spec.js";
import { unitFacts, unitsWith } from "./compared.js";
import {
  type AskedRange,
  contributionOf,
  fieldsOf,
  groupOf,
  keyOf,
  rangesOf,
  rowsAnswered,
  treesOf,
} from "./quantile-counts.js";
import { quantileQuestion } from "./quantile-question.js";
import { quantileFacts, type Shown, toldFraction } from "./quantile-result.js";
import { follow, type Part, wholeRange } from "./quantile-tree.js";
import type { Asked, SharedOutcome, SharedStatistic } from "./shared.js";
import { decimalsOf, largestOf } from "./table.js";

/** Groups times quantiles. */
const MAX_SHOWN = 100;
const AT = /^0\.\d{0,3}[1-9]$/;

export const quantilesSchema = z.strictObject({
  kind: z.literal("quantiles"),
  where: exprSchema.optional(),
  value: exprSchema,
  by: survivalSchema.shape.by,
  missing: survivalSchema.shape.missing,
  at: z.array(z.string().regex(AT)).min(1).max(MAX_SHOWN),
});
export type QuantilesStatistic = z.output<typeof quantilesSchema>;

export const writtenQuantiles = z
  .strictObject({
    kind: z.literal("quantiles"),
    where: writtenSurvival.shape.where,
    value: z.string().min(1).max(256).describe("A column with declared bounds"),
    by: writtenSurvival.shape.by,
    missing: writtenSurvival.shape.missing,
    at: z
      .array(z.union([z.number(), z.string().max(16)]))
      .min(1)
      .max(MAX_SHOWN)
      .describe("Between 0 and 1, to four decimals: 0.5 is the median"),
  })
  .meta({
    id: "QuantilesQuestion",
    description: "Quantiles of a column: a value that enough units have, or the interval between",
  });

/** @throws invalid_input */
export const fractionText = (given: number | string, root: string): string => {
  const text = String(Number(given));
  if (!AT.test(text)) throw invalidInput(root, "must lie between 0 and 1, to four decimals");
  return text;
};

/** The units of the rows that have a value. */
export const quantileUnits = ({ value, where, by, missing }: QuantilesStatistic) =>
  unitsWith([value], { where, by, missing });

export interface QuantileShape {
  statistic: QuantilesStatistic;
  column: ColumnSpec;
  dimensions: TablePlan["dimensions"];
  /** A level of each dimension. */
  groups: readonly (readonly number[])[];
  /** Least value, and the greatest's offset from it, in whole numbers of its decimals. */
  least: bigint;
  last: bigint;
  /** For each group and quantile the lower rank's part and the upper's. */
  parts: readonly Part[];
  ranges: readonly AskedRange[];
}

/** @param t plaintext modulus of the sums. @throws invalid_input naming the place */
export function sharedQuantiles(
  spec: CollaborationSpec,
  statistic: QuantilesStatistic,
  step: Asked["step"],
  t: bigint,
): SharedStatistic {
  const shape = shapeOf(spec, statistic, step);
  return {
    slots: slotLayout(fieldsOf(spec, shape), spec.participants.length, t),
    maxRows: rowsAnswered(shape),
    question: (columns, stored) => quantileQuestion(shape, columns, stored),
    contribution: (answer) => contributionOf(shape, answer),
    outcome: (sums) => outcomeOf(spec, shape, sums),
  };
}

function shapeOf(spec: CollaborationSpec, statistic: QuantilesStatistic, step: Asked["step"]): QuantileShape {
  const { value, at } = statistic;
  const column = value.op === "column" ? spec.columns.find((c) => c.name === value.name) : undefined;
  if (column?.bounds === undefined) throw invalidInput("value", "must be a column with declared bounds");
  if (new Set(at).size !== at.length) throw invalidInput("at", "names a quantile twice");
  const { dimensions } = planTable(quantileUnits(statistic), spokenColumns(spec));
  dimensions.forEach(({ name, levels }, i) => {
    if (levels.length === 0) throw invalidInput(`by.${i}`, `${name} needs declared categories, or bins`);
  });
  const size = dimensions.reduce((n, { levels }) => n * levels.length, at.length);
  if (size > MAX_SHOWN) throw invalidInput("by", `has more than ${MAX_SHOWN} groups and quantiles`);
  const groups = dimensions.reduce(
    (left, { levels }) => left.flatMap((own) => levels.map((_, level) => [...own, level])),
    [[]] as number[][],
  );
  const { least, last } = gridOf(column);
  const bits = last === 0n ? 0 : last.toString(2).length;
  const parts = partsOf(step, bits, groups.length * at.length * 2);
  const shape = { statistic, column, dimensions, groups, least, last, parts };
  return { ...shape, ranges: rangesOf(shape) };
}

/** The declared range on whole numbers of its decimals, which values are rounded to. */
function gridOf(column: ColumnSpec): { least: bigint; last: bigint } {
  largestOf(column);
  const decimals = decimalsOf(column);
  const [low, high] = column.bounds!.map((text) => {
    const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
    const digits = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
    const more = /[1-9]/.test(fraction.slice(decimals)) ? 1n : 0n;
    return text.startsWith("-") ? { down: -digits - more, up: -digits } : { down: digits, up: digits + more };
  }) as [{ down: bigint; up: bigint }, { down: bigint; up: bigint }];
  return { least: low.down, last: high.up - low.down };
}

const whole = z.string().regex(/^\d{1,16}$/);
/** Of each part: low, bits, from, to, whether it is done. */
const stateSchema = z.strictObject({
  parts: z.array(z.tuple([whole, z.int().min(0).max(64), whole, whole, z.boolean()])).max(2 * MAX_SHOWN),
});

/** @throws invalid_input when a step starts from parts that the range does not have */
function partsOf(step: Asked["step"], bits: number, size: number): Part[] {
  if (step === undefined) return Array.from({ length: size }, () => wholeRange(bits));
  const wrong = () => invalidInput("step", "is no step of these quantiles");
  const parsed = stateSchema.safeParse(step.state);
  if (!parsed.success || parsed.data.parts.length !== size) throw wrong();
  const over = 1n << BigInt(bits);
  return parsed.data.parts.map(([low, own, from, to, done]) => {
    const part = { low: BigInt(low), bits: own, from: BigInt(from), to: BigInt(to), done };
    const width = 1n << BigInt(own);
    const fits =
      own <= bits && part.low % width === 0n && part.from <= part.low && part.low + width - 1n <= part.to;
    if (!fits || part.to >= over) throw wrong();
    return part;
  });
}

function outcomeOf(spec: CollaborationSpec, shape: QuantileShape, sums: readonly bigint[]): SharedOutcome {
  const { statistic, parts } = shape;
  const trees = treesOf(shape, sums);
  const found = parts.map((part, i) => {
    const group = groupOf(statistic, i);
    const { below, top } = trees.get(keyOf(group, part))!;
    const { lower, upper } = toldFraction(
      statistic.at[Math.floor(i / 2) % statistic.at.length]!,
      Number(sums[2 * group]),
    );
    return follow(part, top, i % 2 === 0 ? lower : upper, below, spec.threshold);
  });
  if (found.some(({ part }) => !part.done))
    return {
      kind: "step",
      state: {
        parts: found.map(({ part }) => [
          String(part.low),
          part.bits,
          String(part.from),
          String(part.to),
          part.done,
        ]),
      },
    };
  return { kind: "result", canonical: judged(spec, shape, sums, found) };
}

function judged(
  spec: CollaborationSpec,
  shape: QuantileShape,
  sums: readonly bigint[],
  found: readonly { part: Part; units: number }[],
): Canonical {
  const policy = spokenPolicy(spec);
  const units = shape.groups.map((_, q) => Number(sums[2 * q + 1]));
  const rows = shape.groups.map((_, q) => Number(sums[2 * q]));
  const shown: Shown[] = found.map(({ part: { from, to }, units }) => ({
    from: shape.least + from,
    to: shape.least + (to < shape.last ? to : shape.last),
    units,
  }));
  const facts = quantileFacts(shape, { rows, units, shown }, policy);
  const dimensions = shape.dimensions.map(({ name, levels }) => ({
    name,
    levels: levels.map(({ label }) => label),
  }));
  return {
    ...judgeFacts(facts, { down: shape.dimensions.length }, policy),
    table: unitFacts(quantileUnits(shape.statistic), dimensions, units),
  };
}
