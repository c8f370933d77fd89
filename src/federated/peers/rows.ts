/** Other domains' keys, as they lie in the database. */
import type Database from "better-sqlite3";
import type { Tx } from "../../ledger/index.js";
import { fingerprint } from "../../store/index.js";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";
import { type Met, objection, type Peer } from "./pins.js";

export const peerRows = (db: Database.Database): Peer[] =>
  db.prepare("SELECT * FROM peers ORDER BY name, pinned_at, key").all() as Peer[];

export const isRevoked = (db: Database.Database, key: string): boolean =>
  db.prepare("SELECT 1 FROM peers WHERE key = ? AND state = 'revoked'").get(key) !== undefined;

/** @throws state_conflict, with the fingerprints */
export function requireTrusted(db: Database.Database, met: readonly Met[]): void {
  const known = peerRows(db);
  for (const one of met) {
    const detail = objection(known, one);
    if (detail !== undefined) throw new GloveboxError("state_conflict", { detail });
  }
}

/** @param told name to fingerprint, as other operators read them out. @throws invalid_input, with both */
export function requireTold(met: readonly Met[], told: Readonly<Record<string, string>>): void {
  for (const [name, print] of Object.entries(told)) {
    const one = met.find((m) => m.name === name);
    if (one === undefined) throw invalidInput("peers", `${name} is not of this collaboration`);
    if (fingerprint(one.key) !== print)
      throw invalidInput("peers", `${name} has the key ${fingerprint(one.key)}, and you were told ${print}`);
  }
}

/** Pins keys that are met for the first time. @throws state_conflict */
export function pinPeers(tx: Tx, actor: string, subject: string, met: readonly Met[]): void {
  requireTrusted(tx.db, met);
  const known = new Set(peerRows(tx.db).map((peer) => peer.key));
  for (const { name, key } of met.filter((m) => !known.has(m.key))) {
    insertPeer(tx, { name, key });
    const data = { name, key, fingerprint: fingerprint(key) };
    tx.entry({ kind: "peer.pinned", actor, subject, data });
  }
}

const insertPeer = (tx: Tx, { name, key }: Met): void => {
  tx.db
    .prepare(
      `INSERT INTO peers (key, name, state, pinned_at) VALUES (?, ?, 'pinned', ?) ON CONFLICT DO NOTHING`,
    )
    .run(key, name, tx.now);
};

/** By name, key or fingerprint. @throws not_found; state_conflict when it names several */
export function peerNamed(db: Database.Database, which: string): Peer {
  const found = peerRows(db).filter(
    ({ key, name, state }) =>
      key === which || fingerprint(key) === which || (name === which && state === "pinned"),
  );
  if (found.length > 1)
    throw new GloveboxError("state_conflict", {
      detail: "it names several keys; name one by its fingerprint",
    });
  if (found[0] === undefined) throw new GloveboxError("not_found", { detail: "no such peer is known here" });
  return found[0];
}

export function setRevoked(tx: Tx, key: string, reason: string): void {
  tx.db
    .prepare("UPDATE peers SET state = 'revoked', reason = ?, ended_at = ? WHERE key = ?")
    .run(reason, tx.now, key);
}

/** A peer's own word that it goes on under another key. */
export function replacePeer(tx: Tx, key: string, successor: string): void {
  const peer = peerRows(tx.db).find((p) => p.key === key);
  if (peer?.state !== "pinned") return;
  tx.db
    .prepare("UPDATE peers SET state = 'replaced', successor = ?, ended_at = ? WHERE key = ?")
    .run(successor, tx.now, key);
  insertPeer(tx, { name: peer.name, key: successor });
}
