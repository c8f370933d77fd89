/**
 * Grants: who may use which dataset for what, how, and until when.
 *
 * Rules: policy.ts and states.ts. Only the owner of the dataset makes a grant active or ends it; whoever else asks
 * gets a request. A grant is shown to its grantee, to who asked for it, to the owner and to the dataset's auditors;
 * to all others, the admin included, it does not exist.
 */
import type { Ledger, Tx } from "../../ledger/index.js";
import type { Store } from "../../store/index.js";
import {
  type Actor,
  type Clock,
  GloveboxError,
  invalidInput,
  newId,
  type Page,
  type PageRequest,
  type PrincipalId,
  parseInput,
  SYSTEM_ACTOR,
} from "../../vocabulary/index.js";
import type { BudgetService } from "../budgets/service.js";
import { mustFitBudget } from "../budgets/shares.js";
import type { Grants, UsableRequest } from "../catalog.js";
import type { DatasetRow } from "../datasets/rows.js";
import type { DatasetsInSight } from "../datasets/sight.js";
import type { PrincipalService } from "../principals/service.js";
import { requireRev } from "../revision.js";
import {
  chooseGrant,
  GRANTEE_ROLES,
  type GrantedOn,
  MAX_OPEN_REQUESTS,
  mustAllowAccess,
  mustBeGrantable,
  signalBitsOf,
} from "./policy.js";
import { type GrantRow, grantRow, grantRows } from "./rows.js";
import { type ApproveInput, approveInput, type GrantInput, type GrantView, grantInput } from "./schemas.js";
import { GrantsInSight } from "./sight.js";
import { type GrantAction, grantTransition } from "./states.js";
import { insertGrant, termsOf, updateTerms } from "./terms.js";

interface Parts {
  store: Store;
  ledger: Ledger;
  clock: Clock;
  principals: PrincipalService;
  budgets: BudgetService;
  sight: DatasetsInSight;
}

/** How many grants one transaction ends. */
const EXPIRY_BATCH = 200;

export class GrantService implements Grants {
  private readonly shown: GrantsInSight;

  constructor(private readonly parts: Parts) {
    this.shown = new GrantsInSight(parts.store.db, parts.principals, parts.budgets);
    parts.ledger.on("principal.revoked", (tx, event) => this.endAllOf(tx, event.subject as PrincipalId));
  }

  private get db() {
    return this.parts.store.db;
  }

  create(actor: Actor, input: GrantInput): GrantView {
    const said = parseInput(grantInput, input);
    return this.parts.ledger.commit((tx) => {
      const { row: dataset, relation } = this.parts.sight.seen(actor, said.dataset);
      const grantee = this.granteeOf(said.principal ?? actor.id);
      const given = relation === "owner";
      if (!given) this.refuseFlood(actor);
      const terms: GrantRow = {
        id: newId("grant", tx.now),
        principal: grantee,
        dataset: dataset.id,
        purpose: said.purpose,
        access: said.access,
        state: given ? "active" : "requested",
        rho: said.rho ?? null,
        delta: said.delta ?? null,
        signal_bits: signalBitsOf(said.signal_bits, dataset.grade),
        expires_at: Date.parse(said.expires_at),
        job_kinds: said.job_kinds ?? null,
        constraints: said.constraints ?? {},
        requested_by: actor.id,
        decided_by: given ? actor.id : null,
        decided_at: given ? tx.now : null,
        created_at: tx.now,
        rev: 1,
      };
      mustBeGrantable(this.grantedOn(dataset), terms, tx.now, given ? "give" : "request");
      if (given) this.fitBudget(dataset, terms);
      insertGrant(tx, terms);
      tx.entry({
        kind: given ? "grant.approved" : "grant.requested",
        actor: actor.id,
        subject: terms.id,
        dataset: dataset.id,
        data: termsOf(terms),
      });
      return this.shown.view(terms);
    });
  }

  private granteeOf(nameOrId: string): PrincipalId {
    const grantee = this.parts.principals.named(nameOrId);
    if (!grantee || grantee.revoked) throw invalidInput("principal", "is no active principal");
    if (!grantee.roles.some((role) => GRANTEE_ROLES.includes(role)))
      throw invalidInput("principal", `needs the role ${GRANTEE_ROLES.join(" or ")}`);
    return grantee.id;
  }

  private refuseFlood(actor: Actor): void {
    const open = this.db
      .prepare("SELECT COUNT(*) FROM grants WHERE requested_by = ? AND state = 'requested'")
      .pluck()
      .get(actor.id) as number;
    if (open >= MAX_OPEN_REQUESTS)
      throw new GloveboxError("state_conflict", { detail: `you have ${open} requests open already` });
  }

  private grantedOn(dataset: DatasetRow): GrantedOn {
    const { state, grade, open_type } = dataset;
    const columns = this.parts.sight.currentOf(dataset)?.columns.map((c) => c.name) ?? [];
    return { state, grade, open_type, columns };
  }

  private fitBudget(dataset: DatasetRow, grant: GrantRow): void {
    const budget = {
      rho: dataset.budget_rho,
      delta: dataset.budget_delta,
      signal_bits: dataset.budget_signal_bits,
    };
    mustFitBudget(budget, this.parts.budgets.held(dataset.id, grant.id), grant);
  }

  approve(actor: Actor, id: string, input: ApproveInput = {}, ifMatch?: number): GrantView {
    const said = parseInput(approveInput, input);
    return this.decide(actor, id, "approve", ifMatch, (tx, grant, dataset) => {
      const approved: GrantRow = {
        ...grant,
        rho: said.rho ?? grant.rho,
        delta: said.delta ?? grant.delta,
        signal_bits: said.signal_bits ?? grant.signal_bits ?? signalBitsOf(undefined, dataset.grade),
        expires_at: said.expires_at === undefined ? grant.expires_at : Date.parse(said.expires_at),
        job_kinds: said.job_kinds ?? grant.job_kinds,
        constraints: said.constraints ?? grant.constraints,
      };
      this.granteeOf(grant.principal);
      mustBeGrantable(this.grantedOn(dataset), approved, tx.now, "give");
      this.fitBudget(dataset, approved);
      updateTerms(tx, approved);
      return approved;
    });
  }

  refuse(actor: Actor, id: string, ifMatch?: number): GrantView {
    return this.decide(actor, id, "refuse", ifMatch);
  }

  revoke(actor: Actor, id: string, ifMatch?: number): GrantView {
    return this.decide(actor, id, "revoke", ifMatch);
  }

  /** @param adjust what the decision changes of the terms */
  private decide(
    actor: Actor,
    id: string,
    action: GrantAction,
    ifMatch: number | undefined,
    adjust: (tx: Tx, grant: GrantRow, dataset: DatasetRow) => GrantRow = (_, grant) => grant,
  ): GrantView {
    return this.parts.ledger.commit((tx) => {
      const { grant, dataset } = this.shown.seen(actor, id);
      if (dataset.owner !== actor.id)
        throw new GloveboxError("forbidden", { detail: "only the dataset's owner decides on grants" });
      requireRev(grant.rev, ifMatch);
      grantTransition(grant.state, action);
      this.move(tx, adjust(tx, grant, dataset), action, actor.id);
      return this.shown.view(grantRow(tx.db, grant.id));
    });
  }

  private move(tx: Tx, grant: GrantRow, action: GrantAction, by: string): void {
    const step = grantTransition(grant.state, action);
    tx.db
      .prepare("UPDATE grants SET state = ?, decided_by = ?, decided_at = ?, rev = rev + 1 WHERE id = ?")
      .run(step.to, by, tx.now, grant.id);
    tx.entry({
      kind: step.entry,
      actor: by,
      subject: grant.id,
      dataset: grant.dataset,
      data: step.to === "active" ? termsOf(grant) : { principal: grant.principal },
    });
    if (step.emits)
      tx.event(step.emits, grant.id, {
        grant: grant.id,
        dataset: grant.dataset,
        principal: grant.principal,
      });
  }

  /** What a revoked principal held ends, and what it asked for is refused, in the same transaction. */
  private endAllOf(tx: Tx, principal: PrincipalId): void {
    const held = "SELECT * FROM grants WHERE principal = ? AND state IN ('active', 'requested')";
    for (const grant of grantRows(tx.db, held, principal))
      this.move(tx, grant, grant.state === "active" ? "revoke" : "refuse", SYSTEM_ACTOR);
  }

  expireDue(): number {
    let ended = 0;
    for (;;) {
      const due =
        "SELECT * FROM grants WHERE state = 'active' AND expires_at <= ? ORDER BY expires_at LIMIT ?";
      const now = this.parts.clock.now();
      if (grantRows(this.db, due, now, 1).length === 0) return ended;
      ended += this.parts.ledger.commit((tx) => {
        const batch = grantRows(tx.db, due, tx.now, EXPIRY_BATCH);
        for (const grant of batch) this.move(tx, grant, "expire", SYSTEM_ACTOR);
        return batch.length;
      });
    }
  }

  get(actor: Actor, id: string): GrantView {
    return this.shown.view(this.shown.seen(actor, id).grant);
  }

  list(actor: Actor, page: PageRequest = {}): Page<GrantView> {
    return this.shown.list(actor, page);
  }

  row(id: string): GrantRow {
    return grantRow(this.db, id);
  }

  usable({ principal, dataset: name, access, kind, now }: UsableRequest): GrantRow {
    const { row: dataset } = this.parts.sight.seen({ id: principal }, name);
    const grants = grantRows(
      this.db,
      "SELECT * FROM grants WHERE principal = ? AND dataset = ?",
      principal,
      dataset.id,
    );
    const { columns } = this.grantedOn(dataset);
    // What an answer with noise spends is ρ, not signals: of several grants the one with most of it left.
    const { budgets } = this.parts;
    const left = (g: GrantRow) => (kind === "query" ? budgets.rhoLeft(g) : budgets.left(g.id));
    const grant = chooseGrant(grants, { access, kind, now, columns }, left);
    if (dataset.state !== "published")
      throw new GloveboxError("state_conflict", {
        detail: `the dataset is ${dataset.state}`,
        state: dataset.state,
      });
    mustAllowAccess(dataset.grade, access);
    return grant;
  }
}
