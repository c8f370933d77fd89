/** What is sent while it is written is what was written, or an error. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { growing } from "../../../src/catalog/engine/process/growing.js";

const folder = mkdtempSync(join(tmpdir(), "growing-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `rows-${files++}.csv`);
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function read(path: string, written: Promise<void>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of growing(path, written)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test("a file made late and written in parts comes whole", async () => {
  const path = newPath();
  const parts = Array.from({ length: 50 }, (_, i) => `${i},`.repeat(i * 500));
  const write = async () => {
    await turn();
    for (const part of parts) {
      appendFileSync(path, part);
      await turn();
    }
  };
  expect(await read(path, write())).toBe(parts.join(""));
});

test("a file written before anyone looks, and an empty one, come as they are", async () => {
  const [full, empty] = [newPath(), newPath()];
  writeFileSync(full, "a,b\n");
  writeFileSync(empty, "");
  expect(await read(full, Promise.resolve())).toBe("a,b\n");
  expect(await read(empty, Promise.resolve())).toBe("");
});

test("a writer that fails midway ends in its error, never in a shorter file", async () => {
  const path = newPath();
  writeFileSync(path, "a,b\n");
  const fail = async () => {
    await turn();
    throw new Error("no room");
  };
  await expect(read(path, fail())).rejects.toThrow("no room");
  await expect(read(newPath(), fail())).rejects.toThrow("no room");
});
