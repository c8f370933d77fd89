/** Shared by the engine's tests: the example data, and small ways to call a real engine. */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "@jest/globals";
import type {
  DeclaredColumn,
  Engine,
  Imported,
  ReadOptions,
  ScanHit,
  ViewSpec,
} from "../../../src/catalog/engine/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";

export const FLCHAIN = join(packageRoot(), "examples/data/flchain.csv");
export const flchain = (): string => readFileSync(FLCHAIN, "utf8");
export const flchainStream = (): Readable => createReadStream(FLCHAIN);

export const streamOf = (content: string | Buffer): Readable => Readable.from([Buffer.from(content)]);

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface Options {
  declared?: DeclaredColumn[];
  unitColumn?: string;
  maxRowsPerUnit?: number;
  unitIndex?: Buffer;
  options?: ReadOptions;
}

export interface Version extends Omit<Imported, "parquet" | "unitIndex" | "dispose"> {
  parquet: Buffer;
  unitIndex: Buffer;
}

/** Imports and reads everything that comes back. */
export async function importAll(
  engine: Engine,
  content: string | Buffer | Readable,
  options: Options = {},
): Promise<Version> {
  const imported = await engine.importCsv({
    source: content instanceof Readable ? content : streamOf(content),
    declared: options.declared ?? [],
    options: options.options,
    unitColumn: options.unitColumn,
    maxRowsPerUnit: options.maxRowsPerUnit ?? 1,
    unitIndex: options.unitIndex ? streamOf(options.unitIndex) : undefined,
  });
  const { dispose: _, ...rest } = imported;
  const parquet = await bytesOf(imported.parquet);
  return { ...rest, parquet, unitIndex: await bytesOf(imported.unitIndex) };
}

export async function viewOf(engine: Engine, version: Version, drop: string[] = []): Promise<string> {
  const spec: ViewSpec = {
    columns: version.columns.map(({ name }) => ({ name, treatment: drop.includes(name) ? "drop" : "as_is" })),
  };
  const view = await engine.materialise({ parquet: streamOf(version.parquet), spec });
  return (await bytesOf(view.csv)).toString("utf8");
}

/** As streams, which are looked through with a version sent along, and as bytes, with one that is open: it is one. */
export async function scanTexts(
  engine: Engine,
  version: Version,
  texts: Record<string, string | Buffer>,
  unitColumn?: string,
): Promise<ScanHit[]> {
  const key = createHash("sha256").update(version.parquet).digest("hex");
  const scan = (contentOf: (content: string | Buffer) => Readable | Buffer) =>
    engine.scan({
      version: { key, parquet: () => streamOf(version.parquet) },
      columns: version.columns,
      unitColumn,
      texts: Object.entries(texts).map(([name, content]) => ({ name, content: contentOf(content) })),
    });
  const hits = await scan(streamOf);
  expect(await scan((content) => Buffer.from(content))).toEqual(hits);
  return hits;
}

/** The error of a call that must fail. */
export async function errorOf(work: Promise<unknown>): Promise<GloveboxError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof GloveboxError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

export const typesOf = (version: Version): Record<string, string> =>
  Object.fromEntries(version.columns.map(({ name, type }) => [name, type]));
