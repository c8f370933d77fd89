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
import type { Ledger } from "../ledger/index.js";
import type { Keys, Store, Vault } from "../store/index.js";
import { fingerprint } from "../store/index.js";
import { type Actor, type Clock, traceOf } from "../vocabulary/index.js";
import { BoardService } from "./board/board.js";
import { BoardClient } from "./board/client.js";
import { boardRouter } from "./board/http.js";
import { type CollaborationRow, collaborationRow, collaborationRows } from "./collaborations/rows.js";
import type { CollaborationSpec } from "./collaborations/spec.js";
import { Entering, type Invitation } from "./member/entering.js";
import { Follower } from "./member/follower.js";
import { Membership } from "./member/membership.js";
import { type Asking, openRound } from "./member/opening.js";
import type { MemberParts } from "./member/parts.js";
import { RoundKeeper } from "./member/rounds.js";
import { identityIn } from "./member/stopping.js";
import { sealingKey } from "./messages/seal.js";
import { peerRows } from "./peers/rows.js";
import { rememberResult } from "./results/released.js";
import { SumsThread } from "./sums/thread.js";
import {
  type CollaborationView,
  collaborationView,
  type DomainView,
  type PeerView,
  peerView,
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

export type MemberMove = "suspend" | "resume" | "withdraw" | "end";

export class Federation {
  private readonly board: BoardService;
  private readonly keeper: RoundKeeper;
  private readonly entering: Entering;
  private readonly membership: Membership;
  private readonly member: MemberParts;
  private readonly followers = new Map<string, Follower>();
  private readonly stopping = new AbortController();

  constructor(private readonly parts: FederationParts) {
    this.board = new BoardService(parts);
    this.membership = new Membership(parts);
    this.member = {
      ...parts,
      sums: parts.sums ?? new SumsThread(),
      sealing: sealingKey(parts.keys.sealer.derive("federation-sealing")),
      operator: (id) => parts.catalog.principals.resolve(id),
    };
    this.keeper = new RoundKeeper(this.member);
    this.entering = new Entering(this.member, this.stopping.signal);
    // In the transaction that lets a result out: from then on it counts as known.
    parts.ledger.on("release.approved", (tx, { payload }) => {
      const id = rememberResult(tx, parts, String(payload.job));
      // What is said is posted once it is committed.
      if (id !== undefined) queueMicrotask(() => this.followers.get(id)?.kick());
    });
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
    this.membership.announce();
    for (const row of collaborationRows(this.parts.store.db)) this.follow(row);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.board.wake();
    await Promise.all([...this.followers.values()].map((f) => f.close()));
    if (this.parts.sums === undefined) await this.member.sums.close();
  }

  /** @throws invalid_input, forbidden */
  propose(actor: Actor, given: Omit<CollaborationSpec, "coordinator" | "version">): CollaborationView {
    return this.after(this.entering.propose(actor, given));
  }

  /** @throws state_conflict, invalid_input, not_found, forbidden */
  async invite(actor: Actor, invitation: Invitation): Promise<CollaborationView> {
    return this.after(await this.entering.invite(actor, invitation));
  }

  /** @throws no_grant, invalid_input, forbidden, state_conflict */
  join(actor: Actor, id: string, dataset: string): CollaborationView {
    this.entering.join(actor, id, dataset);
    return this.after(id);
  }

  /** @param what suspend, resume, withdraw or end. @throws as Membership does */
  move(actor: Actor, id: string, what: MemberMove, note?: string): CollaborationView {
    this.membership[what](actor, id, note);
    return this.after(id);
  }

  peers(): PeerView[] {
    return peerRows(this.parts.store.db).map(peerView);
  }

  /** @throws not_found, state_conflict */
  revoke(actor: Actor, which: string, reason: string): PeerView {
    const { peer, stopped } = this.membership.revoke(actor, which, reason);
    for (const id of stopped) this.after(id);
    return peerView(peer);
  }

  /** A new identity; what named the old one ends. @throws state_conflict */
  rotate(actor: Actor): DomainView {
    this.membership.rotate(actor);
    for (const row of collaborationRows(this.parts.store.db)) this.follow(row);
    return this.domain();
  }

  /** @throws forbidden, state_conflict, invalid_input, budget_exhausted */
  async open(actor: Actor, id: string, asking: Asking): Promise<RoundResultView> {
    const opened = await openRound(this.member, actor, collaborationRow(this.parts.store.db, id), asking);
    this.after(id);
    return { ...opened, state: "running" };
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
        : new BoardClient(url, identityIn(this.parts.keys, row.spec), this.parts.clock, this.stopping.signal);
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
