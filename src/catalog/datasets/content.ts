/**
 * Content: a file is streamed through an engine into an encrypted, typed, immutable version.
 *
 * Rules: nothing of it exists until one transaction says so, and then all of it does (version, unit index, grade);
 * a failure before leaves nothing. The same bytes under the same declarations are the same version. One upload a
 * dataset at a time, for each continues the unit ordinals of the one before. No error names a value.
 */
import { createHash } from "node:crypto";
import { pipeline, type Readable, Transform, type TransformCallback } from "node:stream";
import canonicalize from "canonicalize";
import type { Ledger, Tx } from "../../ledger/index.js";
import type { Store, Vault, VaultObject } from "../../store/index.js";
import {
  type Actor,
  type Clock,
  type DatasetId,
  GloveboxError,
  invalidInput,
  newId,
  type VersionId,
} from "../../vocabulary/index.js";
import type { Sketching } from "../budgets/sketching.js";
import type { Engine, Imported, ReadOptions } from "../engine/index.js";
import { noteDropped, requirePresent } from "../objects.js";
import { highestGrade } from "./assessment.js";
import { type SentContent, sentContent } from "./media.js";
import { effectiveColumns, mayChange, mustFitAssessed } from "./policy.js";
import { type DatasetRow, datasetRow, type VersionRow, versionRow, versionRows } from "./rows.js";
import type { ContentInfo } from "./schemas.js";
import type { DatasetsInSight } from "./sight.js";
import { versionView } from "./view.js";

export const MAX_CONTENT_BYTES = 4 * 1024 ** 3;
interface Parts {
  store: Store;
  ledger: Ledger;
  vault: Vault;
  clock: Clock;
  engine: Engine;
  sight: DatasetsInSight;
  sketching: Pick<Sketching, "look">;
  maxContentBytes?: number;
}

/** What else must hold of content, and what is to happen in the transaction that makes it a version. */
export interface Receipt {
  /** Hex; what was read must have it. */
  sha256?: string;
  entered(tx: Tx, info: ContentInfo): void;
}

/** What was read, typed and encrypted, and waits for its transaction. */
interface Prepared {
  imported: Imported;
  parquet: VaultObject;
  unitIndex: VaultObject;
  sourceSha256: string;
}

export class ContentService {
  private readonly uploading = new Set<DatasetId>();

  constructor(private readonly parts: Parts) {}

  /** `mediaType` as in Content-Type, and what else the owner says of how the content is written. */
  async put(
    actor: Actor,
    name: string,
    source: Readable,
    mediaType: string,
    declared: ReadOptions = {},
    receipt?: Receipt,
  ): Promise<ContentInfo> {
    const row = this.parts.sight.owned(actor, name);
    mayChange(row, "content");
    const sent = sentContent(mediaType, declared);
    if (this.uploading.has(row.id))
      throw new GloveboxError("state_conflict", { detail: "another upload to this dataset is under way" });
    this.uploading.add(row.id);
    try {
      return await this.take(actor, row, source, sent, receipt);
    } finally {
      this.uploading.delete(row.id);
      if (!source.destroyed) source.destroy();
    }
  }

  private async take(
    actor: Actor,
    row: DatasetRow,
    source: Readable,
    sent: SentContent,
    receipt: Receipt | undefined,
  ): Promise<ContentInfo> {
    const meter = new Meter(this.parts.maxContentBytes ?? MAX_CONTENT_BYTES);
    // Errors of the source reach the reader of the meter, who answers for them.
    pipeline(source, meter, () => {});
    const imported = await this.parts.engine
      .importCsv({
        source: meter,
        declared: row.declared_columns,
        ...sent,
        maxRowsPerUnit: row.max_rows_per_unit,
        ...(row.unit_column === null ? {} : { unitColumn: row.unit_column }),
        ...(row.unit_index_object === null ? {} : { unitIndex: this.parts.vault.get(row.unit_index_object) }),
      })
      .catch((error: unknown) => {
        throw meter.refusal ?? error;
      })
      .finally(() => meter.destroy());
    try {
      mustFitAssessed(row, effectiveColumns(imported.columns, row.declared_columns));
      const sourceSha256 = meter.sha256();
      if (receipt?.sha256 !== undefined && receipt.sha256 !== sourceSha256)
        throw invalidInput("sha256", "the content is not what its sender announced; send it again");
      const parquet = await this.parts.vault.put(imported.parquet);
      const unitIndex = await this.parts.vault.put(imported.unitIndex).catch((error: unknown) => {
        this.drop([parquet.object]);
        throw error;
      });
      const info = this.settle(actor, row, { imported, parquet, unitIndex, sourceSha256 }, receipt);
      // Where no engine could look now, it is done before the first charge.
      await this.parts.sketching.look(info.version as VersionId).catch(() => undefined);
      return info;
    } finally {
      imported.dispose();
    }
  }

  /** The transaction. What was stored for nothing is noted, so that it goes. */
  private settle(
    actor: Actor,
    before: DatasetRow,
    prepared: Prepared,
    receipt: Receipt | undefined,
  ): ContentInfo {
    const { file, evidence } = prepared.imported;
    try {
      return this.parts.ledger.commit((tx) => {
        const info = { ...versionView(this.enter(tx, actor, before, prepared)), file, evidence };
        receipt?.entered(tx, info);
        return info;
      });
    } catch (error) {
      this.drop([prepared.parquet.object, prepared.unitIndex.object]);
      throw error;
    }
  }

  private drop(objects: readonly string[]): void {
    noteDropped(this.parts.store.db, this.parts.clock.now(), objects);
  }

  private enter(tx: Tx, actor: Actor, before: DatasetRow, prepared: Prepared): VersionRow {
    const row = datasetRow(tx.db, before.id);
    mayChange(row, "content");
    if (importKey(row) !== importKey(before))
      throw new GloveboxError("state_conflict", {
        detail: "the dataset was changed during the upload; put it again",
      });
    const { imported, parquet, unitIndex } = prepared;
    mustFitAssessed(row, effectiveColumns(imported.columns, row.declared_columns));
    const same = this.sameVersion(row, prepared);
    const dropped = same ? [parquet.object, unitIndex.object] : [];
    if (!same && row.unit_index_object !== null) dropped.push(row.unit_index_object);
    noteDropped(tx.db, tx.now, dropped);
    if (same && same.id === row.current_version) return same;
    if (!same) requirePresent(this.parts.vault, [parquet.object, unitIndex.object]);
    const version = same ?? this.insert(tx, row, prepared);
    tx.db
      .prepare(
        `UPDATE datasets SET current_version = ?, unit_index_object = ?, grade = ?, rev = rev + 1 WHERE id = ?`,
      )
      .run(
        version.id,
        same ? row.unit_index_object : unitIndex.object,
        highestGrade(effectiveColumns(version.columns, row.declared_columns)),
        row.id,
      );
    tx.entry({
      kind: same ? "version.restored" : "version.added",
      actor: actor.id,
      subject: version.id,
      dataset: row.id,
      data: {
        sha256: version.sha256,
        source_sha256: version.source_sha256,
        seq: version.seq,
        rows: version.rows,
        units: version.units,
        columns: version.columns.length,
      },
    });
    return version;
  }

  private insert(tx: Tx, row: DatasetRow, { imported, parquet, sourceSha256 }: Prepared): VersionRow {
    const seq = tx.db
      .prepare("SELECT COALESCE(MAX(seq), 0) + 1 FROM versions WHERE dataset = ?")
      .pluck()
      .get(row.id) as number;
    const id = newId("version", tx.now);
    tx.db
      .prepare(
        `INSERT INTO versions (id, dataset, seq, object, sha256, source_sha256, bytes, rows, units, columns, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        row.id,
        seq,
        parquet.object,
        parquet.sha256,
        sourceSha256,
        parquet.bytes,
        imported.rows,
        imported.units,
        JSON.stringify(imported.columns),
        tx.now,
      );
    return versionRow(tx.db, id);
  }

  /** The same bytes, read to the same rows: whatever was declared and however many units were known before. */
  private sameVersion(row: DatasetRow, { sourceSha256, parquet }: Prepared): VersionRow | undefined {
    const [same] = versionRows(
      this.parts.store.db,
      "SELECT * FROM versions WHERE dataset = ? AND source_sha256 = ? AND sha256 = ? ORDER BY seq DESC",
      row.id,
      sourceSha256,
      parquet.sha256,
    );
    return same;
  }
}

/** What the import stood on; when it changed meanwhile, the result is another's. */
const importKey = (row: DatasetRow) =>
  canonicalize([
    row.unit_column,
    row.max_rows_per_unit,
    row.unit_index_object,
    row.declared_columns.map((c) => [
      c.name,
      c.type ?? null,
      c.bounds ?? null,
      c.categories ?? null,
      c.nullable ?? null,
    ]),
  ]);

/** Counts and hashes what passes, and ends it past the limit. */
class Meter extends Transform {
  private readonly hash = createHash("sha256");
  private bytes = 0;
  refusal: GloveboxError | undefined;

  constructor(private readonly limit: number) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.limit) {
      this.refusal = new GloveboxError("too_large", {
        detail: `content may have at most ${this.limit} bytes`,
        limit: this.limit,
      });
      callback(this.refusal);
    } else {
      this.hash.update(chunk);
      callback(null, chunk);
    }
  }

  /** Hex. */
  sha256(): string {
    return this.hash.digest("hex");
  }
}
