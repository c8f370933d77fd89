/** Exact counts of a version's cells, from the engine. They go to the noise, or to the data's owner, and nowhere else. */
import {
  type Coded,
  countsOf,
  type EmittedQuery,
  emitMarginal,
  emitRecords,
  type Marginals,
  pairsOf,
  type SynthColumn,
} from "../../privacy/index.js";
import type { Vault } from "../../store/index.js";
import type { VersionRow } from "../datasets/rows.js";
import type { Engine, OpenableVersion } from "../engine/index.js";
import { openable } from "../queries/exact.js";

interface Parts {
  engine: Engine;
  vault: Vault;
}

type Columns = readonly SynthColumn[];

const asking =
  ({ engine, vault }: Parts, version: VersionRow) =>
  async ({ sql, parameters }: EmittedQuery, maxRows: number) => {
    const [open] = openable(vault, [version]);
    const input = { version: open as OpenableVersion, sql, parameters, maxRows, planned: true };
    return (await engine.query(input)).rows;
  };

const sizeOf = (columns: Columns): number => columns.reduce((n, { cells }) => n * cells.length, 1);

/** Of every column and every pair, each by a statement of its own. */
export async function exactMarginals(
  parts: Parts,
  version: VersionRow,
  columns: Columns,
): Promise<Marginals> {
  const ask = asking(parts, version);
  const count = async (of: Columns) => countsOf(of, await ask(emitMarginal(of), sizeOf(of)));
  const one: bigint[][] = [];
  for (const column of columns) one.push(await count([column]));
  const two: bigint[][] = [];
  for (const [first, second] of pairsOf(columns.length))
    two.push(await count([columns[first] as SynthColumn, columns[second] as SynthColumn]));
  return { one, two };
}

/** Cells of single rows, in two halves without a unit in common; at most `most` rows together. */
export async function codedRows(
  parts: Parts,
  version: VersionRow,
  columns: Columns,
  most: number,
): Promise<{ train: Coded[]; test: Coded[] }> {
  const rows = await asking(parts, version)(emitRecords(columns, most), most);
  const codes = rows.map(([isTest, ...cells]) => ({
    isTest: isTest === true,
    coded: cells.map((cell) => (cell === null ? undefined : Number(cell))),
  }));
  const half = (wanted: boolean) => codes.filter(({ isTest }) => isTest === wanted).map(({ coded }) => coded);
  return { train: half(false), test: half(true) };
}
