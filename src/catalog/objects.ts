/**
 * Vault objects that the catalogue names. The vault keeps equal content once, so an object that lost one reference
 * may have others: it is noted as dropped, and deleted later by a sweep that asks every room.
 *
 * Rule: a transaction that names an object checks that it is there, for a sweep may have come between.
 */
import type Database from "better-sqlite3";
import type { Vault } from "../store/index.js";
import { GloveboxError } from "../vocabulary/index.js";

export function noteDropped(db: Database.Database, now: number, objects: readonly string[]): void {
  const insert = db.prepare("INSERT OR REPLACE INTO dropped_objects (object, dropped_at) VALUES (?, ?)");
  for (const object of objects) insert.run(object, now);
}

/** Inside the transaction that names them. */
export function requirePresent(vault: Vault, objects: readonly string[]): void {
  for (const object of objects)
    if (!vault.has(object))
      throw new GloveboxError("internal", { detail: "an object was swept before it was named" });
}
