/** The spool: what is told is kept, what lies on the disk is unreadable, and no changed byte passes. */
import { randomBytes } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { openSpool, type Spool, type SpoolMark } from "../../src/store/index.js";
import { createSealer } from "../../src/store/sealer.js";
import { type TempDir, tempDir } from "../harness/index.js";
import { testSeed } from "../harness/seed.js";

let place: TempDir;
let spool: Spool;
const keys = { sealer: createSealer(Buffer.alloc(32, 7)) };
beforeEach(() => {
  place = tempDir("spool");
  spool = openSpool(place.path, keys);
});
afterEach(() => place.remove());

const FRAME = 64 * 1024;
const path = (name: string) => join(place.path, "spool", name);
const nothing = () => {};
const of = (...pieces: Buffer[]) => Readable.from(pieces) as AsyncIterable<Buffer>;

/** Gives its pieces, then breaks off. */
async function* breakingOff(...pieces: Buffer[]): AsyncIterable<Buffer> {
  yield* pieces;
  throw new Error("broke off");
}

async function filled(name: string, ...parts: Buffer[]): Promise<SpoolMark> {
  let mark = await spool.create(name);
  for (const part of parts) mark = await spool.append(name, mark, of(part), nothing);
  return mark;
}

describe("what was sent in parts", () => {
  test("is read as one, whatever the parts were", async () => {
    const seed = testSeed();
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 3 * FRAME }), { maxLength: 5 }), async (lengths) => {
        const name = `file${n++}`;
        const parts = lengths.map((length) => randomBytes(length));
        const mark = await filled(name, ...parts);
        expect(mark.bytes).toBe(lengths.reduce((a, b) => a + b, 0));
        expect((await buffer(spool.read(name, mark))).equals(Buffer.concat(parts))).toBe(true);
      }),
      { seed, numRuns: 25 },
    );
  });

  test("is on the disk as ciphertext alone, readable by its owner alone", async () => {
    const canary = Buffer.from("Zhang-San-510102199003071234,".repeat(5000));
    await filled("file", canary, canary);
    for (const name of readdirSync(place.path, { recursive: true, encoding: "utf8" })) {
      const file = join(place.path, name);
      if (statSync(file).isFile()) expect(readFileSync(file).includes("Zhang-San")).toBe(false);
    }
    expect(statSync(path("file")).mode & 0o777).toBe(0o600);
  });

  test("is kept when the sender breaks off, to the last byte that came, and told once it is synced", async () => {
    const start = await spool.create("file");
    const told: SpoolMark[] = [];
    const pieces = [randomBytes(5 * 1024 * 1024), randomBytes(100)];
    await expect(
      spool.append("file", start, breakingOff(...pieces), (mark) => told.push(mark)),
    ).rejects.toThrow("broke off");
    expect(told.map(({ bytes }) => bytes)).toEqual([4 * 1024 * 1024, 5 * 1024 * 1024 + 100]);
    expect((await buffer(spool.read("file", told.at(-1)!))).equals(Buffer.concat(pieces))).toBe(true);
  });

  test("behind the mark, as a crash leaves it, is cut off and sent anew under other nonces", async () => {
    const mark = await filled("file", randomBytes(1000));
    const again = randomBytes(1000);
    await spool.append("file", mark, of(again), nothing);
    const lost = readFileSync(path("file")).subarray(mark.sealed);
    appendFileSync(path("file"), "half a frame");
    const whole = await spool.append("file", mark, of(again), nothing);
    const written = readFileSync(path("file")).subarray(mark.sealed);
    expect(written.length).toBe(lost.length);
    expect(written.subarray(4, 16).equals(lost.subarray(4, 16))).toBe(false);
    expect((await buffer(spool.read("file", whole))).subarray(1000).equals(again)).toBe(true);
  });

  test("of no byte is read as none", async () => {
    const mark = await filled("file");
    expect((await buffer(spool.read("file", mark))).length).toBe(0);
  });

  test("is not mixed with what a failing disk left out", async () => {
    const start = await spool.create("file");
    const told: SpoolMark[] = [];
    const source = async function* () {
      yield randomBytes(FRAME);
      yield randomBytes(FRAME / 2);
    };
    const full = () => {
      throw Object.assign(new Error("no room"), { code: "ENOSPC" });
    };
    await expect(spool.append("file", start, source(), full)).rejects.toMatchObject({
      code: "insufficient_storage",
    });
    expect(statSync(path("file")).size).toBe(start.sealed);
    const mark = await spool.append("file", start, of(Buffer.from("whole")), (m) => told.push(m));
    expect((await buffer(spool.read("file", mark))).toString()).toBe("whole");
  });
});

describe("a file that was tampered with", () => {
  const reading = async (mark: SpoolMark) => {
    try {
      await buffer(spool.read("file", mark));
      return "read";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  test("is refused at any changed byte", async () => {
    const mark = await filled("file", randomBytes(300), randomBytes(FRAME), randomBytes(20));
    const bytes = readFileSync(path("file"));
    for (let at = 0; at < bytes.length; at += at < 150 || at > bytes.length - 100 ? 1 : 997) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      writeFileSync(path("file"), changed);
      expect([at, await reading(mark)]).toEqual([at, "internal"]);
    }
  });

  test("is refused when frames change places, are dropped, repeated or come from another", async () => {
    let mark = await spool.create("file");
    const cuts = [mark.sealed];
    for (let i = 0; i < 3; i++) {
      mark = await spool.append("file", mark, of(randomBytes(500)), nothing);
      cuts.push(mark.sealed);
    }
    await filled("other", randomBytes(500), randomBytes(500), randomBytes(500));
    const bytes = readFileSync(path("file"));
    const other = readFileSync(path("other"));
    const [head, a, b, c] = [0, ...cuts].map((at, i) => bytes.subarray(at, cuts[i]));
    const foreign = other.subarray(cuts[0], cuts[1]);
    for (const parts of [
      [b, a, c],
      [a, a, c],
      [a, b],
      [a, c, b],
      [foreign, b, c],
      [a, b, c, c],
    ]) {
      const made = Buffer.concat([head!, ...parts.map((part) => part!)]);
      writeFileSync(path("file"), made);
      expect(await reading({ ...mark, sealed: made.length })).toBe("internal");
    }
    writeFileSync(path("file"), Buffer.concat([other.subarray(0, cuts[0]), bytes.subarray(cuts[0])]));
    expect(await reading(mark)).toBe("internal");
  });

  test("or cut, does not reach to its mark", async () => {
    const mark = await filled("file", randomBytes(500));
    expect(spool.reaches("file", mark)).toBe(true);
    truncateSync(path("file"), mark.sealed - 1);
    expect(spool.reaches("file", mark)).toBe(false);
    expect(await reading(mark)).toBe("internal");
    await expect(spool.append("file", mark, of(Buffer.from("x")), nothing)).rejects.toMatchObject({
      code: "internal",
    });
  });
});

test("a name leads nowhere else", async () => {
  for (const name of ["../x", "a/b", "", ".", "a.b", "x".repeat(65)])
    await expect(spool.create(name)).rejects.toMatchObject({ code: "internal" });
  await spool.create("one");
  expect(spool.list()).toEqual(["one"]);
  spool.remove("one");
  spool.remove("one");
  expect(spool.list()).toEqual([]);
});
