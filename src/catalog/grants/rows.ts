/** Grants as the database keeps them, and the one place that turns rows into values. */
import type Database from "better-sqlite3";
import { prepared } from "../../store/index.js";
import {
  type AccessMode,
  type DatasetId,
  GloveboxError,
  type GrantId,
  isId,
  type JobKindName,
  type PrincipalId,
} from "../../vocabulary/index.js";
import type { GrantConstraints, GrantState } from "./schemas.js";

export interface GrantRow {
  id: GrantId;
  principal: PrincipalId;
  dataset: DatasetId;
  purpose: string;
  access: AccessMode;
  state: GrantState;
  rho: string | null;
  delta: string | null;
  /** null is unlimited. */
  signal_bits: number | null;
  expires_at: number;
  /** null: all that its access allows. */
  job_kinds: JobKindName[] | null;
  constraints: GrantConstraints;
  requested_by: PrincipalId;
  decided_by: string | null;
  decided_at: number | null;
  created_at: number;
  rev: number;
}

type Raw = Record<string, unknown>;

function toGrant(raw: Raw): GrantRow {
  return {
    ...(raw as unknown as GrantRow),
    job_kinds: raw.job_kinds === null ? null : (JSON.parse(raw.job_kinds as string) as JobKindName[]),
    constraints: raw.constraints === null ? {} : (JSON.parse(raw.constraints as string) as GrantConstraints),
  };
}

export const grantRows = (db: Database.Database, sql: string, ...params: unknown[]): GrantRow[] =>
  (prepared(db, sql).all(...params) as Raw[]).map(toGrant);

/** @throws not_found */
export function grantRow(db: Database.Database, id: string): GrantRow {
  const [row] = isId("grant", id) ? grantRows(db, "SELECT * FROM grants WHERE id = ?", id) : [];
  if (!row) throw new GloveboxError("not_found", { detail: "no such grant, or none that you may know of" });
  return row;
}
