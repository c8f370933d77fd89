/**
 * A complete upload becomes a version, by the very way of content that is sent at once.
 *
 * Rules: the version, its entry and the upload's own end are one transaction. Asked again under the same options,
 * while it is under way or after, it is the same answer; a refusal of the content leaves the upload as it was, so
 * that it can be read under other options without being sent again.
 */
import { canonicalJson, type JsonObject, type Tx } from "../../ledger/index.js";
import { type Actor, GloveboxError, type UploadId } from "../../vocabulary/index.js";
import type { ContentService } from "../datasets/content.js";
import type { ContentInfo } from "../datasets/schemas.js";
import type { ReadOptions } from "../engine/index.js";
import { uploadMetadata } from "./metadata.js";
import { noSuchUpload, UPLOAD_LIMITS } from "./policy.js";
import { findUpload, markOf, stateOf, type UploadRow } from "./rows.js";
import type { UploadParts } from "./service.js";
import { uploadTransition } from "./states.js";
import { metadataOf, sealedFor } from "./view.js";

interface UnderWay {
  asked: string;
  answer: Promise<ContentInfo>;
}

export class Taking {
  private readonly underWay = new Map<UploadId, UnderWay>();

  constructor(private readonly parts: UploadParts & { content: ContentService }) {}

  has(id: UploadId): boolean {
    return this.underWay.has(id);
  }

  async take(actor: Actor, row: UploadRow, options: ReadOptions): Promise<ContentInfo> {
    const asked = canonicalJson(options as JsonObject);
    const running = this.underWay.get(row.id);
    const before = running?.asked ?? row.asked;
    if (before !== null && before !== asked)
      throw new GloveboxError("state_conflict", {
        detail: "the upload is being taken, or was taken, under other options",
      });
    if (running) return running.answer;
    if (row.version !== null) return this.answerOf(row);
    uploadTransition(stateOf(row), "take");
    const answer = this.intoVersion(actor, row, options, asked);
    this.underWay.set(row.id, { asked, answer });
    try {
      return await answer;
    } finally {
      this.underWay.delete(row.id);
    }
  }

  private async intoVersion(
    actor: Actor,
    row: UploadRow,
    options: ReadOptions,
    asked: string,
  ): Promise<ContentInfo> {
    const { content, spool, keys } = this.parts;
    const { media, sha256 } = uploadMetadata(metadataOf(keys.sealer, row));
    const info = await content.put(actor, row.dataset, spool.read(row.id, markOf(row)), media, options, {
      ...(sha256 === undefined ? {} : { sha256 }),
      entered: (tx, made) => this.enter(tx, actor, row, asked, made),
    });
    // A crash before this leaves a file without use, which the sweep removes.
    spool.remove(row.id);
    return info;
  }

  private enter(tx: Tx, actor: Actor, row: UploadRow, asked: string, info: ContentInfo): void {
    const now = findUpload(tx.db, row.id);
    if (!now) throw noSuchUpload();
    const { entry } = uploadTransition(stateOf(now), "take");
    const answer = this.parts.keys.sealer.seal(JSON.stringify(info), sealedFor(row.id, "answer"));
    tx.db
      .prepare("UPDATE uploads SET version = ?, asked = ?, answer_sealed = ?, expires_at = ? WHERE id = ?")
      .run(info.version, asked, answer, tx.now + UPLOAD_LIMITS.keep_ms, row.id);
    const data = { version: info.version, length: row.length };
    tx.entry({ kind: entry, actor: actor.id, subject: row.id, dataset: row.dataset, data });
  }

  private answerOf(row: UploadRow): ContentInfo {
    const sealed = row.answer_sealed ?? Buffer.alloc(0);
    const answer = this.parts.keys.sealer.open(sealed, sealedFor(row.id, "answer"));
    return JSON.parse(answer.toString("utf8")) as ContentInfo;
  }
}
