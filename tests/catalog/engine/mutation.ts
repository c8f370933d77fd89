/** Content of the corpus, broken at random, through a real engine: a version, or a refusal in good order. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { createEngine, type ReadOptions } from "../../../src/catalog/engine/index.js";
import { Seeded } from "../../../src/catalog/engine/seeded.js";
import { packageRoot } from "../../../src/store/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { enginesOf } from "../../promises/engine/processes.js";
import { flchain, importAll, viewOf } from "./support.js";

const CANARY = "CANARYq7x";
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
  ";",
  "\t",
  "年",
  "万",
  "{",
  "}",
  "[",
  ":",
  "\\u0000",
  "<!",
  "]]>",
  "&#0;",
  "\ufeff",
  CANARY,
];

function bases(): Buffer[] {
  const found = [Buffer.from(flchain().split("\n").slice(0, 60).join("\n"))];
  for (const folder of ["valid", "invalid"]) {
    const path = join(packageRoot(), "tests/vectors/import", folder);
    if (!existsSync(path)) continue;
    for (const name of readdirSync(path).sort())
      if (name !== "expect.json") found.push(readFileSync(join(path, name)));
  }
  return found;
}

/** Flips, cuts, repeats, inserts, puts numbers at their limits, joins two files. */
function mutate(base: Buffer, other: Buffer, random: Seeded): Buffer {
  let bytes = Buffer.from(base);
  for (let n = 1 + random.below(3); n > 0 && bytes.length > 0; n--) {
    const at = random.below(bytes.length);
    const to = Math.min(bytes.length, at + 1 + random.below(40));
    const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    switch (random.below(7)) {
      case 0:
        bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        bytes = Buffer.concat([before, after]);
        break;
      case 2:
        bytes = Buffer.concat([before, ...Array.from({ length: 1 + random.below(50) }, () => middle), after]);
        break;
      case 3:
        bytes = Buffer.concat([before, Buffer.from(PIECES[random.below(PIECES.length)]!), middle, after]);
        break;
      case 4:
        for (let i = at; i < Math.min(bytes.length, at + 4); i++) bytes[i] = random.below(2) ? 0xff : 0;
        break;
      case 5:
        bytes = Buffer.from(before);
        break;
      default:
        bytes = Buffer.concat([before, other.subarray(random.below(other.length + 1))]);
    }
  }
  return bytes;
}

const OPTIONS: ReadOptions[] = [
  {},
  {},
  {},
  { header: "absent" },
  { encoding: "gb18030" },
  { encoding: "utf-16le" },
  { quote: "none" },
  { decimal: "," },
  { missing: ["1", CANARY] },
  { format: "jsonl" },
];

/** Runs while `more` says so. @returns how many were taken and refused, and how often an engine had to be replaced. */
export async function mutations(seed: string, more: (done: number) => boolean) {
  const engine = createEngine({ processes: 1, importBytes: 32 * 1024 * 1024, deadlineMs: 30_000 });
  const random = new Seeded(seed);
  const files = bases();
  const count = { taken: 0, refused: 0, replaced: 0 };
  try {
    await importAll(engine, "a\n1\n");
    let pid = enginesOf(process.pid)[0];
    for (let i = 0; more(i); i++) {
      const bytes = mutate(files[random.below(files.length)]!, files[random.below(files.length)]!, random);
      const options = OPTIONS[random.below(OPTIONS.length)]!;
      try {
        const version = await importAll(engine, bytes, { options });
        // What was taken reads as itself.
        const view = await viewOf(engine, version);
        expect(view.split("\n").length).toBeGreaterThan(version.rows);
        count.taken++;
      } catch (error) {
        if (!(error instanceof GloveboxError)) throw error;
        const where = {
          i,
          seed,
          bytes: bytes.toString("base64").slice(0, 4000),
          options,
          detail: error.params.detail,
        };
        expect({ ...where, code: error.code }).toEqual({
          ...where,
          code: expect.stringMatching(/^(invalid_input|too_large)$/),
        });
        const said = JSON.stringify(error.params.errors ?? []) + error.params.detail;
        // A header's name is not a value; the canary goes into headers too, and then it may be named.
        if (!bytes.subarray(0, 400).includes(CANARY)) expect(said).not.toContain(CANARY);
        count.refused++;
      }
      const [now] = enginesOf(process.pid);
      if (now !== pid) count.replaced++;
      pid = now;
    }
    const tmp = () => readdirSync(`/proc/${pid}/root/tmp`).filter((name) => name.startsWith("engine-"));
    for (let i = 0; i < 100 && tmp().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(tmp()).toEqual([]);
  } finally {
    await engine.close();
  }
  return count;
}
