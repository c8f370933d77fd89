/**
 * Brings a database to the newest schema, forward only, each step in its own transaction.
 * Refused: a database of a newer version, and one whose applied steps differ from those known here.
 */
import { createHash } from "node:crypto";
import type Database from "better-sqlite3";
import { GloveboxError } from "../vocabulary/index.js";
import type { Migration } from "./migrations/index.js";

const digest = (sql: string) => createHash("sha256").update(sql).digest("hex");
const metaKey = (m: Migration) => `migration.${m.version}`;

function refuse(detail: string): GloveboxError {
  return new GloveboxError("state_conflict", { detail });
}

/** The schema version a database is at; 0 when it is empty. */
export function schemaVersion(db: Database.Database): number {
  return db.pragma("user_version", { simple: true }) as number;
}

/** @throws state_conflict when the database does not descend from these migrations. */
export function checkSchema(db: Database.Database, migrations: readonly Migration[]): void {
  const at = schemaVersion(db);
  const newest = migrations.at(-1)?.version ?? 0;
  if (at > newest)
    throw refuse(`the database has schema ${at}, newer than ${newest}, which this version of glovebox knows`);
  for (const m of migrations.filter((m) => m.version <= at)) {
    const row = db.prepare("SELECT value FROM meta WHERE key = ?").get(metaKey(m)) as
      | { value: string }
      | undefined;
    if (row?.value !== digest(m.sql))
      throw refuse(`schema ${m.version} (${m.name}) of this database is not the one glovebox knows`);
  }
}

export function migrate(db: Database.Database, migrations: readonly Migration[]): void {
  checkSchema(db, migrations);
  const at = schemaVersion(db);
  for (const m of migrations.filter((m) => m.version > at)) {
    db.transaction(() => {
      db.exec(m.sql);
      db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)").run(metaKey(m), digest(m.sql));
      db.pragma(`user_version = ${m.version}`);
    }).immediate();
  }
}
