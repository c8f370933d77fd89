/** Grants as one actor sees them: finding and showing. Reads only. */
import type Database from "better-sqlite3";
import {
  type Actor,
  GloveboxError,
  type Page,
  type PageRequest,
  pageOf,
  parsePage,
  rfc3339,
} from "../../vocabulary/index.js";
import type { BudgetService } from "../budgets/service.js";
import { auditorsOf, type DatasetRow, datasetRow } from "../datasets/rows.js";
import type { PrincipalService } from "../principals/service.js";
import { type GrantRow, grantRow, grantRows } from "./rows.js";
import type { GrantView } from "./schemas.js";

export class GrantsInSight {
  constructor(
    private readonly db: Database.Database,
    private readonly principals: PrincipalService,
    private readonly budgets: BudgetService,
  ) {}

  /** @throws not_found for what the actor may not know of. */
  seen(actor: Actor, id: string): { grant: GrantRow; dataset: DatasetRow } {
    const grant = grantRow(this.db, id);
    const dataset = datasetRow(this.db, grant.dataset);
    const concerned =
      [grant.principal, grant.requested_by, dataset.owner].includes(actor.id) ||
      auditorsOf(this.db, dataset.id).includes(actor.id);
    if (!concerned)
      throw new GloveboxError("not_found", { detail: "no such grant, or none that you may know of" });
    return { grant, dataset };
  }

  list(actor: Actor, page: PageRequest): Page<GrantView> {
    const { limit, cursor } = parsePage(page);
    const rows = grantRows(
      this.db,
      `SELECT g.* FROM grants g JOIN datasets d ON d.id = g.dataset
       WHERE g.id > :cursor AND (g.principal = :me OR g.requested_by = :me OR d.owner = :me OR
         EXISTS (SELECT 1 FROM dataset_auditors a WHERE a.dataset = d.id AND a.principal = :me))
       ORDER BY g.id LIMIT :limit`,
      { cursor: cursor ?? "", me: actor.id, limit: limit + 1 },
    );
    return pageOf(rows, limit, (row) => this.view(row));
  }

  view(grant: GrantRow): GrantView {
    const nameOf = (id: string) => this.principals.named(id)?.name ?? id;
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
      signal_bits_left: this.budgets.left(grant.id),
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
