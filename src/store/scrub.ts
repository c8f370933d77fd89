/**
 * The scrub: looks at every object of the vault from its first byte to its last, and at what the database says of
 * them. It may run beside the node. It changes nothing; `removeUnnamed`, which does, belongs to the holder of the
 * directory's lock alone, for beside a running node an object may be about to be named.
 */
import { statSync } from "node:fs";
import type { Readable } from "node:stream";
import { GloveboxError } from "../vocabulary/index.js";
import type { Store } from "./db.js";
import { droppedObjects, isNamed, namedObjects } from "./references.js";
import { objectPath, type Vault } from "./vault.js";

export interface ScrubProblem {
  /** Its address, where the problem is an object's. */
  object?: string;
  /** `table.column` that names it, where one does. */
  named_by?: string;
  what: "damaged" | "missing" | "database";
  detail?: string;
}

export interface ScrubReport {
  ok: boolean;
  /** Objects that were read end to end and found whole. */
  whole: number;
  bytes: number;
  problems: ScrubProblem[];
  /** Objects that nothing names and that are older than the guard: no harm, but space. */
  unnamed: string[];
}

export interface ScrubOptions {
  store: Store;
  vault: Vault;
  /** Milliseconds since 1970; objects written after it may be about to be named. */
  unnamedBefore: number;
  onProgress?(done: number, of: number): void;
}

const MAX_DATABASE_PROBLEMS = 20;

export async function scrub({ store, vault, unnamedBefore, onProgress }: ScrubOptions): Promise<ScrubReport> {
  const present = new Set(vault.list());
  // After the list: what was put meanwhile and is named already is looked at, too.
  const named = namedObjects(store.db);
  const report: ScrubReport = {
    ok: true,
    whole: 0,
    bytes: 0,
    problems: databaseProblems(store),
    unnamed: unnamedOf(store, present, named, unnamedBefore),
  };
  const all = new Set([...present, ...named.keys()]);
  let done = 0;
  for (const object of all) {
    await look(object, named.get(object), { store, vault, report });
    onProgress?.(++done, all.size);
  }
  report.ok = report.problems.length === 0;
  return report;
}

interface Looking {
  store: Store;
  vault: Vault;
  report: ScrubReport;
}

async function look(object: string, namedBy: string | undefined, { store, vault, report }: Looking) {
  const where = { object, ...(namedBy === undefined ? {} : { named_by: namedBy }) };
  try {
    report.bytes += await lengthOf(vault.get(object));
    report.whole += 1;
  } catch (error) {
    if (!(error instanceof GloveboxError)) throw error;
    if (vault.has(object)) report.problems.push({ ...where, what: "damaged" });
    // Deleted since it was listed: fine, unless it is still named.
    else if (isNamed(store.db, object)) report.problems.push({ ...where, what: "missing" });
  }
}

async function lengthOf(content: Readable): Promise<number> {
  let bytes = 0;
  for await (const part of content as AsyncIterable<Buffer>) bytes += part.length;
  return bytes;
}

function databaseProblems({ db }: Store): ScrubProblem[] {
  const found = (db.pragma(`integrity_check(${MAX_DATABASE_PROBLEMS})`) as { integrity_check: string }[])
    .map((row) => row.integrity_check)
    .filter((line) => line !== "ok");
  const orphans = (db.pragma("foreign_key_check") as { table: string; parent: string }[]).map(
    ({ table, parent }) => `a row of ${table} names one of ${parent} that is not there`,
  );
  return [...found, ...new Set(orphans)].map((detail) => ({ what: "database", detail }));
}

function unnamedOf(
  { db, dataDir }: Store,
  present: Set<string>,
  named: Map<string, string>,
  before: number,
): string[] {
  const dropped = droppedObjects(db);
  return [...present].filter((object) => {
    if (named.has(object) || dropped.has(object)) return false;
    const info = statSync(objectPath(dataDir, object), { throwIfNoEntry: false });
    return info !== undefined && info.mtimeMs < before;
  });
}

/** Deletes objects that nothing names; the store must be open for writing, which no second one can be. */
export function removeUnnamed(store: Store, vault: Vault, objects: readonly string[]): number {
  if (store.db.readonly)
    throw new GloveboxError("internal", { detail: "removing needs the directory's lock" });
  const doomed = objects.filter((object) => !isNamed(store.db, object) && vault.has(object));
  for (const object of doomed) vault.delete(object);
  return doomed.length;
}
