/** Attack: make the engine fail in every way a file can, and look for a planted value in all that it says. */

import { join } from "node:path";
import { PassThrough } from "node:stream";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "@jest/globals";
import { EngineProcess } from "../../../src/catalog/engine/exchange.js";
import { createEngine, type DeclaredColumn } from "../../../src/catalog/engine/index.js";
import type { RequestOf } from "../../../src/catalog/engine/protocol.js";
import { spawnConfined, stderrTail } from "../../../src/sandbox/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { workbookOf, zipOf } from "../../catalog/engine/files.js";
import { bytesOf, importAll, streamOf } from "../../catalog/engine/support.js";

const WORD = "CANARY7f3a9word";
const NUMBER = "918273645546372";
const MARKS = [
  WORD,
  NUMBER,
  Buffer.from(WORD).toString("base64").slice(2, 14),
  Buffer.from(WORD).toString("hex"),
];

/** An engine process whose every byte out is kept. */
function tapped() {
  const child = spawnConfined({
    profile: "engine",
    entry: join(packageRoot(), "dist/catalog/engine/process/main.js"),
    args: ["--memory-mb=200", "--threads=1"],
    memoryMb: 1024,
    tmpMb: 256,
  });
  const said: Buffer[] = [];
  const stdout = new PassThrough({ highWaterMark: 64 * 1024 * 1024 });
  child.stdout!.on("data", (chunk: Buffer) => {
    said.push(chunk);
    stdout.write(chunk);
  });
  child.stdout!.on("end", () => stdout.end());
  child.stderr!.on("data", (chunk: Buffer) => said.push(chunk));
  const seen = Object.create(child, { stdout: { value: stdout } }) as typeof child;
  const process = new EngineProcess(seen);
  return { process, said: () => Buffer.concat(said).toString("latin1") + stderrTail(child) };
}

let running: EngineProcess | undefined;
afterEach(async () => {
  running?.kill();
  await running?.gone;
  running = undefined;
});

/** All that a thrown error could show: its text, its params, its causes, its stack. */
const everything = (error: unknown): string =>
  JSON.stringify(error) + inspect(error, { depth: 10, showHidden: true }) + String((error as Error).stack);

function expectSilent(text: string): void {
  for (const mark of MARKS) expect(text).not.toContain(mark);
}

async function attack(request: RequestOf<"import"> | RequestOf<"materialise">, inputs: (string | Buffer)[]) {
  const { process, said } = tapped();
  running = process;
  const console_ = { log: console.log, error: console.error, warn: console.warn };
  const logged: unknown[] = [];
  for (const name of ["log", "error", "warn"] as const)
    console[name] = (...args: unknown[]) => void logged.push(args);
  let caught: unknown;
  try {
    expect(await process.offer(request, 60_000)).toBe(true);
    await process.complete(request.op, inputs.map(streamOf), () => undefined);
  } catch (error) {
    caught = error;
  } finally {
    Object.assign(console, console_);
  }
  expect(caught).toBeDefined();
  expectSilent(everything(caught));
  expectSilent(said());
  expectSilent(inspect(logged));
  return caught as { code: string };
}

const importOf = (more: Partial<RequestOf<"import">> = {}): RequestOf<"import"> => ({
  op: "import",
  declared: [],
  options: {},
  max_rows_per_unit: 1,
  max_bytes: 10_000_000,
  inputs: ["source"],
  ...more,
});
const declared = (column: DeclaredColumn) => importOf({ declared: [column] });

describe("no failing import says a value", () => {
  const row = `${WORD},${NUMBER}`;
  const cases: [string, RequestOf<"import">, string | Buffer][] = [
    ["a ragged row", importOf(), `a,b\n${row},${WORD}\n`],
    ["a quote never closed", importOf(), `a,b\n"${row}\n${row}\n`],
    ["a quote in the middle", importOf(), `a,b\n${WORD}"x,1\n`],
    ["text after a quote", importOf(), `a,b\n"${WORD}"x,1\n`],
    ["a lone carriage return", importOf(), `a,b\n${WORD}\r${NUMBER},1\n`],
    ["a NUL", importOf(), `a,b\n${WORD}\0,1\n`],
    [
      "broken UTF-8",
      importOf(),
      Buffer.concat([Buffer.from(`a,b\n${WORD},`), Buffer.from([0xff]), Buffer.from("\n")]),
    ],
    ["a cell too long", importOf(), `a,b\n${WORD.repeat(80_000)},1\n`],
    ["values as headers", importOf(), `${WORD},${WORD}\n1,2\n`],
    ["a declared whole number", declared({ name: "a", type: "integer" }), `a,b\n${row}\n`],
    ["a declared boolean", declared({ name: "b", type: "boolean" }), `a,b\n${row}\n`],
    ["a declared date", declared({ name: "a", type: "date" }), `a,b\n${row}\n`],
    ["a declared time", declared({ name: "a", type: "timestamp" }), `a,b\n${row}\n`],
    ["a number that overflows", declared({ name: "b", type: "integer" }), `a,b\n1,${NUMBER}${NUMBER}\n`],
    ["a decimal that overflows", declared({ name: "b", type: "decimal" }), `a,b\n1,${NUMBER}e999\n`],
    ["bounds", declared({ name: "b", bounds: ["0", "1"] }), `a,b\n${row}\n`],
    ["categories", declared({ name: "a", categories: ["x"] }), `a,b\n${row}\n`],
    ["a unit with too many rows", importOf({ unit_column: "a" }), `a,b\n${row}\n${row}\n`],
    ["a row without a unit", importOf({ unit_column: "a" }), `a,b\n,${NUMBER}\n`],
    ["a header of numbers", importOf(), `${NUMBER},2\n${row}\n`],
    [
      "a value declared in another form",
      declared({ name: "b", type: "date" }),
      `a,b\n${WORD},2024年3月5日\n${row}\n`,
    ],
    ["JSON that is not", importOf(), `{"a":"${WORD}","b":${NUMBER}x}\n`],
    ["JSON within JSON", importOf(), `{"a":"${WORD}","b":{"c":${NUMBER}}}\n`],
    ["JSON with an escape that is none", importOf(), `{"a":"${WORD}\\x"}\n`],
    ["a gzip cut short", importOf(), gzipSync(`a,b\n${row}\n`).subarray(0, 20)],
    ["a zip of two files", importOf(), zipOf({ [WORD]: row, b: row })],
    [
      "a workbook's error",
      importOf(),
      workbookOf({
        s: [
          ["a", "b"],
          [WORD, { raw: `<c t="e"><v>${WORD}</v></c>` }],
        ],
      }),
    ],
    [
      "a workbook's broken text",
      importOf(),
      workbookOf({ s: [["a"], [{ raw: `<c t="str"><v>${WORD}&${WORD};</v></c>` }]] }),
    ],
    ["a Parquet that is none", importOf(), `PAR1${WORD}${NUMBER}PAR1`],
    [
      "a GBK file that breaks",
      importOf(),
      Buffer.concat([Buffer.from(`a,b\n${WORD},`), Buffer.from([0xc4, 0xe3, 0xff, 0x0a])]),
    ],
    ["too many bytes", importOf({ max_bytes: 10 }), `a,b\n${row}\n`],
  ];
  test.each(cases)("%s", async (_, request, content) => {
    const { code } = await attack(request, [content]);
    expect(["invalid_input", "too_large"]).toContain(code);
  });

  test("a unit index that is no Parquet", async () => {
    const request = importOf({ unit_column: "a", inputs: ["unit_index", "source"] });
    expect((await attack(request, [`PAR1${WORD}${NUMBER}PAR1`, `a,b\n${row}\n`])).code).toBe("internal");
  });

  test("a unit index whose columns are others", async () => {
    const engine = createEngine({ processes: 1 });
    const other = await importAll(engine, `unit,ordinal\n${WORD},${WORD}\n`);
    await engine.close();
    const request = importOf({ unit_column: "a", inputs: ["unit_index", "source"] });
    expect((await attack(request, [other.parquet, `a,b\n${row}\n`])).code).toBe("internal");
  });
});

describe("no broken version says a value", () => {
  const spec = (names: string[]): RequestOf<"materialise"> => ({
    op: "materialise",
    spec: { columns: names.map((name) => ({ name, treatment: "as_is" })) },
    inputs: ["parquet"],
  });
  test("flipped and cut bytes all through the Parquet", async () => {
    const engine = createEngine({ processes: 1 });
    const { parquet } = await importAll(engine, `a,b\n${`${WORD},${NUMBER}\n`.repeat(50)}`);
    for (let at = 0; at < parquet.length; at += Math.ceil(parquet.length / 40)) {
      const flipped = Buffer.from(parquet);
      flipped[at]! ^= 0x55;
      for (const broken of [flipped, parquet.subarray(0, at)]) {
        const outcome = await engine
          .materialise({ parquet: streamOf(broken), spec: spec(["a", "b"]).spec })
          .then((view) => bytesOf(view.csv))
          .catch((error: unknown) => error);
        if (outcome instanceof Error) expectSilent(everything(outcome));
      }
    }
    await engine.close();
  }, 60_000);

  test("a View that does not fit", async () => {
    const engine = createEngine({ processes: 1 });
    const { parquet } = await importAll(engine, `a,b\n${WORD},${NUMBER}\n`);
    await engine.close();
    await attack(spec(["a", "c"]), [parquet]);
  });
});
