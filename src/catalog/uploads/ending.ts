/** How uploads end that do not become a version: given up, expired, or lost with the disk that they were on. */
import { SYSTEM_ACTOR, type UploadId } from "../../vocabulary/index.js";
import { markOf, stateOf, type UploadRow, uploadRows } from "./rows.js";
import type { UploadParts } from "./service.js";
import { type UploadAction, uploadTransition } from "./states.js";

/** What is in use at this moment, and stays. */
export type InUse = (id: string) => boolean;

export function endUpload(
  parts: UploadParts,
  row: UploadRow,
  by: string,
  action: UploadAction,
  why: string,
): void {
  const { entry } = uploadTransition(stateOf(row), action);
  parts.ledger.commit((tx) => {
    tx.db.prepare("DELETE FROM uploads WHERE id = ?").run(row.id);
    const data = { why, received: row.received, length: row.length };
    tx.entry({ kind: entry, actor: by, subject: row.id, dataset: row.dataset, data });
  });
  parts.spool.remove(row.id);
}

/** @returns how many ended. */
export function sweepUploads(parts: UploadParts, inUse: InUse): number {
  const { store, spool, clock } = parts;
  const { db } = store;
  const gone = uploadRows(
    db,
    `SELECT u.* FROM uploads u JOIN datasets d ON d.id = u.dataset JOIN principals p ON p.id = u.principal
     WHERE u.version IS NULL AND (u.expires_at <= ? OR d.state = 'retired' OR p.revoked_at IS NOT NULL)`,
    clock.now(),
  );
  const ending = new Map(gone.map((row) => [row.id, { row, why: "expired" }]));
  // A backup holds no spool: what was restored from one has lost its parts.
  for (const row of uploadRows(db, "SELECT * FROM uploads WHERE version IS NULL"))
    if (!spool.reaches(row.id, markOf(row))) ending.set(row.id, { row, why: "lost" });
  let ended = 0;
  for (const { row, why } of ending.values()) {
    if (inUse(row.id)) continue;
    endUpload(parts, row, SYSTEM_ACTOR, "expire", why);
    ended++;
  }
  // That these ended is in the ledger already: only their answer is no longer given again.
  db.prepare("DELETE FROM uploads WHERE version IS NOT NULL AND expires_at <= ?").run(clock.now());
  removeUnnamed(parts, inUse);
  return ended;
}

/** Files that a crash left between their making and their row, or between a row's end and theirs. */
function removeUnnamed({ store, spool }: UploadParts, inUse: InUse): void {
  const open = new Set(
    uploadRows(store.db, "SELECT * FROM uploads WHERE version IS NULL").map((row) => row.id),
  );
  for (const name of spool.list()) if (!open.has(name as UploadId) && !inUse(name)) spool.remove(name);
}
