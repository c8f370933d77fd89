/**
 * Statements that are compiled once a database: for reads on hot ways, where compiling costs ten times the reading.
 *
 * Rules: SQL texts come from code, never from input, so that there are few. A text is read in one mode only (`pluck`
 * always or never): the statement is shared by all who hold the same text. Never for `iterate`.
 */
import type Database from "better-sqlite3";

const statements = new WeakMap<Database.Database, Map<string, Database.Statement>>();

export function prepared(db: Database.Database, sql: string): Database.Statement<unknown[]> {
  let known = statements.get(db);
  if (!known) {
    known = new Map();
    statements.set(db, known);
  }
  let statement = known.get(sql);
  if (!statement) {
    statement = db.prepare(sql);
    known.set(sql, statement);
  }
  return statement;
}
