/**
 * What this domain's operator may do about its part in collaborations: suspend it, go on, withdraw it, end what this node
 * coordinates, revoke another domain's key, replace this domain's own.
 *
 * Rules: to go on is to consent again: the grant, the data and every key of the spec are looked at as at the first join.
 * What the board itself showed, and what is over, cannot be taken up again. A new identity ends what named the old one.
 */
import type { Catalog } from "../../catalog/index.js";
import type { Ledger, Tx } from "../../ledger/index.js";
import type { KeyPair, Keys, Store } from "../../store/index.js";
import { fingerprint } from "../../store/index.js";
import { type Actor, type Clock, GloveboxError, SYSTEM_ACTOR } from "../../vocabulary/index.js";
import {
  type CollaborationRow,
  collaborationRow,
  collaborationRows,
  setStopped,
} from "../collaborations/rows.js";
import { COLLABORATION_TABLE, moved, RESUMABLE, type Stopped } from "../collaborations/states.js";
import { metIn, type Peer } from "../peers/pins.js";
import { rotationOf } from "../peers/rotation.js";
import { isRevoked, peerNamed, requireTrusted, setRevoked } from "../peers/rows.js";
import { grantFor, mustFit } from "./consent.js";
import { say } from "./speaking.js";
import { identityIn, isOf, stopPart } from "./stopping.js";

export interface MembershipParts {
  store: Store;
  keys: Keys;
  ledger: Ledger;
  catalog: Catalog;
  clock: Clock;
}

const noted = (why: Stopped["why"], note: string | undefined): Stopped => ({
  why,
  ...(note === undefined ? {} : { note }),
});

export class Membership {
  constructor(private readonly parts: MembershipParts) {}

  /** @throws state_conflict, not_found */
  suspend(actor: Actor, id: string, note: string | undefined): void {
    this.parts.ledger.commit((tx) => {
      const row = collaborationRow(tx.db, id);
      stopPart(tx, this.parts, row, {
        state: moved(row.state, "suspend"),
        stopped: noted("operator", note),
        says: { kind: "suspend", body: { reason: "operator" } },
        actor: actor.id,
        entry: "collaboration.suspended",
      });
    });
  }

  /** @throws state_conflict, no_grant, grant_expired, forbidden, invalid_input */
  resume(actor: Actor, id: string): void {
    const { store, keys, ledger } = this.parts;
    const row = collaborationRow(store.db, id);
    const state = moved(row.state, "resume");
    if (row.stopped !== undefined && !RESUMABLE.has(row.stopped.why))
      throw new GloveboxError("state_conflict", {
        detail: "its board showed what cannot be: the same domains agree on a new one",
      });
    const own = [keys.identity, ...keys.retired].map((k) => k.publicKey);
    requireTrusted(store.db, metIn(row.spec, row.url, own));
    this.requireConsent(actor, row);
    ledger.commit((tx) => {
      setStopped(tx, id, state, undefined);
      say(tx, identityIn(keys, row.spec), id, { kind: "resume", body: {} });
      tx.entry({
        kind: "collaboration.resumed",
        actor: actor.id,
        subject: id,
        ...(row.dataset === null ? {} : { dataset: row.dataset }),
        data: { spec: row.spec_sha256 },
      });
    });
  }

  private requireConsent(actor: Actor, row: CollaborationRow): void {
    const { catalog, clock } = this.parts;
    if (row.dataset === null) return;
    const grant = grantFor(catalog, actor.id, row.dataset, row.spec_sha256, clock.now());
    const { current_version } = catalog.datasets.row(row.dataset);
    if (current_version === null)
      throw new GloveboxError("state_conflict", { detail: "the dataset is empty" });
    mustFit(row.spec, catalog.views.columns({ grant, versionId: current_version }));
  }

  /** @throws state_conflict, not_found */
  withdraw(actor: Actor, id: string, note: string | undefined): void {
    this.parts.ledger.commit((tx) => {
      const row = collaborationRow(tx.db, id);
      stopPart(tx, this.parts, row, {
        state: moved(row.state, "withdraw"),
        stopped: noted("withdrawn", note),
        says: { kind: "withdraw", body: {} },
        actor: actor.id,
        entry: "collaboration.withdrawn",
      });
    });
  }

  /** For all: its coordinator's alone. @throws forbidden, state_conflict, not_found */
  end(actor: Actor, id: string, note: string | undefined): void {
    this.parts.ledger.commit((tx) => {
      const row = collaborationRow(tx.db, id);
      if (row.url !== null)
        throw new GloveboxError("forbidden", {
          detail: "only its coordinator ends it; a participant withdraws",
        });
      stopPart(tx, this.parts, row, {
        state: moved(row.state, "end"),
        stopped: noted("ended", note),
        says: { kind: "end", body: {} },
        actor: actor.id,
        entry: "collaboration.ended",
      });
    });
  }

  /** Nothing more is taken from a key. @returns the collaborations that it was of. @throws not_found, state_conflict */
  revoke(actor: Actor, which: string, reason: string): { peer: Peer; stopped: string[] } {
    const { ledger } = this.parts;
    return ledger.commit((tx) => {
      const peer = peerNamed(tx.db, which);
      if (isRevoked(tx.db, peer.key))
        throw new GloveboxError("state_conflict", { detail: "the key is revoked already" });
      setRevoked(tx, peer.key, reason);
      const { name, key } = peer;
      const data = { name, key, fingerprint: fingerprint(key), reason };
      tx.entry({ kind: "peer.revoked", actor: actor.id, subject: key, data });
      const rows = this.live(tx).filter((row) => isOf(row.spec, key));
      for (const row of rows) this.stopFor(tx, actor, row, peer);
      return { peer: peerNamed(tx.db, key), stopped: rows.map((row) => row.id) };
    });
  }

  private live(tx: Tx): CollaborationRow[] {
    return collaborationRows(tx.db).filter(({ state }) => COLLABORATION_TABLE[state].end !== undefined);
  }

  private stopFor(tx: Tx, actor: Actor, row: CollaborationRow, { key, name }: Peer): void {
    // One that was only offered is not gone on with at all.
    const over = row.state === "invited";
    const kind = over ? (row.url === null ? "end" : "withdraw") : "suspend";
    // A board is told nothing once its key is revoked.
    const silent = row.spec.coordinator === key || row.state === "suspended";
    stopPart(tx, this.parts, row, {
      state: over ? "ended" : "suspended",
      stopped: { why: "revoked", by: name },
      ...(silent ? {} : { says: { kind, body: { reason: "revoked" } } }),
      actor: actor.id,
      entry: over ? "collaboration.ended" : "collaboration.suspended",
      data: { key },
    });
  }

  /** This domain goes on under a new identity. @returns its key */
  rotate(actor: Actor): string {
    const { publicKey } = this.parts.keys.renewIdentity();
    this.announce(actor.id);
    return publicKey;
  }

  /** Tells the ledger and the boards of replacements that they do not know of: also after a death in between. */
  announce(actor: string = SYSTEM_ACTOR): void {
    const { keys, ledger, store } = this.parts;
    const chain = [...keys.retired, keys.identity];
    const told = store.db.prepare("SELECT 1 FROM rotations WHERE old = ?");
    for (const [i, old] of keys.retired.entries())
      if (told.get(old.publicKey) === undefined)
        ledger.commit((tx) => this.announceOne(tx, actor, old, chain[i + 1]!));
  }

  private announceOne(tx: Tx, actor: string, old: KeyPair, next: KeyPair): void {
    const rotation = { ...rotationOf(old, next) };
    tx.db
      .prepare("INSERT INTO rotations (old, new, at) VALUES (?, ?, ?)")
      .run(old.publicKey, next.publicKey, tx.now);
    tx.entry({ kind: "domain.rotated", actor, subject: next.publicKey, data: rotation });
    for (const row of this.live(tx).filter(({ spec }) => isOf(spec, old.publicKey)))
      stopPart(tx, this.parts, row, {
        state: "ended",
        stopped: { why: "rotated" },
        says: { kind: "rotate", body: rotation },
        actor,
        entry: "collaboration.ended",
      });
  }
}
