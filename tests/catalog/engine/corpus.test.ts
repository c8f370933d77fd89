/**
 * The corpus of bad and hostile content: each is refused with what expect.json says, in time, and nothing stays behind.
 * `WRITE_VECTORS=1` writes the files and what was said of them anew; what it wrote is then to be read by a person.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { enginesOf } from "../../promises/engine/processes.js";
import { CASES, type Case, VALID } from "./corpus.js";
import { importAll, streamOf, typesOf, viewOf } from "./support.js";

const VECTORS = join(packageRoot(), "tests/vectors/import");
const WRITE = process.env.WRITE_VECTORS === "1";

interface Said {
  code: string;
  detail: string | undefined;
}
interface Read {
  file: unknown;
  types: Record<string, string>;
  view: string;
}

function expectations<T>(folder: string): { of: Record<string, T>; save(): void } {
  const path = join(VECTORS, folder, "expect.json");
  const of: Record<string, T> = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  const save = (): void => {
    const sorted = Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileSync(path, `${JSON.stringify(sorted, null, 2)}\n`);
  };
  return { of, save };
}
const refusals = expectations<Said>("invalid");
const readings = expectations<Read>("valid");

let engine: Engine;
beforeAll(async () => {
  engine = createEngine({ processes: 1, importBytes: 64 * 1024 * 1024 });
  await importAll(engine, "a\n1\n");
});
afterAll(async () => {
  await engine.close();
  if (!WRITE) return;
  refusals.save();
  readings.save();
});

/** Small cases lie as files; those are read, so that a change in how they are made changes nothing. */
async function contentOf(folder: string, given: Case): Promise<Readable | Buffer> {
  const file = join(VECTORS, folder, given.name);
  if (!WRITE && existsSync(file)) return readFileSync(file);
  const content = await given.content();
  if (content instanceof Readable) return content;
  const bytes = Buffer.from(content);
  if (WRITE && !given.name.startsWith("large/")) {
    mkdirSync(join(VECTORS, folder), { recursive: true });
    writeFileSync(file, bytes);
  }
  return bytes;
}

async function refusalOf(given: Case): Promise<Said> {
  const content = await contentOf("invalid", given);
  const source = content instanceof Readable ? content : streamOf(content);
  try {
    const { declared = [], unitColumn, options, sentAs } = given;
    const imported = await engine.importCsv({
      source,
      declared,
      unitColumn,
      options,
      sentAs,
      maxRowsPerUnit: 1,
    });
    imported.dispose();
  } catch (error) {
    if (error instanceof GloveboxError) return { code: error.code, detail: error.params.detail };
    throw error;
  }
  throw new Error("it was taken");
}

/** What lies in the engine's only writable place. It clears up after its answer. */
async function leftBehind(): Promise<string[]> {
  const [pid] = enginesOf(process.pid);
  const list = () => readdirSync(`/proc/${pid}/root/tmp`).filter((name) => name.startsWith("engine-"));
  for (let i = 0; i < 100 && list().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  return list();
}

describe("what is bad is refused, and said to be", () => {
  test.each(CASES.map((given) => [given.name, given] as const))("%s", async (name, given) => {
    const before = enginesOf(process.pid);
    const said = await refusalOf(given);
    if (WRITE) refusals.of[name] = said;
    expect(said).toEqual(refusals.of[name]);
    expect(["invalid_input", "too_large"]).toContain(said.code);
    expect(await leftBehind()).toEqual([]);
    // It was refused in good order: the same process takes the next.
    expect(enginesOf(process.pid)).toEqual(before);
  });

  test("the corpus is of a hundred cases and more, each told from the others", () => {
    expect(CASES.length).toBeGreaterThanOrEqual(100);
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
    expect(Object.keys(refusals.of).sort()).toEqual(CASES.map(({ name }) => name).sort());
  });
});

describe("what is good is read, and it is said how", () => {
  test.each(VALID.map((given) => [given.name, given] as const))("%s", async (name, given) => {
    const version = await importAll(engine, await contentOf("valid", given), given);
    const read: Read = {
      file: version.file,
      types: typesOf(version),
      view: await viewOf(engine, version),
    };
    if (WRITE) readings.of[name] = read;
    expect(read).toEqual(readings.of[name]);
  });
});
