/** A grant's terms, written to the database and to the ledger. */
import type { JsonObject, Tx } from "../../ledger/index.js";
import { rfc3339 } from "../../vocabulary/index.js";
import type { GrantRow } from "./rows.js";

const termValues = (grant: GrantRow) =>
  [
    grant.rho,
    grant.delta,
    grant.signal_bits,
    grant.expires_at,
    grant.job_kinds === null ? null : JSON.stringify(grant.job_kinds),
    JSON.stringify(grant.constraints),
  ] as const;

export function insertGrant(tx: Tx, grant: GrantRow): void {
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

export function updateTerms(tx: Tx, grant: GrantRow): void {
  tx.db
    .prepare(
      `UPDATE grants SET rho = ?, delta = ?, signal_bits = ?, expires_at = ?, job_kinds = ?, constraints = ?
       WHERE id = ?`,
    )
    .run(...termValues(grant), grant.id);
}

/** The terms as the ledger keeps them. */
export const termsOf = (grant: GrantRow): JsonObject => ({
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
  ...(grant.constraints.collaboration === undefined
    ? {}
    : { collaboration: grant.constraints.collaboration }),
});
