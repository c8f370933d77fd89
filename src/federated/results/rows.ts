/** Jobs of results, what was released of them, and peers' heads, as they lie in the database. */
import type Database from "better-sqlite3";
import type { Tx } from "../../ledger/index.js";
import type { TableFacts } from "../../privacy/index.js";
import type { Sealer } from "../../store/index.js";
import type { JobId } from "../../vocabulary/index.js";
import type { SharedQuestion } from "../statistic/asked.js";

type Db = Database.Database;

export interface AttemptPlace {
  collaboration: string;
  round: number;
  attempt: number;
}

/** An entry of this domain's ledger that says what it did in an attempt. */
export function noteEntry(tx: Tx, { collaboration, round, attempt }: AttemptPlace, seq: number): void {
  tx.db
    .prepare("INSERT INTO round_entries (collaboration, round, attempt, seq) VALUES (?, ?, ?, ?)")
    .run(collaboration, round, attempt, seq);
}

/** Places in this domain's ledger, in order. */
export const notedEntries = (db: Db, { collaboration, round, attempt }: AttemptPlace): number[] =>
  db
    .prepare(
      "SELECT seq FROM round_entries WHERE collaboration = ? AND round = ? AND attempt = ? ORDER BY seq",
    )
    .pluck()
    .all(collaboration, round, attempt) as number[];

export const peerHead = (db: Db, collaboration: string, author: string): string | undefined =>
  db
    .prepare("SELECT note FROM peer_heads WHERE collaboration = ? AND author = ?")
    .pluck()
    .get(collaboration, author) as string | undefined;

export function setPeerHead(tx: Tx, collaboration: string, author: string, note: string): void {
  tx.db
    .prepare(
      `INSERT INTO peer_heads (collaboration, author, note, at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET note = excluded.note, at = excluded.at`,
    )
    .run(collaboration, author, note, tx.now);
}

export interface RoundJob {
  collaboration: string;
  /** The last of its statistic. */
  round: number;
  /** null: consent had ended when the result was there. */
  job: JobId | null;
  /** Of all domains' data together; results of one version stand on the same rows. */
  version: string;
  /** Canonical JSON: what goes into the bundle. */
  paper: string;
}

export const jobOfRound = (db: Db, collaboration: string, round: number): RoundJob | undefined =>
  db.prepare("SELECT * FROM round_jobs WHERE collaboration = ? AND round = ?").get(collaboration, round) as
    | RoundJob
    | undefined;

export const roundOfJob = (db: Db, job: string): RoundJob | undefined =>
  db.prepare("SELECT * FROM round_jobs WHERE job = ?").get(job) as RoundJob | undefined;

export function insertRoundJob(tx: Tx, { collaboration, round, job, version, paper }: RoundJob): void {
  tx.db
    .prepare(
      "INSERT INTO round_jobs (collaboration, round, job, version, paper, at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .run(collaboration, round, job, version, paper, tx.now);
}

/** What is known to everybody once it was released. */
export interface ReleasedTable {
  job: string;
  round: number;
  version: string;
  statistic: SharedQuestion;
  table: TableFacts;
}

const context = (job: string): string => `collaboration-fact:${job}`;

export function rememberReleased(tx: Tx, sealer: Sealer, collaboration: string, fact: ReleasedTable): void {
  tx.db
    .prepare(
      `INSERT INTO collaboration_facts (collaboration, job, facts_sealed, at) VALUES (?, ?, ?, ?)
       ON CONFLICT (job) DO NOTHING`,
    )
    .run(collaboration, fact.job, sealer.seal(JSON.stringify(fact), context(fact.job)), tx.now);
}

/** In the order in which they were let out. */
export const releasedTables = (db: Db, sealer: Sealer, collaboration: string): ReleasedTable[] =>
  (
    db
      .prepare("SELECT job, facts_sealed FROM collaboration_facts WHERE collaboration = ? ORDER BY seq")
      .all(collaboration) as { job: string; facts_sealed: Buffer }[]
  ).map(
    ({ job, facts_sealed }) =>
      JSON.parse(sealer.open(facts_sealed, context(job)).toString("utf8")) as ReleasedTable,
  );

/** Whose results were let out here, and make facts. */
export const releasedRounds = (db: Db, collaboration: string): number[] =>
  db
    .prepare(
      "SELECT r.round FROM collaboration_facts f JOIN round_jobs r ON r.job = f.job WHERE f.collaboration = ?",
    )
    .pluck()
    .all(collaboration) as number[];

/** Whether a job's output was released. A job of a result has one. */
export const isReleased = (db: Db, job: string): boolean =>
  db.prepare("SELECT 1 FROM releases WHERE job = ? AND state = 'released'").get(job) !== undefined;
