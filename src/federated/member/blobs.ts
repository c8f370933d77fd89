/** The blobs of a collaboration: this domain's own, and those that it fetches from the board and keeps. */
import { type Board, MAX_BLOB_BYTES } from "../board/board.js";
import { blobObject, type CollaborationRow, insertBlob } from "../collaborations/rows.js";
import type { Blobs } from "./attempt.js";
import type { MemberParts } from "./parts.js";

export function blobsFrom({ vault, ledger, store }: MemberParts, row: CollaborationRow, board: Board): Blobs {
  const keep = async (content: Buffer): Promise<string> => {
    const stored = await vault.put(content);
    ledger.commit((tx) => insertBlob(tx, row.id, stored));
    return stored.sha256;
  };
  return {
    put: keep,
    async get(sha256: string): Promise<Buffer> {
      const kept = blobObject(store.db, row.id, sha256);
      if (kept !== undefined) return vault.read(kept.object, MAX_BLOB_BYTES);
      const content = await board.blob(row.id, sha256);
      await keep(content);
      return content;
    },
  };
}
