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
  pageOf,
  parseInput,
  parsePage,
  rfc3339,
  SYSTEM_ACTOR,
} from "../../vocabulary/index.js";
import type { BudgetService } from "../budgets/service.js";
import { mustFitBudget } from "../budgets/shares.js";
import type { Grants, UsableRequest } from "../catalog.js";
import { auditorsOf, type DatasetRow, datasetRow } from "../datasets/rows.js";
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
import { type GrantAction, grantTransition } from "./states.js";

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
const noSuchGrant = () =>
  new GloveboxError("not_found", { detail: "no such grant, or none that you may know of" });

export class GrantService implements Grants {
  constructor(private readonly parts: Parts) {
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
      return this.viewOf(terms);
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
      tx.db
        .prepare(
          `UPDATE grants SET rho = ?, delta = ?, signal_bits = ?, expires_at = ?, job_kinds = ?, constraints = ?
           WHERE id = ?`,
        )
        .run(...termValues(approved), grant.id);
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
      const { grant, dataset } = this.seen(actor, id);
      if (dataset.owner !== actor.id)
        throw new GloveboxError("forbidden", { detail: "only the dataset's owner decides on grants" });
      requireRev(grant.rev, ifMatch);
      grantTransition(grant.state, action);
      this.move(tx, adjust(tx, grant, dataset), action, actor.id);
      return this.viewOf(grantRow(tx.db, grant.id));
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
    return this.viewOf(this.seen(actor, id).grant);
  }

  list(actor: Actor, page: PageRequest = {}): Page<GrantView> {
    const { limit, cursor } = parsePage(page);
    const rows = grantRows(
      this.db,
      `SELECT g.* FROM grants g JOIN datasets d ON d.id = g.dataset
       WHERE g.id > :cursor AND (g.principal = :me OR g.requested_by = :me OR d.owner = :me OR
         EXISTS (SELECT 1 FROM dataset_auditors a WHERE a.dataset = d.id AND a.principal = :me))
       ORDER BY g.id LIMIT :limit`,
      { cursor: cursor ?? "", me: actor.id, limit: limit + 1 },
    );
    return pageOf(rows, limit, (row) => this.viewOf(row));
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
    const grant = chooseGrant(grants, { access, kind, now }, (g) => this.parts.budgets.left(g.id));
    if (dataset.state !== "published")
      throw new GloveboxError("state_conflict", {
        detail: `the dataset is ${dataset.state}`,
        state: dataset.state,
      });
    mustAllowAccess(dataset.grade, access);
    return grant;
  }

  /** @throws not_found for what the actor may not know of. */
  private seen(actor: Actor, id: string): { grant: GrantRow; dataset: DatasetRow } {
    const grant = grantRow(this.db, id);
    const dataset = datasetRow(this.db, grant.dataset);
    const concerned =
      [grant.principal, grant.requested_by, dataset.owner].includes(actor.id) ||
      auditorsOf(this.db, dataset.id).includes(actor.id);
    if (!concerned) throw noSuchGrant();
    return { grant, dataset };
  }

  private viewOf(grant: GrantRow): GrantView {
    const nameOf = (id: string) => this.parts.principals.named(id)?.name ?? id;
    return {
      id: grant.id,
      principal: nameOf(grant.principal),
      dataset: datasetRow(this.db, grant.dataset).name,
      purpose: grant.purpose,
      access: grant.access,
      state: grant.state,
      ...(grant.rho === null ? {} : { rho: grant.rho }),
      ...(grant.delta === null ? {} : { delta: grant.delta }),
      signal_bits: grant.signal_bits,
      signal_bits_left: this.parts.budgets.left(grant.id),
      expires_at: rfc3339(grant.expires_at),
      ...(grant.job_kinds === null ? {} : { job_kinds: grant.job_kinds }),
      ...(Object.keys(grant.constraints).length === 0 ? {} : { constraints: grant.constraints }),
      requested_by: nameOf(grant.requested_by),
      ...(grant.decided_by === null ? {} : { decided_by: nameOf(grant.decided_by) }),
      ...(grant.decided_at === null ? {} : { decided_at: rfc3339(grant.decided_at) }),
      created_at: rfc3339(grant.created_at),
      rev: grant.rev,
    };
  }
}

const termValues = (grant: GrantRow) =>
  [
    grant.rho,
    grant.delta,
    grant.signal_bits,
    grant.expires_at,
    grant.job_kinds === null ? null : JSON.stringify(grant.job_kinds),
    JSON.stringify(grant.constraints),
  ] as const;

function insertGrant(tx: Tx, grant: GrantRow): void {
  tx.db
    .prepare(
      `INSERT INTO grants (rho, delta, signal_bits, expires_at, job_kinds, constraints, id, principal, dataset,
         purpose, access, state, requested_by, decided_by, decided_at, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...termValues(grant),
      grant.id,
      grant.principal,
      grant.dataset,
      grant.purpose,
      grant.access,
      grant.state,
      grant.requested_by,
      grant.decided_by,
      grant.decided_at,
      grant.created_at,
    );
}

/** The terms as the ledger keeps them. */
const termsOf = (grant: GrantRow) => ({
  principal: grant.principal,
  dataset: grant.dataset,
  purpose: grant.purpose,
  access: grant.access,
  rho: grant.rho,
  delta: grant.delta,
  signal_bits: grant.signal_bits,
  expires_at: rfc3339(grant.expires_at),
  job_kinds: grant.job_kinds,
  drop_columns: grant.constraints.drop_columns ?? [],
});
