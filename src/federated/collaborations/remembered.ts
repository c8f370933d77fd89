/**
 * What was read of a collaboration's messages, kept in memory: at each step of a round a domain looks at the last rounds
 * several times, and nearly all that it sees then it has seen before.
 *
 * Rules: only the process that writes remembers, and nothing of a transaction that may still be undone; whatever changes a
 * round's messages forgets them first (rows.ts). What is remembered is read by many and changed by none.
 */
import type Database from "better-sqlite3";

/** Rounds of all collaborations of one database. */
const MAX_ROUNDS = 128;
const MAX_SPECS = 64;
const MAX_STATEMENTS = 64;

interface Remembered {
  statements: Map<string, Database.Statement>;
  rounds: Map<string, unknown>;
}

const kept = new WeakMap<Database.Database, Remembered>();

function of(db: Database.Database): Remembered {
  let remembered = kept.get(db);
  if (remembered === undefined) {
    remembered = { statements: new Map(), rounds: new Map() };
    kept.set(db, remembered);
  }
  return remembered;
}

/** Adds as the newest, and forgets the oldest where there are too many. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, most: number): Value {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value!);
  return value;
}

/** A statement, compiled once. */
export function prepared(db: Database.Database, sql: string): Database.Statement {
  const { statements } = of(db);
  return statements.get(sql) ?? remember(statements, sql, db.prepare(sql), MAX_STATEMENTS);
}

const nameOf = (id: string, round: number): string => `${id} ${round}`;

export function roundRemembered<Value>(
  db: Database.Database,
  id: string,
  round: number,
  read: () => Value,
): Value {
  const { rounds } = of(db);
  const known = rounds.get(nameOf(id, round));
  if (known !== undefined) return known as Value;
  const value = read();
  if (db.readonly || db.inTransaction) return value;
  return remember(rounds, nameOf(id, round), value, MAX_ROUNDS) as Value;
}

export function forgetRound(db: Database.Database, id: string, round: number): void {
  of(db).rounds.delete(nameOf(id, round));
}

const specs = new Map<string, unknown>();

/** The same text is the same object. */
export const specRemembered = <Spec>(text: string): Spec =>
  (specs.get(text) ?? remember(specs, text, JSON.parse(text) as unknown, MAX_SPECS)) as Spec;
