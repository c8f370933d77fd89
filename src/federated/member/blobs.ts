/**
 * The blobs of a collaboration: this domain's own, and those that it fetches from the board and keeps.
 *
 * Rule: a board takes no message before it has the blobs that it names; one that lacks them later, or gives something
 * else in their place, is in breach itself.
 */
import { GloveboxError } from "../../vocabulary/index.js";
import { type Board, MAX_BLOB_BYTES } from "../board/board.js";
import { blobObject, type CollaborationRow, insertBlob } from "../collaborations/rows.js";
import type { MemberParts } from "./parts.js";
import { type Blobs, Breach } from "./revealed.js";

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
      const content = await given(board, row, sha256);
      await keep(content);
      return content;
    },
  };
}

async function given(board: Board, row: CollaborationRow, sha256: string): Promise<Buffer> {
  try {
    return await board.blob(row.id, sha256);
  } catch (error) {
    if (!(error instanceof GloveboxError)) throw error;
    if (error.code === "not_found") throw new Breach(row.spec.coordinator, "it lacks a blob that it took");
    if (error.code === "invalid_input")
      throw new Breach(row.spec.coordinator, "it gave something else in a blob's place");
    throw error;
  }
}
