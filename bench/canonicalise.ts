/**
 * What checking a file costs, type by type, in MB of the file as written a second: reading it strictly and rebuilding
 * it. For CSV also the search for the example data's own values, against a plain parse and write of the same file by
 * the same CSV library: these on the clock, in turns. Other types in processor time, one file after another. Medians;
 * starting a checker is measured elsewhere.
 */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { parquetWriteBuffer } from "hyparquet-writer";
import { PNG } from "pngjs";
import { createEngine } from "../src/catalog/engine/index.js";
import type { Result } from "../src/cli/bench.js";
import { loadCanonicaliser } from "../src/privacy/disclosure/canonicalisers/index.js";
import { writeZip } from "../src/privacy/disclosure/canonicalisers/zip.js";
import { rebuildWith } from "../src/privacy/disclosure/rebuild.js";
import { type Canonical, defaultPolicy, mediaTypeOf } from "../src/privacy/index.js";
import { packageRoot } from "../src/store/index.js";

export const name = "canonicalise";

const ASKED = 3;
/** A grade whose limits let a large file through. */
const policy = { ...defaultPolicy(1), max_csv_rows: 2_000_000, max_csv_cells: 20_000_000 };

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Milliseconds, the two in turns. */
async function inTurns(rounds: number, ...works: (() => unknown)[]): Promise<number[]> {
  const times = works.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, work] of works.entries()) {
      const began = performance.now();
      await work();
      times[i]!.push(performance.now() - began);
    }
  }
  return times.map(median);
}

/** Milliseconds of this process's processor time. */
async function processorTime(rounds: number, work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1_000);
  }
  return median(times);
}

async function checked(name: string, bytes: Buffer): Promise<Canonical> {
  const canonicalise = await loadCanonicaliser(mediaTypeOf(name)!.canonicaliser);
  const got = rebuildWith(canonicalise, name, bytes, policy);
  if (got.canonical === undefined) throw new Error(`${name}: ${got.findings[0]?.message}`);
  return got;
}

/** Numbers that look random and are the same each time. */
function* noise(): Generator<number> {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

function take(source: Generator<number>): number {
  return source.next().value as number;
}

/** A table of results: labels, counts, and numbers with all their digits. */
function results(rows: number): string {
  const source = noise();
  const lines = Array.from({ length: rows }, (_, i) => {
    const numbers = Array.from({ length: 6 }, () => take(source) * 1_000);
    return `group ${i % 50},${i % 2 === 0 ? "F" : "M"},${10 + Math.floor(take(source) * 5_000)},${numbers.join(",")}`;
  });
  return `group,sex,n,a,b,c,d,e,f\n${lines.join("\n")}\n`;
}

async function csv(rounds: number, rows: number): Promise<Result[]> {
  const bytes = Buffer.from(results(rows));
  const engine = createEngine({ processes: 1, memoryMb: 512, threads: 2 });
  try {
    const data = await engine.importCsv({
      source: createReadStream(join(packageRoot(), "examples/data/flchain.csv")),
      declared: [],
      unitColumn: "id",
      maxRowsPerUnit: 1,
    });
    const parquet: Buffer[] = [];
    const read = async () => {
      for await (const part of data.parquet) parquet.push(part as Buffer);
    };
    const drained = async () => {
      for await (const _ of data.unitIndex);
    };
    await Promise.all([read(), drained()]);
    const scan = async () => {
      const { texts } = await checked("t.csv", bytes);
      await engine.scan({
        version: { key: "flchain", parquet: () => Readable.from(parquet) },
        columns: data.columns,
        unitColumn: "id",
        texts: texts.map(({ name, content }) => ({ name, content: Readable.from([content]) })),
      });
    };
    const plain = () => stringify(parse(bytes));
    const [rebuilt, searched, peer] = await inTurns(rounds, () => checked("t.csv", bytes), scan, plain);
    const rate = (ms: number) => bytes.length / 1_000 / ms;
    const against = (what: string, ms: number, asked?: Result["asked"]): Result => ({
      name: `${what}, ${(bytes.length / 1e6).toFixed(1)} MB`,
      value: rate(ms),
      unit: "MB/s",
      peer: { name: "plain parse and write", value: rate(peer!) },
      ratio: ms / peer!,
      ...(asked === undefined ? {} : { asked }),
    });
    return [
      against("CSV, rebuilt", rebuilt!),
      against("CSV, rebuilt and searched for the data's values, time", searched!, { at_most: ASKED }),
    ];
  } finally {
    await engine.close();
  }
}

function png(side: number): Buffer {
  const picture = new PNG({ width: side, height: side });
  for (let i = 0; i < picture.data.length; i++)
    picture.data[i] = i % 4 === 3 ? 255 : ((i >> 6) * 7 + (i >> 12)) & 255;
  return PNG.sync.write(picture, { colorType: 2 });
}

function npy(values: Float64Array): Buffer {
  const dict = `{'descr': '<f8', 'fortran_order': False, 'shape': (${values.length / 8}, 8), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00v\x00${dict.padEnd(117)}\n`, "latin1");
  return Buffer.concat([head, Buffer.from(values.buffer)]);
}

function safetensors(values: Float32Array): Buffer {
  const header = JSON.stringify({
    w: { dtype: "F32", shape: [values.length], data_offsets: [0, values.length * 4] },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header), Buffer.from(values.buffer)]);
}

function onnx(values: Float32Array): Buffer {
  const varint = (n: number): number[] => (n > 127 ? [(n & 127) | 128, ...varint(n >>> 7)] : [n]);
  const field = (number: number, content: Buffer | string) => {
    const bytes = Buffer.from(content);
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);
  };
  const tensor = Buffer.concat([
    Buffer.from([8, ...varint(values.length), 16, 1]),
    field(8, "w"),
    field(9, Buffer.from(values.buffer)),
  ]);
  const node = Buffer.concat([field(1, "x"), field(1, "w"), field(2, "y"), field(4, "Add")]);
  const graph = [field(1, node), field(5, tensor), field(11, field(1, "x")), field(12, field(1, "y"))];
  return Buffer.concat([
    Buffer.from([8, 8]),
    field(7, Buffer.concat(graph)),
    field(8, Buffer.from([16, 17])),
  ]);
}

/** A file of each type, of about a few megabytes. */
async function files(size: number): Promise<[string, Buffer][]> {
  const source = noise();
  const doubles = Float64Array.from({ length: size * 100_000 }, () => take(source));
  const rows = results(size * 6_000);
  const lines = rows.trimEnd().split("\n");
  const path = Array.from({ length: size * 40_000 }, () => `L ${take(source) * 500} ${take(source) * 500}`);
  const cells = lines.map((line) => `<tr><td>${line.replaceAll(",", "</td><td>")}</td></tr>`);
  const picture = png(size * 500);
  const { default: jpeg } = await import("jpeg-js");
  const decoded = PNG.sync.read(picture);
  return [
    ["a.json", Buffer.from(JSON.stringify(lines.map((line) => line.split(","))))],
    ["a.md", Buffer.from(rows)],
    ["a.png", picture],
    ["a.jpeg", jpeg.encode({ data: decoded.data, width: decoded.width, height: decoded.height }, 85).data],
    [
      "a.svg",
      Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg"><path d="M 0 0 ${path.join(" ")}"/></svg>`),
    ],
    ["a.html", Buffer.from(`<!DOCTYPE html><table>${cells.join("\n")}</table>`)],
    ["a.parquet", parquetOf(doubles)],
    ["a.onnx", onnx(Float32Array.from(doubles))],
    ["a.npz", writeZip([{ name: "a.npy", content: npy(doubles) }])],
    ["a.safetensors", safetensors(Float32Array.from(doubles))],
  ];
}

function parquetOf(values: Float64Array): Buffer {
  const columns = Array.from({ length: 5 }, (_, c) => ({
    name: `c${c}`,
    data: Array.from(values.subarray((c * values.length) / 5, ((c + 1) * values.length) / 5)),
    type: "DOUBLE" as const,
  }));
  return Buffer.from(parquetWriteBuffer({ columnData: columns }));
}

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const rounds = quick ? 3 : 5;
  const found = await csv(rounds, quick ? 20_000 : 80_000);
  for (const [name, bytes] of await files(quick ? 1 : 4)) {
    const ms = await processorTime(rounds, () => checked(name, bytes));
    found.push({
      name: `.${mediaTypeOf(name)!.extension}, ${(bytes.length / 1e6).toFixed(1)} MB`,
      value: bytes.length / 1_000 / ms,
      unit: "MB/s of processor time",
    });
  }
  return found;
}
