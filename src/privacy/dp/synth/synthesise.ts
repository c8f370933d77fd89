/**
 * Synthetic records from exact counts: measured with noise, fitted, sampled. The one step that sees exact counts.
 *
 * Columns are measured first; what they say, noisy, is what pairs are scored against; a tree of pairs is chosen and
 * measured. All that follows is post-processing.
 */
import { createNoise, type Noise, type RandomBytes } from "../noise/index.js";
import { RandomBits } from "../noise/random.js";
import { toNumber } from "../sql/floats.js";
import { type Counts, expectedPair, fitTree, independent, type TreeModel } from "./fit.js";
import { type Marginals, type Pair, pairsOf, type SynthColumn, type SynthPricing } from "./model.js";
import { sampleCodes, type Uniform, writtenValue } from "./sample.js";
import { chooseTree, fixedTree, noiseOf, scoreOf } from "./tree.js";

export interface Chance {
  noise: Noise;
  /** For the choice of pairs: of the same quality as noise. */
  random: RandomBits;
  /** For records. */
  uniform: Uniform;
}

/** @param source cryptographically secure bytes: node:crypto's randomBytes in production */
export function createChance(source: RandomBytes): Chance {
  return { noise: createNoise(source), random: new RandomBits(source), uniform: uniformOf(source) };
}

const BLOCK = 48 * 1024;
const DRAW = 6;

/** 48 bits a draw; records need millions. */
function uniformOf(source: RandomBytes): Uniform {
  let block: DataView = new DataView(new ArrayBuffer(0));
  let at = 0;
  return () => {
    if (at >= block.byteLength) {
      const bytes = source(BLOCK);
      block = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      at = 0;
    }
    const value = block.getUint32(at) * 2 ** 16 + block.getUint16(at + 4);
    at += DRAW;
    return value / 2 ** 48;
  };
}

const cellsOf = (columns: readonly SynthColumn[], [first, second]: Pair): number =>
  columns[first]!.cells.length * columns[second]!.cells.length;

export const deviationOf = (variance: SynthPricing["oneVariance"]): number => Math.sqrt(toNumber(variance));

/** Draws, once: the same counts again are another model, and cost another charge. */
export function fitModel(
  columns: readonly SynthColumn[],
  exact: Marginals,
  pricing: SynthPricing,
  { noise, random }: Pick<Chance, "noise" | "random">,
): TreeModel {
  const noisy = (counts: readonly bigint[], variance: SynthPricing["oneVariance"]): Counts => {
    const draws = noise.gaussianMany(variance, counts.length);
    return Float64Array.from(counts, (n, i) => Number(n + draws[i]!));
  };
  const one = exact.one.map((counts) => noisy(counts, pricing.oneVariance));
  const oneVariance = toNumber(pricing.oneVariance);
  const { twoVariance } = pricing;
  if (!twoVariance) return independent(one, oneVariance);
  const tree = pricing.rate
    ? chooseTree(
        random,
        columns.length,
        scores(columns, exact, pricing, independent(one, oneVariance)),
        pricing.rate,
      )
    : fixedTree(columns.length);
  const places = new Map(pairsOf(columns.length).map((pair, i) => [String(pair), i]));
  const two = tree.map((pair) => ({
    pair,
    noisy: noisy(exact.two[places.get(String(pair))!]!, twoVariance),
  }));
  return fitTree(one, oneVariance, two, toNumber(twoVariance));
}

/** What pairs show beyond what columns on their own do; exact, for the choice alone. */
function scores(
  columns: readonly SynthColumn[],
  exact: Marginals,
  { twoVariance }: SynthPricing,
  alone: TreeModel,
): bigint[] {
  const deviation = deviationOf(twoVariance!);
  return pairsOf(columns.length).map((pair, i) =>
    scoreOf(exact.two[i]!, expectedPair(alone, pair), noiseOf(cellsOf(columns, pair), deviation)),
  );
}

/** Records, in the columns' order and each in its written form. */
export function sampleRecords(
  columns: readonly SynthColumn[],
  model: TreeModel,
  rows: number,
  uniform: Uniform,
): string[][] {
  const codes = sampleCodes(model, rows, uniform);
  return Array.from({ length: rows }, (_, record) =>
    columns.map((column, i) => writtenValue(column, codes[i]![record]!, uniform)),
  );
}

export interface ExpectedError {
  /** Of a column, or of two that are a branch of the tree. */
  columns: string[];
  cells: number;
  /** Standard deviation of each count's noise, in rows. */
  deviation: number;
  /** Share of rows in a wrong cell that noise alone makes, on average and before fitting lessens it; at most 1. */
  share: number;
}

/** What noise does to marginals: from public parameters and the noisy number of rows. */
export function expectedErrors(
  columns: readonly SynthColumn[],
  { total, edges }: Pick<TreeModel, "total" | "edges">,
  { oneVariance, twoVariance }: SynthPricing,
): ExpectedError[] {
  const errorOf = (names: string[], cells: number, deviation: number): ExpectedError => ({
    columns: names,
    cells,
    deviation,
    // half of Σ|noise|: each row too many in a cell is one too few in another
    share: Math.min(1, (cells * deviation * Math.sqrt(2 / Math.PI)) / (2 * total)),
  });
  return [
    ...columns.map(({ name, cells }) => errorOf([name], cells.length, deviationOf(oneVariance))),
    ...edges.map(({ pair }) =>
      errorOf(
        pair.map((i) => columns[i]!.name),
        cellsOf(columns, pair),
        deviationOf(twoVariance!),
      ),
    ),
  ];
}
