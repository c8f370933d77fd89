/**
 * Covariances and correlations of declared columns over domains, of the rows that have all of their values.
 *
 * Rules: values are whole numbers of their declared decimals, so that n·Σxy − Σx·Σy is exact, and divided once. Bounds: with
 * |x| ≤ L of each value, |Σx| ≤ rows·L and |Σxy| ≤ rows·Lₓ·Lᵧ; L < 2^48 and rows ≤ 2^30 keep a domain's own sums within the
 * engine's 128 bits. What a matrix tells of few is judged by sums too: no column's spread may stand on few units
 * (spread.ts), and where columns are declared to have two values, the groups that these tell apart, alone and crossed,
 * are held to the threshold. What units contribute to a product is not known, so people look. Pure.
 */
import { z } from "zod";
import {
  type Canonical,
  type Expr,
  exprSchema,
  type Field,
  type Finding,
  filterText,
  judgeFacts,
  quotientText,
  slotLayout,
  smallGroups,
  TABLE_FACTS_FORMAT,
  type TableCell,
  type TableFacts,
} from "../../privacy/index.js";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";
import { type CollaborationSpec, type ColumnSpec, spokenPolicy } from "../collaborations/spec.js";
import { EVERYTHING, UNITS, unitFacts, unitsWith } from "./compared.js";
import { covarianceQuestion } from "./covariance-question.js";
import { rootOf } from "./exact.js";
import type { AnswerRow, SharedStatistic } from "./shared.js";
import { judgeSpreads, SPREAD_FIELDS, sharesSquared, spreadFields } from "./spread.js";
import { decimalsOf, largestOf } from "./table.js";

const MAX_COLUMNS = 40;

export const covarianceSchema = z.strictObject({
  kind: z.literal("covariance"),
  where: exprSchema.optional(),
  values: z.array(exprSchema).min(2).max(MAX_COLUMNS),
});
export type CovarianceStatistic = z.output<typeof covarianceSchema>;

export const writtenCovariance = z
  .strictObject({
    kind: z.literal("covariance"),
    where: z.string().min(1).max(65_536).optional().describe("A condition in Python's syntax"),
    values: z
      .array(z.string().min(1).max(256))
      .min(2)
      .max(MAX_COLUMNS)
      .describe("Columns with declared bounds"),
  })
  .meta({
    id: "CovarianceQuestion",
    description: "Covariances and correlations of the rows that have all values",
  });

/** The units of the rows that it is over. */
export const covarianceUnits = ({ values, where }: CovarianceStatistic) => unitsWith(values, { where });

/** Two columns, or one with itself, of which either has two values: the groups that they tell apart. */
export interface TwoValued {
  columns: readonly [number, number];
}

export interface CovarianceShape {
  statistic: CovarianceStatistic;
  columns: readonly ColumnSpec[];
  pairs: readonly (readonly [number, number])[];
  twoValued: readonly TwoValued[];
  fields: readonly Field[];
}

/** @param t plaintext modulus of the sums. @throws invalid_input naming the place */
export function sharedCovariance(
  spec: CollaborationSpec,
  statistic: CovarianceStatistic,
  t: bigint,
): SharedStatistic {
  const shape = shapeOf(spec, statistic);
  return {
    slots: slotLayout(shape.fields, spec.participants.length, t),
    maxRows: 1,
    question: (columns, stored) => covarianceQuestion(shape, columns, stored),
    contribution: (answer) => contributionOf(shape, answer),
    outcome: (sums) => ({ kind: "result", canonical: judged(spec, shape, sums) }),
  };
}

function shapeOf(spec: CollaborationSpec, statistic: CovarianceStatistic): CovarianceShape {
  const columns = statistic.values.map((value, i) => columnOf(spec, value, `values.${i}`));
  columns.forEach((column, i) => {
    if (columns.indexOf(column) !== i) throw invalidInput(`values.${i}`, "is named twice");
  });
  const pairs = columns.flatMap((_, i) => columns.slice(i).map((_, k) => [i, i + k] as const));
  const twoValued = pairs
    .filter(([i, k]) => hasTwoValues(columns[i]!) && hasTwoValues(columns[k]!))
    .map((columns) => ({ columns }));
  const rows = BigInt(spec.max_rows);
  const field = (name: string, bound: bigint): Field => ({ name, scale: 0, bound });
  const largest = columns.map(largestOf);
  const fields = [
    field("rows", rows),
    field("units", rows),
    ...columns.map(({ name }, i) => field(`sum ${name}`, rows * largest[i]!)),
    ...pairs.map(([i, k]) => field(`product ${i} ${k}`, rows * largest[i]! * largest[k]!)),
    ...columns.flatMap(({ name }) => spreadFields(name, rows)),
    ...twoValued.flatMap((_, i) => Array.from({ length: GROUPS }, (_, g) => field(`group ${i} ${g}`, rows))),
  ];
  return { statistic, columns, pairs, twoValued, fields };
}

/** Of two columns of two values. */
const GROUPS = 4;

const hasTwoValues = ({ type, bounds }: ColumnSpec): boolean =>
  type === "integer" && bounds !== undefined && Number(bounds[1]) - Number(bounds[0]) === 1;

function columnOf(spec: CollaborationSpec, value: Expr, root: string): ColumnSpec {
  const column = value.op === "column" ? spec.columns.find((c) => c.name === value.name) : undefined;
  if (column?.bounds === undefined) throw invalidInput(root, "must be a column with declared bounds");
  return column;
}

/** @throws state_conflict when rows fall outside of what the spec declares */
function contributionOf({ fields }: CovarianceShape, answer: readonly AnswerRow[]): bigint[] {
  const [beyond, ...numbers] = String(answer[0]?.[0]).split(" ").map(BigInt);
  if (beyond !== 0n)
    throw new GloveboxError("state_conflict", {
      detail: "the data have values beyond the bounds that the spec declares",
    });
  if (numbers.length !== fields.length)
    throw new GloveboxError("internal", { detail: "an engine answered something else" });
  return numbers;
}

/** The sums in order of the fields. */
function read({ columns, pairs, twoValued }: CovarianceShape, sums: readonly bigint[]) {
  let at = 0;
  const take = (n: number): bigint[] => {
    at += n;
    return sums.slice(at - n, at);
  };
  const [rows, units] = take(2) as [bigint, bigint];
  const totals = take(columns.length);
  const products = take(pairs.length);
  const spreads = columns.map(() => take(SPREAD_FIELDS));
  const groups = twoValued.map(() => take(GROUPS).map(Number));
  return { rows, units: Number(units), totals, products, spreads, groups };
}

type Sums = ReturnType<typeof read>;

function judged(spec: CollaborationSpec, shape: CovarianceShape, all: readonly bigint[]): Canonical {
  const policy = spokenPolicy(spec);
  const sums = read(shape, all);
  const shown = judgeFacts(factsOf(shape, sums, policy.significant_digits), { down: 2 }, policy);
  const spreads = shape.columns.map(({ name }, i) => ({
    name,
    shares: sharesSquared(sums.rows, sums.spreads[i]!),
  }));
  return {
    ...shown,
    findings: [
      ...shown.findings,
      ...(sums.units === 0 ? [] : judgeSpreads(spreads, policy.threshold)),
      ...smallOf(shape, sums, policy.threshold),
    ],
    table: unitFacts(covarianceUnits(shape.statistic), [], [sums.units]),
  };
}

function smallOf({ columns, twoValued }: CovarianceShape, { groups }: Sums, threshold: number): Finding[] {
  const named = twoValued.flatMap(({ columns: [i, k] }, place) =>
    groups[place]!.map((units, group) => {
      const value = (column: number, high: boolean) =>
        `${columns[column]!.name} = ${columns[column]!.bounds![high ? 1 : 0]}`;
      const name: [string, string] = [value(i, group >= 2), value(k, group % 2 === 1)];
      return { name, units };
    }),
  );
  return smallGroups(named, threshold);
}

function factsOf(shape: CovarianceShape, sums: Sums, digits: number): TableFacts {
  const { statistic, columns, pairs } = shape;
  const names = columns.map(({ name }) => name);
  const place = new Map(pairs.map(([i, k], p) => [`${i} ${k}`, p]));
  const { rows, totals, products, units } = sums;
  const centered = (i: number, k: number): bigint =>
    rows * products[place.get(`${Math.min(i, k)} ${Math.max(i, k)}`)!]! - totals[i]! * totals[k]!;
  const cells = columns.flatMap((_, i) =>
    columns.flatMap((_, k): TableCell[] => {
      const at = [i, k];
      const scale = 10n ** BigInt(decimalsOf(columns[i]!) + decimalsOf(columns[k]!));
      const both = centered(i, k);
      const covariance = rows < 2n ? null : quotientText(both, rows * (rows - 1n) * scale, digits);
      const correlation = correlationText(both, centered(i, i) * centered(k, k), digits);
      return [
        { at, measure: 0, value: String(units), units },
        { at, measure: 1, value: covariance, units },
        { at, measure: 2, value: correlation, units },
      ];
    }),
  );
  return {
    format: TABLE_FACTS_FORMAT,
    stated_by: "node",
    filter: filterText({ version: 1, where: statistic.where ?? EVERYTHING }),
    dimensions: [
      { name: "column", levels: names },
      { name: "with", levels: names },
    ],
    measures: [
      { name: UNITS.name, statistic: "units" },
      { name: "covariance", statistic: "covariance" },
      { name: "correlation", statistic: "correlation" },
    ],
    cells,
  };
}

/** Beyond the digits that are shown. */
const ROOT_DIGITS = 40n;

/** both / √squares, from whole numbers. */
function correlationText(both: bigint, squares: bigint, digits: number): string | null {
  if (squares === 0n) return null;
  const shift = 10n ** ROOT_DIGITS;
  return quotientText(both * shift, rootOf(squares * shift * shift), digits);
}
