/** Datasets and versions as the database keeps them, and the one place that turns rows into values. */
import type Database from "better-sqlite3";
import type { OwnersPolicy } from "../../privacy/index.js";
import { prepared } from "../../store/index.js";
import {
  type DatasetId,
  GloveboxError,
  type Grade,
  isId,
  type OpenType,
  type PrincipalId,
  type VersionId,
} from "../../vocabulary/index.js";
import type { ColumnSchema } from "../engine/index.js";
import type { Assessment } from "./assessment.js";
import type { DatasetState, DeclaredColumn } from "./schemas.js";

export interface DatasetRow {
  id: DatasetId;
  name: string;
  title: string | null;
  owner: PrincipalId;
  state: DatasetState;
  unit_column: string | null;
  /** The owner stated that each row is a unit of its own. */
  row_is_unit: boolean;
  max_rows_per_unit: number;
  open_type: OpenType;
  area: string | null;
  update_cycle: string | null;
  /** The highest grade of its columns. */
  grade: Grade;
  declared_columns: DeclaredColumn[];
  assessment: Assessment | null;
  budget_rho: string | null;
  budget_delta: string | null;
  budget_signal_bits: number | null;
  synthetic_rows: number;
  /** After how many milliseconds an answer to a query is sent. */
  answer_ms: number;
  /** Where the owner differs from the grade's defaults. */
  disclosure: OwnersPolicy;
  unit_index_object: string | null;
  current_version: VersionId | null;
  created_at: number;
  rev: number;
}

export interface VersionRow {
  id: VersionId;
  dataset: DatasetId;
  seq: number;
  object: string;
  /** Hex, of the typed file in the vault. */
  sha256: string;
  /** Hex, of the content as it was sent. */
  source_sha256: string;
  bytes: number;
  rows: number;
  units: number;
  columns: ColumnSchema[];
  created_at: number;
}

type Raw = Record<string, unknown>;

function toDataset(raw: Raw): DatasetRow {
  return {
    ...(raw as unknown as DatasetRow),
    row_is_unit: raw.row_is_unit === 1,
    disclosure: JSON.parse(raw.disclosure as string) as OwnersPolicy,
    declared_columns: JSON.parse(raw.declared_columns as string) as DeclaredColumn[],
    assessment: raw.assessment === null ? null : (JSON.parse(raw.assessment as string) as Assessment),
  };
}

function toVersion(raw: Raw): VersionRow {
  return { ...(raw as unknown as VersionRow), columns: JSON.parse(raw.columns as string) as ColumnSchema[] };
}

/** Names and ids cannot be confused: no name looks like an id (names.ts). */
export function findDataset(db: Database.Database, nameOrId: string): DatasetRow | undefined {
  const column = isId("dataset", nameOrId) ? "id" : "name";
  const raw = prepared(db, `SELECT * FROM datasets WHERE ${column} = ?`).get(nameOrId) as Raw | undefined;
  return raw && toDataset(raw);
}

/** @throws not_found */
export function datasetRow(db: Database.Database, nameOrId: string): DatasetRow {
  const row = findDataset(db, nameOrId);
  if (!row) throw new GloveboxError("not_found", { detail: "no such dataset, or none that you may know of" });
  return row;
}

export const datasetRows = (db: Database.Database, sql: string, ...params: unknown[]): DatasetRow[] =>
  (db.prepare(sql).all(...params) as Raw[]).map(toDataset);

export const versionRows = (db: Database.Database, sql: string, ...params: unknown[]): VersionRow[] =>
  (db.prepare(sql).all(...params) as Raw[]).map(toVersion);

/** @throws not_found */
export function versionRow(db: Database.Database, id: string): VersionRow {
  const raw = prepared(db, "SELECT * FROM versions WHERE id = ?").get(id) as Raw | undefined;
  if (!raw) throw new GloveboxError("not_found", { detail: "no such version" });
  return toVersion(raw);
}

export const auditorsOf = (db: Database.Database, dataset: DatasetId): PrincipalId[] =>
  db
    .prepare("SELECT principal FROM dataset_auditors WHERE dataset = ? ORDER BY named_at, principal")
    .pluck()
    .all(dataset) as PrincipalId[];
