import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type Keys,
  openKeys,
  openSealedStream,
  openVault,
  packageRoot,
  type Vault,
} from "../../src/store/index.js";

let dir: string;
let keys: Keys;
let vault: Vault;
const pathOf = (object: string) => join(dir, "data", "vault", object.slice(0, 2), object.slice(2));
const all = async (stream: Readable) => Buffer.concat((await stream.toArray()) as Buffer[]);
const drafts = () => readdirSync(join(dir, "data", "vault", "tmp"));
const HEADER = 8 + 41 + 32;
const CHUNK = 64 * 1024 + 16;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vault-"));
  keys = openKeys(join(dir, "data"), { keyFile: join(dir, "key") });
  vault = openVault(join(dir, "data"), keys);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function expectDamaged(object: string): Promise<void> {
  const read = async () => vault.read(object, 1e9);
  await expect(read()).rejects.toMatchObject({ code: "internal" });
  const stream = async () => all(vault.get(object));
  await expect(stream()).rejects.toMatchObject({ code: "internal" });
}

describe("what was put comes back", () => {
  const sizes = [0, 1, 65535, 65536, 65537, 131072, 300_000, 1_200_000];
  test.each(sizes)("%i bytes, as a buffer and as a stream", async (size) => {
    const content = randomBytes(size);
    const put = await vault.put(content);
    expect(put.sha256).toBe(createHash("sha256").update(content).digest("hex"));
    expect(put.bytes).toBe(size);
    expect((await all(vault.get(put.object))).equals(content)).toBe(true);
    expect((await vault.read(put.object, size)).equals(content)).toBe(true);
    const again = await vault.put(Readable.from([content.subarray(0, 7), content.subarray(7)]));
    expect(again).toEqual(put);
    const opened = await all(vault.sealed(put.object).pipe(openSealedStream(vault.dataKey(put.object))));
    expect(opened.equals(content)).toBe(true);
  });

  test("the same content is kept once; list, has and delete agree", async () => {
    const a = await vault.put(Buffer.from("one"));
    const b = await vault.put(Buffer.from("two"));
    await vault.put(Buffer.from("one"));
    expect([...vault.list()].sort()).toEqual([a.object, b.object].sort());
    vault.delete(a.object);
    expect(vault.has(a.object)).toBe(false);
    expect([...vault.list()]).toEqual([b.object]);
    expect(() => vault.get(a.object)).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("a long object streams through in constant memory", async () => {
    const block = randomBytes(1 << 20);
    const source = Readable.from(
      (function* () {
        for (let i = 0; i < 96; i++) yield block;
      })(),
    );
    const before = process.memoryUsage().rss;
    let peak = before;
    const { object, bytes } = await vault.put(source);
    let seen = 0;
    for await (const part of vault.get(object) as AsyncIterable<Buffer>) {
      seen += part.length;
      peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(seen).toBe(bytes);
    expect(peak - before).toBeLessThan(80 << 20);
  });

  test("a reader that stops early closes the file, and read() keeps to its limit", async () => {
    const { object } = await vault.put(randomBytes(1 << 20));
    const stream = vault.get(object);
    for await (const _ of stream) break;
    expect(stream.destroyed).toBe(true);
    await expect(vault.read(object, 1000)).rejects.toMatchObject({ code: "too_large" });
  });
});

describe("an address reveals nothing", () => {
  test("it is neither the content's hash nor the same on another node", async () => {
    const content = Buffer.from("a guessable value");
    const here = await vault.put(content);
    expect(here.object).not.toBe(here.sha256);
    const other = openKeys(join(dir, "other"), { keyFile: join(dir, "other.key") });
    const there = await openVault(join(dir, "other"), other).put(content);
    expect(there.object).not.toBe(here.object);
    expect(readFileSync(pathOf(here.object)).includes(content)).toBe(false);
  });

  test.each(["../../keys.json", "..", "", "a", "A".repeat(64), `${"a".repeat(63)}/`])(
    "%j is no address",
    (name) => {
      expect(vault.has(name)).toBe(false);
      expect(() => vault.sealed(name)).toThrow(expect.objectContaining({ code: "not_found" }));
    },
  );
});

describe("no changed byte is ever read", () => {
  test("every byte of a small object, header, body and tag", async () => {
    const { object } = await vault.put(Buffer.from("attack at dawn"));
    const whole = readFileSync(pathOf(object));
    for (let at = 0; at < whole.length; at++) {
      const bad = Buffer.from(whole);
      bad[at]! ^= 1 << (at % 8);
      writeFileSync(pathOf(object), bad);
      await expectDamaged(object);
    }
    writeFileSync(pathOf(object), whole);
    expect((await vault.read(object, 100)).toString()).toBe("attack at dawn");
  });

  test("cut anywhere, or with something added", async () => {
    const { object } = await vault.put(randomBytes(200_000));
    const path = pathOf(object);
    const whole = readFileSync(path);
    const cuts = [
      0,
      7,
      HEADER - 1,
      HEADER,
      HEADER + 15,
      HEADER + CHUNK,
      HEADER + 2 * CHUNK,
      whole.length - 1,
    ];
    for (const length of cuts) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      await expectDamaged(object);
    }
    for (const more of [Buffer.of(0), whole.subarray(HEADER), Buffer.alloc(16)]) {
      writeFileSync(path, Buffer.concat([whole, more]));
      await expectDamaged(object);
    }
  });

  test("chunks swapped, repeated or dropped", async () => {
    const { object } = await vault.put(randomBytes(3 * 65536));
    const whole = readFileSync(pathOf(object));
    const head = whole.subarray(0, HEADER);
    const [a, b, c] = [0, 1, 2].map((i) => whole.subarray(HEADER + i * CHUNK, HEADER + (i + 1) * CHUNK));
    for (const order of [[b, a, c], [a, a, c], [a, c], [b, c], [a, b, c, c], [a, b], [c]]) {
      writeFileSync(pathOf(object), Buffer.concat([head, ...(order as Buffer[])]));
      await expectDamaged(object);
    }
  });

  test("header or whole file taken from another object", async () => {
    const a = await vault.put(randomBytes(1000));
    const b = await vault.put(randomBytes(1000));
    const [fileA, fileB] = [readFileSync(pathOf(a.object)), readFileSync(pathOf(b.object))];
    writeFileSync(pathOf(a.object), Buffer.concat([fileB.subarray(0, HEADER), fileA.subarray(HEADER)]));
    await expectDamaged(a.object);
    writeFileSync(pathOf(a.object), Buffer.concat([fileA.subarray(0, HEADER), fileB.subarray(HEADER)]));
    await expectDamaged(a.object);
    copyFileSync(pathOf(b.object), pathOf(a.object));
    await expectDamaged(a.object);
  });

  test("one who holds an object's data key cannot put other content in its place", async () => {
    const { object } = await vault.put(Buffer.from("true"));
    const key = vault.dataKey(object);
    const { SealChunks } = await import("../../src/store/chunks.js");
    const forged = await all(Readable.from([Buffer.from("false")]).pipe(new SealChunks(key)));
    const head = readFileSync(pathOf(object)).subarray(0, HEADER);
    writeFileSync(pathOf(object), Buffer.concat([head, forged]));
    await expectDamaged(object);
  });

  test("a worker's stream refuses the same, with the data key alone", async () => {
    const { object } = await vault.put(randomBytes(100_000));
    const key = vault.dataKey(object);
    const whole = readFileSync(pathOf(object));
    for (const at of [0, HEADER, HEADER + CHUNK, whole.length - 1]) {
      const bad = Buffer.from(whole);
      bad[at]! ^= 0x80;
      const opened = Readable.from([bad]).pipe(openSealedStream(key));
      await expect(all(opened)).rejects.toMatchObject({ code: "internal" });
    }
    const wrongKey = Readable.from([whole]).pipe(openSealedStream(randomBytes(32)));
    await expect(all(wrongKey)).rejects.toMatchObject({ code: "internal" });
    const short = Readable.from([whole.subarray(0, 40)]).pipe(openSealedStream(key));
    await expect(all(short)).rejects.toMatchObject({ code: "internal" });
  });
});

describe("an object is whole or absent", () => {
  test("a source that fails leaves nothing", async () => {
    const source = new PassThrough();
    const putting = vault.put(source);
    source.write(randomBytes(100_000));
    source.destroy(new Error("connection lost"));
    await expect(putting).rejects.toThrow("connection lost");
    expect([...vault.list()]).toEqual([]);
    expect(drafts()).toEqual([]);
  });

  test("what a crash left in tmp is gone at the next opening", () => {
    const orphan = join(dir, "data", "vault", "tmp", "1-1-abc");
    writeFileSync(orphan, "half an object");
    openVault(join(dir, "data"), keys);
    expect(existsSync(orphan)).toBe(false);
  });

  test("kill -9 in the middle of puts: every object is whole, and every one that was answered for is there", async () => {
    const args = [join(packageRoot(), "tests/store/vault.child.mjs"), join(dir, "data"), join(dir, "key")];
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      const put: string[] = [];
      for await (const object of createInterface({ input: child.stdout })) {
        put.push(object);
        if (put.length === 3 + round) child.kill("SIGKILL");
      }
      vault = openVault(join(dir, "data"), keys);
      for (const object of put) expect(vault.has(object)).toBe(true);
      for (const object of vault.list()) expect((await vault.read(object, 1e6)).length).toBe(200_000);
      expect(drafts()).toEqual([]);
    }
  });
});
