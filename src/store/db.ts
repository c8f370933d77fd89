/**
 * The truth: one SQLite database per data directory. WAL, synchronous=FULL (a commit that returned survives a
 * power cut), foreign keys on, temporary tables in memory (nothing derived from data spills to disk).
 * One writer; readers of the same directory (audit, backup) open with `readonly` and take no lock.
 */
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import { GloveboxError } from "../vocabulary/index.js";
import { lockDirectory } from "./lock.js";
import { checkSchema, migrate } from "./migrate.js";
import { MIGRATIONS, type Migration } from "./migrations/index.js";

export interface Store {
  readonly db: Database.Database;
  readonly dataDir: string;
  close(): void;
}

export const DATABASE_FILE = "glovebox.db";

export interface StoreOptions {
  /** Look only: no lock, no migration. */
  readonly?: boolean;
  migrations?: readonly Migration[];
}

function configure(db: Database.Database): void {
  db.pragma("busy_timeout = 5000");
  db.pragma("foreign_keys = ON");
  db.pragma("trusted_schema = OFF");
  db.pragma("temp_store = MEMORY");
}

function openForReading(dataDir: string, migrations: readonly Migration[]): Store {
  const file = join(dataDir, DATABASE_FILE);
  if (!existsSync(file)) throw new GloveboxError("not_found", { detail: "no node's data in this directory" });
  const db = new Database(file, { readonly: true });
  try {
    configure(db);
    checkSchema(db, migrations);
  } catch (error) {
    db.close();
    throw error;
  }
  return { db, dataDir, close: () => db.close() };
}

/** @throws state_conflict when another node holds the directory or its schema is newer. */
export function openStore(directory: string, options: StoreOptions = {}): Store {
  const dataDir = resolve(directory);
  const migrations = options.migrations ?? MIGRATIONS;
  if (options.readonly) return openForReading(dataDir, migrations);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(dataDir);
  let db: Database.Database | undefined;
  try {
    const file = join(dataDir, DATABASE_FILE);
    db = new Database(file);
    chmodSync(file, 0o600);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    configure(db);
    migrate(db, migrations);
  } catch (error) {
    db?.close();
    lock.release();
    throw error;
  }
  const opened = db;
  return {
    db: opened,
    dataDir,
    close() {
      if (opened.open) opened.close();
      lock.release();
    },
  };
}
