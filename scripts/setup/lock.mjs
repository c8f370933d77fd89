/**
 * A lock between processes that no kill can leave behind.
 *
 * The kernel holds it: flock(1) keeps the file locked for as long as the pipe from this process is open, and the
 * kernel closes that pipe however this process ends. So there is no stale lock to recognise, and no polling.
 * Only on Linux: elsewhere nothing is built that two processes could spoil for each other but node_modules.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { privateDir } from "./home.mjs";

/**
 * Runs `work` while holding the lock file; waits as long as another holds it.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once if the lock is not free at once
 * @returns {Promise<T>}
 */
export async function withLock(file, work, onWait) {
  if (process.platform !== "linux") return work();
  const release = await acquire(file, onWait);
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * @param {string} file
 * @param {(() => void) | undefined} onWait
 * @returns {Promise<() => Promise<void>>}
 */
async function acquire(file, onWait) {
  privateDir(dirname(file));
  closeSync(openSync(file, "a", 0o600));
  const holder = spawn("flock", ["--exclusive", file, "--command", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true, // an interrupt at the terminal ends us, and our pipe's end then ends it
  });
  const closed = new Promise((resolve) => holder.once("close", resolve));
  const waiting = onWait ? setTimeout(onWait, 300) : undefined;
  try {
    await new Promise((resolve, reject) => {
      holder.stdout.once("data", resolve);
      holder.once("error", (cause) => reject(new Error("flock (package util-linux) is missing", { cause })));
      holder.once("close", () => reject(new Error(`could not lock ${file}`)));
    });
  } finally {
    clearTimeout(waiting);
  }
  return async () => {
    holder.stdin.end();
    await closed;
  };
}
