import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { withLock } from "../../scripts/setup/lock.mjs";
import { ended } from "../harness/processes.js";
import { type TempDir, tempDir } from "../harness/temp.js";

let folder: TempDir;
beforeEach(() => {
  folder = tempDir("lock");
});
afterEach(() => folder.remove());
const lockFile = () => join(folder.path, "deep", "lock");

/** Another process that takes the lock, says so, and holds it until its stdin ends. */
async function holder(): Promise<ChildProcess> {
  const code = `
    import { withLock } from ${JSON.stringify(join(packageRoot, "scripts/setup/lock.mjs"))};
    await withLock(${JSON.stringify(lockFile())}, async () => {
      console.log("held");
      await new Promise((resolve) => process.stdin.once("end", resolve).resume());
    });`;
  const args = ["--input-type=module", "--eval", code];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  if (!child.stdout) throw new Error("no stdout");
  const lines = createInterface({ input: child.stdout });
  await new Promise((resolve) => lines.once("line", resolve));
  return child;
}

test("only one at a time holds it, in and across processes", async () => {
  const log = join(folder.path, "log");
  const turn = (name: string) =>
    withLock(lockFile(), async () => {
      appendFileSync(log, `${name} in\n`);
      await new Promise((resolve) => setImmediate(resolve));
      appendFileSync(log, `${name} out\n`);
    });
  const other = await holder();
  const turns = ["a", "b", "c"].map(turn);
  appendFileSync(log, "other out\n");
  other.stdin?.end();
  await Promise.all(turns);
  const lines = readFileSync(log, "utf8").trim().split("\n");
  expect(lines[0]).toBe("other out");
  for (let at = 1; at < lines.length; at += 2) expect(lines[at + 1]).toBe(lines[at]?.replace(" in", " out"));
  expect(lines).toHaveLength(7);
});

test("one who waits is told so, and gets it when the holder is killed without warning", async () => {
  const other = await holder();
  let told = () => {};
  const waiting = new Promise<void>((resolve) => {
    told = resolve;
  });
  const mine = withLock(lockFile(), async () => "mine", told);
  await waiting;
  other.kill("SIGKILL");
  await ended(other);
  expect(await mine).toBe("mine");
});

test("an error inside frees it and goes on to the caller", async () => {
  const failing = withLock(lockFile(), async () => {
    throw new Error("inside");
  });
  await expect(failing).rejects.toThrow("inside");
  expect(await withLock(lockFile(), async () => "free")).toBe("free");
});
