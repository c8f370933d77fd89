/**
 * The design matrix, a row at a time: never held whole. Columns go block by block as the terms do; treatment coding
 * against the reference level (its lowest unless the formula names one), products for interactions.
 */
import { type CodedFactor, codeTerms, type Subterm } from "./coding.js";
import type { FactorData, RegressionData } from "./data.js";
import { ModelFailed, type ModelFailure } from "./failure.js";
import { MODEL_LIMITS, type PlannedFactor, type RegressionPlan } from "./plan.js";

export interface DesignColumn {
  /** As patsy writes it: `sex[T.M]`, `age`, `sex[T.M]:age`. */
  name: string;
  /** As R writes it: `sexM`. */
  r_name: string;
}

/** What a factor gives to a block: numbers, or levels in their places. */
interface Part {
  numbers?: Float64Array;
  levels?: Block["levels"][number];
  names: DesignColumn[];
}

/** The part of a term that makes columns: a product of numbers in the place that its levels give. */
interface Block {
  numbers: readonly Float64Array[];
  levels: readonly { codes: Int32Array; place: Int32Array; width: number }[];
  start: number;
  width: number;
}

export interface Design {
  columns: readonly DesignColumn[];
  /** The intercept's column, where there is one. */
  intercept: number | undefined;
  /** Writes the row into `out`. */
  row(i: number, out: Float64Array): void;
}

const failed = (failure: ModelFailure, columns?: string[]) => new ModelFailed(failure, columns);

/** A factor's levels as columns: where each level stands in its block, −1 for the reference. */
interface Coded {
  place: Int32Array;
  width: number;
  names: DesignColumn[];
}

function codeOf({ factor, full }: CodedFactor, plan: RegressionPlan, data: RegressionData): Coded {
  const planned = plan.factors[factor] as Extract<PlannedFactor, { kind: "categorical" }>;
  const { levels } = data.factors[factor] as Extract<FactorData, { kind: "categorical" }>;
  const reference = full ? -1 : planned.reference === undefined ? 0 : levels.indexOf(planned.reference);
  if (!full && reference < 0) throw failed("reference_absent", [planned.label]);
  const shown = levels.flatMap((level, i) => (i === reference ? [] : [level]));
  let next = 0;
  return {
    place: Int32Array.from(levels, (_, i) => (i === reference ? -1 : next++)),
    width: shown.length,
    names: shown.map((level) => ({
      name: `${planned.label}[${full ? "" : "T."}${level}]`,
      r_name: `${planned.label}${level}`,
    })),
  };
}

const product = (lists: readonly DesignColumn[][]): DesignColumn[] =>
  lists.reduce(
    (left, right) =>
      left.flatMap((a) =>
        right.map((b) =>
          a.name === "" ? b : { name: `${a.name}:${b.name}`, r_name: `${a.r_name}:${b.r_name}` },
        ),
      ),
    [{ name: "", r_name: "" }],
  );

const INTERCEPT: DesignColumn = { name: "Intercept", r_name: "(Intercept)" };

class Builder {
  readonly columns: DesignColumn[] = [];
  readonly blocks: Block[] = [];

  constructor(
    private readonly plan: RegressionPlan,
    private readonly data: RegressionData,
  ) {}

  /** Factors in the order of the term, so that names read as the formula does. */
  add(term: readonly number[], subterm: Subterm): void {
    const { plan, data } = this;
    const parts = term.flatMap((factor): Part[] => {
      const of = data.factors[factor]!;
      const { label } = plan.factors[factor]!;
      if (of.kind === "numeric") return [{ numbers: of.values, names: [{ name: label, r_name: label }] }];
      const coded = subterm.find((c) => c.factor === factor);
      if (coded === undefined) return [];
      const { place, width, names } = codeOf(coded, plan, data);
      return [{ levels: { codes: of.codes, place, width }, names }];
    });
    const width = parts.reduce((n, { names }) => n * names.length, 1);
    if (this.columns.length + width > MODEL_LIMITS.parameters) throw failed("too_many_parameters");
    this.blocks.push({
      numbers: parts.flatMap((part) => (part.numbers ? [part.numbers] : [])),
      levels: parts.flatMap((part) => part.levels ?? []),
      start: this.columns.length,
      width,
    });
    this.columns.push(...(parts.length === 0 ? [INTERCEPT] : product(parts.map(({ names }) => names))));
  }
}

/** @throws ModelFailed where the data do not have what the formula names */
export function designOf(plan: RegressionPlan, data: RegressionData): Design {
  const builder = new Builder(plan, data);
  // A baseline hazard takes the place of a Cox model's intercept: levels are coded against it, and it has no column.
  const baseline = plan.intercept || plan.family === "cox";
  const terms = baseline ? [[], ...plan.terms] : plan.terms;
  const coded = codeTerms(terms, (factor) => plan.factors[factor]!.kind === "numeric");
  terms.forEach((term, i) => {
    if (term.length === 0 && plan.family === "cox") return;
    for (const subterm of coded[i]!) builder.add(term, subterm);
  });
  if (builder.columns.length === 0) throw failed("no_parameters");
  const { blocks, columns } = builder;
  return {
    columns: unique(columns),
    intercept: plan.intercept && plan.family !== "cox" ? 0 : undefined,
    row: (i, out) => writeRow(blocks, i, out),
  };
}

/** Two columns never have one name: the later one is numbered. */
function unique(columns: readonly DesignColumn[]): DesignColumn[] {
  const seen = new Map<string, number>();
  return columns.map((column) => {
    const times = (seen.get(column.name) ?? 0) + 1;
    seen.set(column.name, times);
    return times === 1 ? column : { name: `${column.name} #${times}`, r_name: `${column.r_name} #${times}` };
  });
}

function writeRow(blocks: readonly Block[], i: number, out: Float64Array): void {
  for (let b = 0; b < blocks.length; b++) {
    const { numbers, levels, start, width } = blocks[b]!;
    let at = 0;
    for (let l = 0; l < levels.length && at >= 0; l++) {
      const { codes, place, width: own } = levels[l]!;
      const level = place[codes[i]!]!;
      at = level < 0 ? -1 : at * own + level;
    }
    for (let j = 0; width > 1 && j < width; j++) out[start + j] = 0;
    let value = at < 0 ? 0 : 1;
    for (let n = 0; n < numbers.length; n++) value *= numbers[n]![i]!;
    out[start + Math.max(at, 0)] = value;
  }
}

/** The matrix itself, row by row, where it is small enough to be held: reading a row again is then a copy. */
export function held(design: Design, rows: number): Design {
  const size = design.columns.length;
  if (rows * size * 8 > MODEL_LIMITS.held_bytes) return design;
  const matrix = new Float64Array(rows * size);
  const row = new Float64Array(size);
  for (let i = 0; i < rows; i++) {
    design.row(i, row);
    matrix.set(row, i * size);
  }
  return {
    ...design,
    row(i, out) {
      const from = i * size;
      for (let j = 0; j < size; j++) out[j] = matrix[from + j]!;
    },
  };
}
