/**
 * Vault objects that lose a reference. The vault is content-addressed, so the same object may be an output, a
 * View and another job's code at once: it is deleted only when no row anywhere names it, and only some time
 * after the last reference went, so that a put of the same bytes that is under way does not lose its object.
 */
import type Database from "better-sqlite3";
import type { Tx } from "../ledger/index.js";
import { droppedObjects, isNamed, namedObjects, type Vault } from "../store/index.js";

const QUIET_MS = 10 * 60 * 1000;
const BATCH = 100;

export function dropObject(tx: Tx, object: string | null): void {
  if (object === null) return;
  tx.db
    .prepare("INSERT OR REPLACE INTO dropped_objects (object, dropped_at) VALUES (?, ?)")
    .run(object, tx.now);
}

/**
 * At the start, while no put is under way: a crash between a put and the commit that was to name its object left
 * bytes that nothing would ever delete. How many.
 */
export function dropStray(db: Database.Database, vault: Vault, now: number): number {
  const named = namedObjects(db);
  const dropped = droppedObjects(db);
  const stray = [...vault.list()].filter((object) => !named.has(object) && !dropped.has(object));
  const drop = db.prepare("INSERT INTO dropped_objects (object, dropped_at) VALUES (?, ?)");
  db.transaction(() => {
    for (const object of stray) drop.run(object, now);
  })();
  return stray.length;
}

/** Deletes what was dropped long enough ago and is named nowhere; how many. */
export function deleteDropped(db: Database.Database, vault: Vault, now: number): number {
  const due = db
    .prepare("SELECT object FROM dropped_objects WHERE dropped_at <= ? LIMIT ?")
    .pluck()
    .all(now - QUIET_MS, BATCH) as string[];
  let deleted = 0;
  for (const object of due) {
    if (!isNamed(db, object) && vault.has(object)) {
      vault.delete(object);
      deleted++;
    }
    db.prepare("DELETE FROM dropped_objects WHERE object = ?").run(object);
  }
  return deleted;
}
