/**
 * One writer per data directory. The lock is the operating system's (an exclusive SQLite file lock on
 * `node.lock`), so it ends with the process however that ends; the pid in `node.pid` is for the message only.
 * A second node on the same directory must never get as far as opening the database.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { GloveboxError } from "../vocabulary/index.js";

export interface DirectoryLock {
  release(): void;
}

function holder(pidFile: string): string {
  try {
    const pid = readFileSync(pidFile, "utf8").trim();
    return /^\d{1,10}$/.test(pid) ? ` (process ${pid})` : "";
  } catch {
    return "";
  }
}

/** @throws state_conflict when another process, or another store of this one, holds the directory. */
export function lockDirectory(dataDir: string): DirectoryLock {
  const pidFile = join(dataDir, "node.pid");
  const db = new Database(join(dataDir, "node.lock"), { timeout: 0 });
  try {
    db.pragma("locking_mode = EXCLUSIVE");
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (!String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY")) throw error;
    throw new GloveboxError(
      "state_conflict",
      { detail: `another node${holder(pidFile)} is running on this data directory; stop it first` },
      error,
    );
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return { release: () => db.close() };
}
