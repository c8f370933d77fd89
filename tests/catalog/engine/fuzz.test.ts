/** Mutations of a real file go through the whole engine: a version, or a refusal with a place; never anything else. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { Seeded } from "../../../src/catalog/engine/seeded.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";
import { flchain, importAll, viewOf } from "./support.js";

let engine: Engine;
beforeAll(() => {
  engine = createEngine({ processes: 1 });
});
afterAll(() => engine.close());

const PIECES = [
  ",",
  '"',
  "\n",
  "\r\n",
  "\0",
  "NA",
  "é",
  "中",
  "1e999",
  "99999999999999999999",
  '""',
  ";",
  "\t",
  " ",
  "-",
  "2024-01-01",
  "\ufeff",
  "NaN",
];

function mutate(text: string, random: Seeded): Buffer {
  let out = text;
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(out.length);
    const cut = random.below(3) === 0 ? random.below(30) : 0;
    out = out.slice(0, at) + PIECES[random.below(PIECES.length)]! + out.slice(at + cut);
  }
  const bytes = Buffer.from(out);
  if (random.below(6) === 0) bytes[random.below(bytes.length)] = 128 + random.below(128);
  return bytes;
}

test("150 mutated files", async () => {
  const seed = String(testSeed());
  console.log(`seed ${seed}`);
  const random = new Seeded(seed);
  const base = flchain().split("\n").slice(0, 40).join("\n");
  let accepted = 0;
  for (let i = 0; i < 150; i++) {
    const bytes = mutate(base, random);
    try {
      const version = await importAll(engine, bytes, random.below(2) ? { unitColumn: "id" } : {});
      const view = await viewOf(engine, version);
      // What was accepted is read again as the same.
      expect(await viewOf(engine, await importAll(engine, view))).toBe(view);
      accepted++;
    } catch (error) {
      if (!(error instanceof GloveboxError)) throw error;
      expect([i, error.code, error.params.detail]).toEqual([
        i,
        "invalid_input",
        expect.stringMatching(/^(line \d+|column \d+|content|[^:]+): /),
      ]);
    }
  }
  console.log(`${accepted} accepted, ${150 - accepted} refused`);
  expect(accepted).toBeGreaterThan(10);
});
