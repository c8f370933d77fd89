/**
 * How this domain enters a collaboration: it proposes one, is invited to one, and joins with a dataset.
 *
 * Rules: whoever proposes runs the board. A spec is taken from a board only for the coordinator's key that its operator was
 * told, and only with keys that are not at odds with those known here; all are shown by their fingerprints and pinned when
 * this domain joins. Joining needs a grant of the data's owner that names the spec.
 */
import { type Actor, GloveboxError, invalidInput, newId } from "../../vocabulary/index.js";
import { BoardClient } from "../board/client.js";
import {
  type CollaborationRow,
  collaborationRow,
  collaborationRows,
  insertCollaboration,
} from "../collaborations/rows.js";
import { type CollaborationSpec, checkSpec, participantNamed, specSha256 } from "../collaborations/spec.js";
import { moved } from "../collaborations/states.js";
import { type Met, metIn } from "../peers/pins.js";
import { pinPeers, requireTold, requireTrusted } from "../peers/rows.js";
import { grantFor, mustFit } from "./consent.js";
import type { MemberParts } from "./parts.js";
import { keysOf } from "./round.js";
import { say } from "./speaking.js";

export interface Invitation {
  url: string;
  id: string;
  /** The coordinator's key, as its operator told it. */
  coordinator: string;
  /** Fingerprints by name, as the others' operators told them. */
  peers?: Record<string, string> | undefined;
}

export class Entering {
  constructor(
    private readonly parts: MemberParts,
    private readonly stop: AbortSignal,
  ) {}

  /** The proposer's node is the coordinator. @returns its id. @throws invalid_input, state_conflict */
  propose(actor: Actor, given: Omit<CollaborationSpec, "coordinator" | "version">): string {
    const { keys, clock } = this.parts;
    const spec: CollaborationSpec = { version: 1, ...given, coordinator: keys.identity.publicKey };
    checkSpec(spec);
    if (Date.parse(spec.expires_at) <= clock.now()) throw invalidInput("expires_at", "must lie ahead");
    const id = newId("collaboration", clock.now());
    this.enter(actor, id, spec, null);
    return id;
  }

  /** Fetches a spec from its coordinator. @returns its id. @throws state_conflict, invalid_input, not_found */
  async invite(actor: Actor, { url, id, coordinator, peers }: Invitation): Promise<string> {
    const { store, keys, clock } = this.parts;
    if (collaborationRows(store.db).some((row) => row.id === id)) return id;
    const spec = await new BoardClient(url, keys.identity, clock, this.stop).spec(id);
    checkSpec(spec);
    if (spec.coordinator !== coordinator)
      throw invalidInput("coordinator", "is not the key of this board's spec");
    if (participantNamed(spec, keys.identity.publicKey) === undefined)
      throw invalidInput("id", "this domain is no participant of it");
    const met = this.met(spec, url);
    requireTold(met, peers ?? {});
    requireTrusted(store.db, met);
    this.enter(actor, id, spec, url);
    return id;
  }

  private enter(actor: Actor, id: string, spec: CollaborationSpec, url: string | null): void {
    const { ledger, keys } = this.parts;
    ledger.commit((tx) => {
      const row: CollaborationRow = {
        id,
        spec,
        spec_sha256: specSha256(spec),
        url,
        state: "invited",
        operator: actor.id,
        dataset: null,
        grant_id: null,
        created_at: tx.now,
        rev: 1,
      };
      insertCollaboration(tx, row);
      // Whoever proposes wrote the others' keys itself; who is invited pins them when it joins.
      if (url === null) pinPeers(tx, actor.id, id, this.met(spec, url));
      tx.entry({
        kind: url === null ? "collaboration.proposed" : "collaboration.invited",
        actor: actor.id,
        subject: id,
        data: { spec: row.spec_sha256, coordinator: spec.coordinator },
      });
      if (url === null) say(tx, keys.identity, id, { kind: "propose", body: { spec: row.spec_sha256 } });
    });
  }

  /** Takes part with a dataset, under a grant of its owner that names the spec. @throws no_grant, invalid_input */
  join(actor: Actor, id: string, dataset: string): void {
    const { catalog, ledger, keys, store, clock } = this.parts;
    const row = collaborationRow(store.db, id);
    if (!keysOf(row).includes(keys.identity.publicKey))
      throw new GloveboxError("forbidden", { detail: "this domain is no participant" });
    const data = catalog.datasets.row(catalog.datasets.get(actor, dataset).id);
    const grant = grantFor(catalog, actor.id, data.id, row.spec_sha256, clock.now());
    if (data.current_version === null)
      throw new GloveboxError("state_conflict", { detail: "the dataset is empty" });
    mustFit(row.spec, catalog.views.columns({ grant, versionId: data.current_version }));
    // What the others will hold this domain's ledger to.
    const head = ledger.checkpoint().note;
    ledger.commit((tx) => {
      const state = moved(collaborationRow(tx.db, id).state, "join");
      pinPeers(tx, actor.id, id, this.met(row.spec, row.url));
      tx.db
        .prepare(
          "UPDATE collaborations SET state = ?, operator = ?, dataset = ?, grant_id = ?, rev = rev + 1 WHERE id = ?",
        )
        .run(state, actor.id, data.id, grant.id, id);
      say(tx, keys.identity, id, {
        kind: "join",
        body: {
          spec: row.spec_sha256,
          sealing_key: this.parts.sealing.publicKey,
          log: { origin: ledger.origin, key: ledger.publicKey, head },
          one_row_a_unit: data.row_is_unit || data.max_rows_per_unit === 1,
        },
      });
      tx.entry({
        kind: "collaboration.joined",
        actor: actor.id,
        subject: id,
        dataset: data.id,
        data: { spec: row.spec_sha256, grant: grant.id },
      });
    });
  }

  /** The others of a spec. */
  private met(spec: CollaborationSpec, url: string | null): Met[] {
    const { identity, retired } = this.parts.keys;
    const own = [identity, ...retired].map(({ publicKey }) => publicKey);
    return metIn(spec, url, own);
  }
}
