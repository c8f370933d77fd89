/**
 * Uploads: content that is sent in parts, so that a broken connection, a restarted sender or a killed node costs
 * what was on its way and no more. When all of it is there it takes the very way of content that is sent at once.
 *
 * Rules: policy.ts and states.ts. Parts lie in the spool, encrypted. The offset that is told is of bytes that are
 * synced, and is kept with them in the database: after a crash it is right. One writer at a time. Whoever is refused
 * loses nothing that was kept.
 */
import type { Readable } from "node:stream";
import type { Ledger, Tx } from "../../ledger/index.js";
import {
  freeBytes,
  type Keys,
  RESERVE_BYTES,
  type Spool,
  type SpoolMark,
  type Store,
} from "../../store/index.js";
import {
  type Actor,
  type Clock,
  GloveboxError,
  newId,
  type Page,
  type PageRequest,
  pageOf,
  parsePage,
  type UploadId,
} from "../../vocabulary/index.js";
import type { Uploads } from "../catalog.js";
import { type ContentService, MAX_CONTENT_BYTES } from "../datasets/content.js";
import { mayChange } from "../datasets/policy.js";
import { datasetRow } from "../datasets/rows.js";
import type { ContentInfo } from "../datasets/schemas.js";
import type { DatasetsInSight } from "../datasets/sight.js";
import type { ReadOptions } from "../engine/index.js";
import { Arriving, type Checksum } from "./arriving.js";
import { endUpload, sweepUploads } from "./ending.js";
import { uploadMetadata } from "./metadata.js";
import {
  noSuchUpload,
  requireFewer,
  requireLength,
  requireOffset,
  requireRoomFor,
  UPLOAD_LIMITS,
} from "./policy.js";
import { findUpload, markOf, type UploadRow, uploadRows } from "./rows.js";
import type { UploadView } from "./schemas.js";
import { uploadTransition } from "./states.js";
import { Taking } from "./taking.js";
import { metadataOf, sealedFor, uploadViewOf } from "./view.js";

export interface UploadParts {
  store: Store;
  ledger: Ledger;
  keys: Pick<Keys, "sealer">;
  clock: Clock;
  spool: Spool;
  sight: DatasetsInSight;
  maxContentBytes?: number;
  /** How long a sender may be silent; what policy.ts says unless told. */
  idleMs?: number;
}

export class UploadService implements Uploads {
  private readonly writing = new Set<string>();
  private readonly taking: Taking;
  /** Made, and not yet named by a row. */
  private readonly beginning = new Set<string>();

  constructor(private readonly parts: UploadParts & { content: ContentService }) {
    this.taking = new Taking(parts);
  }

  private get db() {
    return this.parts.store.db;
  }

  get maxBytes(): number {
    return this.parts.maxContentBytes ?? MAX_CONTENT_BYTES;
  }

  async begin(actor: Actor, dataset: string, length: number, metadata: string): Promise<UploadView> {
    mayChange(this.parts.sight.owned(actor, dataset), "content");
    requireLength(length, this.maxBytes);
    uploadMetadata(metadata);
    this.requireMoreOf(actor, length);
    const id = newId("upload", this.parts.clock.now());
    this.beginning.add(id);
    try {
      const mark = await this.parts.spool.create(id);
      return this.parts.ledger.commit((tx) =>
        this.insert(tx, { actor, dataset, id, length, metadata, mark }),
      );
    } catch (error) {
      this.parts.spool.remove(id);
      throw error;
    } finally {
      this.beginning.delete(id);
    }
  }

  private requireMoreOf(actor: Actor, length: number): void {
    const open = "FROM uploads WHERE version IS NULL";
    requireFewer(
      this.db.prepare(`SELECT count(*) ${open} AND principal = ?`).pluck().get(actor.id) as number,
    );
    const promised = this.db
      .prepare(`SELECT coalesce(sum(length - received), 0) ${open}`)
      .pluck()
      .get() as number;
    const free = freeBytes(this.parts.store.dataDir) - RESERVE_BYTES;
    requireRoomFor(length, { free, promised });
  }

  private insert(
    tx: Tx,
    made: { actor: Actor; dataset: string; id: UploadId; length: number; metadata: string; mark: SpoolMark },
  ): UploadView {
    const { actor, id, length, metadata, mark } = made;
    const dataset = this.parts.sight.owned(actor, made.dataset);
    mayChange(dataset, "content");
    this.requireMoreOf(actor, length);
    const sealed = this.parts.keys.sealer.seal(metadata, sealedFor(id, "metadata"));
    tx.db
      .prepare(
        `INSERT INTO uploads (id, dataset, principal, length, received, spooled, metadata_sealed, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        dataset.id,
        actor.id,
        length,
        mark.bytes,
        mark.sealed,
        sealed,
        tx.now,
        tx.now + UPLOAD_LIMITS.keep_ms,
      );
    tx.entry({
      kind: "upload.begun",
      actor: actor.id,
      subject: id,
      dataset: dataset.id,
      data: { length },
    });
    return this.viewOf(findUpload(tx.db, id)!);
  }

  get(actor: Actor, id: string): UploadView {
    return this.viewOf(this.own(actor, id));
  }

  metadata(actor: Actor, id: string): string {
    return metadataOf(this.parts.keys.sealer, this.own(actor, id));
  }

  list(actor: Actor, dataset: string, page: PageRequest = {}): Page<UploadView> {
    const { limit, cursor } = parsePage(page);
    const rows = uploadRows(
      this.db,
      "SELECT * FROM uploads WHERE dataset = ? AND principal = ? AND id > ? ORDER BY id LIMIT ?",
      this.parts.sight.owned(actor, dataset).id,
      actor.id,
      cursor ?? "",
      limit + 1,
    );
    return pageOf(rows, limit, (row) => this.viewOf(row));
  }

  async append(
    actor: Actor,
    id: string,
    offset: number,
    source: Readable,
    checksum?: Checksum,
  ): Promise<UploadView> {
    const row = this.own(actor, id);
    mayChange(datasetRow(this.db, row.dataset), "content");
    if (row.version !== null) uploadTransition("taken", "fill");
    if (this.writing.has(row.id))
      throw new GloveboxError("state_conflict", {
        detail:
          "another request is sending to this upload; it may go on once that has ended or fallen silent",
      });
    requireOffset(offset, row.received);
    this.writing.add(row.id);
    try {
      const left = row.length - row.received;
      const idleMs = this.parts.idleMs ?? UPLOAD_LIMITS.idle_ms;
      const part = new Arriving(source, { bytes: left, idleMs }, checksum);
      // A part with a checksum counts as a whole or not at all.
      const keep = (mark: SpoolMark) => this.keep(row.id, mark);
      const mark = await this.parts.spool.append(
        row.id,
        markOf(row),
        part.pieces(),
        checksum ? () => {} : keep,
      );
      part.requireSum();
      if (checksum) keep(mark);
      return this.viewOf(findUpload(this.db, row.id) ?? row);
    } finally {
      this.writing.delete(row.id);
      if (!source.destroyed && !source.readableEnded) source.resume();
    }
  }

  /** Progress decides nothing, so it is no entry of the ledger; that it is synced is why it may be told. */
  private keep(id: UploadId, mark: SpoolMark): void {
    this.db
      .prepare("UPDATE uploads SET received = ?, spooled = ?, expires_at = ? WHERE id = ?")
      .run(mark.bytes, mark.sealed, this.parts.clock.now() + UPLOAD_LIMITS.keep_ms, id);
  }

  async take(actor: Actor, id: string, options: ReadOptions = {}): Promise<ContentInfo> {
    return await this.taking.take(actor, this.own(actor, id), options);
  }

  terminate(actor: Actor, id: string): void {
    const row = this.own(actor, id);
    if (this.inUse(row.id))
      throw new GloveboxError("state_conflict", {
        detail: "the upload is being sent or taken at this moment",
      });
    endUpload(this.parts, row, actor.id, "terminate", "terminated");
  }

  sweep(): number {
    return sweepUploads(this.parts, (id) => this.inUse(id));
  }

  private inUse(id: string): boolean {
    return this.beginning.has(id) || this.writing.has(id) || this.taking.has(id as UploadId);
  }

  /** @throws not_found for what is another's. */
  private own(actor: Actor, id: string): UploadRow {
    const row = findUpload(this.db, id);
    if (!row || row.principal !== actor.id) throw noSuchUpload();
    this.parts.sight.owned(actor, row.dataset);
    return row;
  }

  private viewOf(row: UploadRow): UploadView {
    return uploadViewOf(row, datasetRow(this.db, row.dataset).name, metadataOf(this.parts.keys.sealer, row));
  }
}
