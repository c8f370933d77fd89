/** Uploads as the database keeps them. */
import type Database from "better-sqlite3";
import { prepared, type SpoolMark } from "../../store/index.js";
import type { DatasetId, PrincipalId, UploadId, VersionId } from "../../vocabulary/index.js";
import { uploadState } from "./states.js";

export interface UploadRow {
  id: UploadId;
  dataset: DatasetId;
  principal: PrincipalId;
  length: number;
  received: number;
  /** Bytes on the disk that hold what was received. */
  spooled: number;
  metadata_sealed: Buffer;
  version: VersionId | null;
  /** Canonical JSON of the options that it was taken with. */
  asked: string | null;
  answer_sealed: Buffer | null;
  created_at: number;
  expires_at: number;
}

export const stateOf = (row: UploadRow) =>
  uploadState({ taken: row.version !== null, received: row.received, length: row.length });

export const markOf = (row: UploadRow): SpoolMark => ({ bytes: row.received, sealed: row.spooled });

export const findUpload = (db: Database.Database, id: string): UploadRow | undefined =>
  prepared(db, "SELECT * FROM uploads WHERE id = ?").get(id) as UploadRow | undefined;

export const uploadRows = (db: Database.Database, sql: string, ...values: unknown[]): UploadRow[] =>
  db.prepare(sql).all(...values) as UploadRow[];
