/**
 * Collaborations of this domain with others: proposing, joining, taking part, and what came of it.
 *
 * Rules: whoever proposes runs the board; every participant joins by its own hand, under a grant of its own owner that
 * names the spec's hash, and takes part in a round only while that grant stands. All that is said between domains is in
 * signed messages on the board (messages/message.ts); this node keeps a copy of its own, checked message by message, and
 * trusts the board no further than that.
 */
import type { Router } from "express";
import type { Logger } from "pino";
import type { Catalog } from "../catalog/index.js";
import type { Jobs } from "../jobs/index.js";
import type { JsonObject, Ledger } from "../ledger/index.js";
import type { Keys, Store, Vault } from "../store/index.js";
import { type Actor, type Clock, GloveboxError, invalidInput, newId, traceOf } from "../vocabulary/index.js";
import { BoardService } from "./board/board.js";
import { BoardClient } from "./board/client.js";
import { boardRouter } from "./board/http.js";
import type { RoundTerms } from "./collaborations/privacy.js";
import {
  type CollaborationRow,
  collaborationRow,
  collaborationRows,
  insertCollaboration,
  lastRound,
  setState,
} from "./collaborations/rows.js";
import { type CollaborationSpec, checkSpec, participantNamed, specSha256 } from "./collaborations/spec.js";
import { moved } from "./collaborations/states.js";
import { grantFor, mustFit } from "./member/consent.js";
import { Follower } from "./member/follower.js";
import { mayOpen } from "./member/noise.js";
import type { MemberParts } from "./member/parts.js";
import { keysOf, recipientKeys } from "./member/round.js";
import { RoundKeeper } from "./member/rounds.js";
import { say } from "./member/speaking.js";
import { fingerprint } from "./messages/message.js";
import { sealingKey } from "./messages/seal.js";
import { rememberResult } from "./results/together.js";
import { questionFromWritten, type WrittenQuestion } from "./statistic/asked.js";
import { sharedStatistic } from "./statistic/shared.js";
import { SumsThread } from "./sums/thread.js";
import {
  type CollaborationView,
  collaborationView,
  type DomainView,
  type RoundResultView,
  roundView,
} from "./views.js";

export interface FederationParts {
  store: Store;
  keys: Keys;
  ledger: Ledger;
  vault: Vault;
  catalog: Catalog;
  jobs: Jobs;
  clock: Clock;
  log: Logger;
  domain: string;
  /** One that others use as well; one of its own else. */
  sums?: SumsThread;
}

export class Federation {
  private readonly board: BoardService;
  private readonly keeper: RoundKeeper;
  private readonly member: MemberParts;
  private readonly followers = new Map<string, Follower>();
  private readonly stopping = new AbortController();

  constructor(private readonly parts: FederationParts) {
    this.board = new BoardService(parts);
    this.member = {
      ...parts,
      sums: parts.sums ?? new SumsThread(),
      sealing: sealingKey(parts.keys.sealer.derive("federation-sealing")),
      operator: (id) => parts.catalog.principals.resolve(id),
    };
    this.keeper = new RoundKeeper(this.member);
    // In the transaction that lets a result out: from then on it counts as known.
    parts.ledger.on("release.approved", (tx, { payload }) => rememberResult(tx, parts, String(payload.job)));
  }

  router(): Router {
    return boardRouter(this.board, this.parts.clock);
  }

  domain(): DomainView {
    const { publicKey } = this.parts.keys.identity;
    return { name: this.parts.domain, key: publicKey, fingerprint: fingerprint(publicKey) };
  }

  /** Goes on with everything that is under way. */
  start(): void {
    for (const row of collaborationRows(this.parts.store.db)) this.follow(row);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.board.wake();
    await Promise.all([...this.followers.values()].map((f) => f.close()));
    if (this.parts.sums === undefined) await this.member.sums.close();
  }

  /** The proposer's node is the coordinator. @throws invalid_input */
  propose(actor: Actor, given: Omit<CollaborationSpec, "coordinator" | "version">): CollaborationView {
    const spec: CollaborationSpec = { version: 1, ...given, coordinator: this.domain().key };
    checkSpec(spec);
    if (Date.parse(spec.expires_at) <= this.parts.clock.now())
      throw invalidInput("expires_at", "must lie ahead");
    const row = this.enter(
      actor,
      newId("collaboration", this.parts.clock.now()),
      spec,
      null,
      "collaboration.proposed",
    );
    this.follow(row);
    return this.view(row);
  }

  /** Fetches a spec from its coordinator. @throws state_conflict, invalid_input, not_found */
  async invite(
    actor: Actor,
    input: { url: string; id: string; coordinator: string },
  ): Promise<CollaborationView> {
    const known = collaborationRows(this.parts.store.db).find((r) => r.id === input.id);
    if (known !== undefined) return this.view(known);
    const client = new BoardClient(
      input.url,
      this.parts.keys.identity,
      this.parts.clock,
      this.stopping.signal,
    );
    const spec = await client.spec(input.id);
    checkSpec(spec);
    if (spec.coordinator !== input.coordinator)
      throw invalidInput("coordinator", "is not the key of this board's spec");
    if (participantNamed(spec, this.domain().key) === undefined)
      throw invalidInput("id", "this domain is no participant of it");
    const row = this.enter(actor, input.id, spec, input.url, "collaboration.invited");
    this.follow(row);
    return this.view(row);
  }

  private enter(
    actor: Actor,
    id: string,
    spec: CollaborationSpec,
    url: string | null,
    entry: string,
  ): CollaborationRow {
    return this.parts.ledger.commit((tx) => {
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
      tx.entry({
        kind: entry,
        actor: actor.id,
        subject: id,
        data: { spec: row.spec_sha256, coordinator: spec.coordinator },
      });
      if (url === null)
        say(tx, this.parts.keys.identity, id, { kind: "propose", body: { spec: row.spec_sha256 } });
      return row;
    });
  }

  /** Takes part with a dataset, under a grant of its owner that names the spec. @throws no_grant, invalid_input */
  join(actor: Actor, id: string, dataset: string): CollaborationView {
    const { catalog, ledger, keys, store } = this.parts;
    const row = collaborationRow(store.db, id);
    if (!keysOf(row).includes(keys.identity.publicKey))
      throw new GloveboxError("forbidden", { detail: "this domain is no participant" });
    const data = catalog.datasets.row(catalog.datasets.get(actor, dataset).id);
    const grant = grantFor(catalog, actor.id, data.id, row.spec_sha256, this.parts.clock.now());
    if (data.current_version === null)
      throw new GloveboxError("state_conflict", { detail: "the dataset is empty" });
    mustFit(row.spec, catalog.views.columns({ grant, versionId: data.current_version }));
    // What the others will hold this domain's ledger to.
    const head = ledger.checkpoint().note;
    ledger.commit((tx) => {
      const state = moved(collaborationRow(tx.db, id).state, "join");
      tx.db
        .prepare(
          "UPDATE collaborations SET state = ?, operator = ?, dataset = ?, grant_id = ?, rev = rev + 1 WHERE id = ?",
        )
        .run(state, actor.id, data.id, grant.id, id);
      say(tx, keys.identity, id, {
        kind: "join",
        body: {
          spec: row.spec_sha256,
          sealing_key: this.member.sealing.publicKey,
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
    return this.after(id);
  }

  withdraw(actor: Actor, id: string): CollaborationView {
    const { ledger, keys } = this.parts;
    ledger.commit((tx) => {
      const row = collaborationRow(tx.db, id);
      setState(tx, id, moved(row.state, "withdraw"));
      say(tx, keys.identity, id, { kind: "withdraw", body: {} });
      tx.entry({
        kind: "collaboration.withdrawn",
        actor: actor.id,
        subject: id,
        data: { spec: row.spec_sha256 },
      });
    });
    return this.after(id);
  }

  /** Opens a round. @throws forbidden, state_conflict, invalid_input */
  async open(
    actor: Actor,
    id: string,
    written: WrittenQuestion,
    privacy?: RoundTerms,
  ): Promise<RoundResultView> {
    const { ledger, keys, store } = this.parts;
    const row = collaborationRow(store.db, id);
    if (!recipientKeys(row).includes(keys.identity.publicKey))
      throw new GloveboxError("forbidden", { detail: "only a recipient's domain asks for statistics" });
    if (row.state !== "active")
      throw new GloveboxError("state_conflict", { detail: `the collaboration is ${row.state}` });
    if (row.operator !== actor.id)
      throw new GloveboxError("forbidden", {
        detail: "the operator who joined, under the owner's grant, asks for statistics",
      });
    const statistic = questionFromWritten(written, row.spec);
    const asked = { statistic, ...(privacy === undefined ? {} : { privacy }) };
    const { noise } = sharedStatistic(row.spec, asked, (await this.member.sums.parameters()).t);
    if (noise !== undefined) await mayOpen(this.member, row, noise);
    const round = ledger.commit((tx) => {
      const next = lastRound(tx.db, id) + 1;
      if (next > row.spec.max_rounds)
        throw new GloveboxError("state_conflict", { detail: "the spec allows no more rounds" });
      say(tx, keys.identity, id, {
        kind: "open",
        round: next,
        attempt: 1,
        body: asked as never,
      });
      tx.entry({
        kind: "round.opened",
        actor: actor.id,
        subject: id,
        data: { round: next, spec: row.spec_sha256, ...(asked as unknown as JsonObject) },
      });
      return next;
    });
    this.follow(row);
    return { round, state: "running", ...asked };
  }

  list(): CollaborationView[] {
    return collaborationRows(this.parts.store.db).map((row) => this.view(row));
  }

  get(id: string): CollaborationView {
    return this.view(collaborationRow(this.parts.store.db, id));
  }

  /** @throws not_found */
  round(actor: Actor, id: string, round: number): RoundResultView {
    return roundView(this.parts, actor, collaborationRow(this.parts.store.db, id), round);
  }

  private view(row: CollaborationRow): CollaborationView {
    return collaborationView(this.parts, row);
  }

  private after(id: string): CollaborationView {
    const row = collaborationRow(this.parts.store.db, id);
    this.follow(row);
    return this.view(row);
  }

  /** Starts to follow a collaboration, or tells who follows it that there is something to do. */
  private follow(row: CollaborationRow): void {
    const known = this.followers.get(row.id);
    if (known !== undefined) {
      known.kick();
      return;
    }
    const { url } = row;
    const board =
      url === null
        ? this.board
        : new BoardClient(url, this.parts.keys.identity, this.parts.clock, this.stopping.signal);
    const follower = new Follower(this.member, row.id, board, this.keeper, (error) =>
      this.parts.log.warn(
        { collaboration: row.id, ...traceOf(error) },
        "a collaboration could not be followed",
      ),
    );
    this.followers.set(row.id, follower);
    follower.start();
  }
}
