/**
 * What is known of a collaboration's results since it was released: by this domain, and by other recipients, who say on the
 * board which results they let out.
 *
 * Rule: what another recipient released this domain knows from its own copy of the result, so `released` carries no figure.
 */
import type Database from "better-sqlite3";
import type { Tx } from "../../ledger/index.js";
import { collaborationRow } from "../collaborations/rows.js";
import { type CollaborationSpec, participantNamed } from "../collaborations/spec.js";
import { resultOf } from "../member/results.js";
import { say } from "../member/speaking.js";
import { identityIn } from "../member/stopping.js";
import type { Message } from "../messages/message.js";
import type { KindParts, ReleasingParts } from "./kind.js";
import {
  jobOfRound,
  type ReleasedTable,
  type RoundJob,
  releasedRounds,
  releasedTables,
  rememberReleased,
  roundOfJob,
} from "./rows.js";

type Db = Database.Database;

/** In the transaction that lets a result out: it counts as known from then on, and the other recipients are told. */
export function rememberResult(tx: Tx, parts: ReleasingParts, job: string): string | undefined {
  const { store, keys } = parts;
  const of = roundOfJob(store.db, job);
  if (of === undefined) return undefined;
  const row = collaborationRow(store.db, of.collaboration);
  const fact = tableOf(parts, of);
  if (fact !== undefined && row.spec.privacy === undefined)
    rememberReleased(tx, keys.sealer, of.collaboration, fact);
  if (row.state === "active")
    say(tx, identityIn(keys, row.spec), row.id, { kind: "released", ...placeOf(store.db, job), body: {} });
  return row.id;
}

const specOf = (db: Db, job: string): Record<string, unknown> =>
  JSON.parse((db.prepare("SELECT spec FROM jobs WHERE id = ?").get(job) as { spec: string }).spec);

/** The last round of its statistic. */
const placeOf = (db: Db, job: string): { round: number; attempt: number } =>
  (specOf(db, job).rounds as { round: number; attempt: number }[]).at(-1)!;

/** undefined of what is no table, and makes no fact. */
function tableOf({ store, keys }: KindParts, { job, collaboration, round, version }: RoundJob) {
  const found = resultOf(store.db, keys.sealer, collaboration, round);
  if (job === null || found?.kind !== "result" || found.table === undefined) return undefined;
  const statistic = specOf(store.db, job).statistic as ReleasedTable["statistic"];
  return { job, round, version, statistic, table: found.table } satisfies ReleasedTable;
}

/** What recipients said on the board, this domain among them. */
function saidReleased(db: Db, collaboration: string, spec: CollaborationSpec): Message[] {
  const rows = db
    .prepare(
      "SELECT signed FROM board_messages WHERE collaboration = ? AND kind = 'released' AND seq IS NOT NULL ORDER BY seq",
    )
    .pluck()
    .all(collaboration) as string[];
  return rows
    .map((signed) => (JSON.parse(signed) as { message: Message }).message)
    .filter(({ author }) => spec.recipients.includes(participantNamed(spec, author) ?? ""));
}

/** What went out by now, whoever let it out; each once. */
export function knownTables(parts: KindParts, collaboration: string): ReleasedTable[] {
  const { store, keys } = parts;
  const own = releasedTables(store.db, keys.sealer, collaboration);
  const known = new Map(own.map((fact) => [fact.job, fact]));
  const { spec } = collaborationRow(store.db, collaboration);
  if (spec.privacy !== undefined) return own;
  for (const { round } of saidReleased(store.db, collaboration, spec)) {
    const of = jobOfRound(store.db, collaboration, round);
    const fact = of && tableOf(parts, of);
    if (fact !== undefined && !known.has(fact.job)) known.set(fact.job, fact);
  }
  return [...known.values()];
}

/** Moves on with each that goes out first, here or elsewhere; saying so again moves nothing. */
export function knownMark({ store }: KindParts, collaboration: string): number {
  const { spec } = collaborationRow(store.db, collaboration);
  const own = new Set(releasedRounds(store.db, collaboration));
  const others = new Set(saidReleased(store.db, collaboration, spec).map((m) => m.round));
  return own.size + [...others].filter((round) => !own.has(round)).length;
}

/** Names of the recipients who said that they released the result of a round. */
export const releasedBy = (
  db: Db,
  collaboration: string,
  spec: CollaborationSpec,
  round: number,
): string[] => {
  const authors = new Set(
    saidReleased(db, collaboration, spec)
      .filter((m) => m.round === round)
      .map((m) => m.author),
  );
  return spec.participants.filter(({ key }) => authors.has(key)).map(({ name }) => name);
};
