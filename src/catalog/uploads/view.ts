/** An upload as its sender sees it. */
import type { Sealer } from "../../store/index.js";
import { rfc3339 } from "../../vocabulary/index.js";
import { uploadMetadata } from "./metadata.js";
import { stateOf, type UploadRow } from "./rows.js";
import type { UploadView } from "./schemas.js";

export const sealedFor = (id: string, what: "metadata" | "answer"): string => `upload:${id}:${what}`;

export const metadataOf = (sealer: Sealer, row: UploadRow): string =>
  sealer.open(row.metadata_sealed, sealedFor(row.id, "metadata")).toString("utf8");

export function uploadViewOf(row: UploadRow, dataset: string, metadata: string): UploadView {
  const { sha256 } = uploadMetadata(metadata);
  return {
    id: row.id,
    dataset,
    state: stateOf(row),
    length: row.length,
    offset: row.received,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(row.version === null ? {} : { version: row.version }),
    created_at: rfc3339(row.created_at),
    expires_at: rfc3339(row.expires_at),
  };
}
