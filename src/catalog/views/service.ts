/**
 * Views: what a grant lets a job see of a version, made by an engine, encrypted in the vault, kept by content.
 *
 * Rules: a View is made once and then found again by version and spec; two who want it at the same time wait for
 * one making. If its object was lost it is made again, and must come out the same to the byte. A rehearsal gets
 * the twin, which is made without opening the version. No raw version leaves this room but as a View.
 */
import type { Readable } from "node:stream";
import type { Ledger, Tx } from "../../ledger/index.js";
import type { Store, Vault, VaultObject } from "../../store/index.js";
import {
  type Clock,
  GloveboxError,
  type JobMode,
  newId,
  SYSTEM_ACTOR,
  type VersionId,
  type ViewId,
} from "../../vocabulary/index.js";
import type { MaterialisedView, Views } from "../catalog.js";
import { type DatasetRow, datasetRow, type VersionRow, versionRow } from "../datasets/rows.js";
import type { ColumnSchema, Engine, TwinInput, ViewSpec } from "../engine/index.js";
import type { GrantRow } from "../grants/rows.js";
import { noteDropped, requirePresent } from "../objects.js";
import {
  type Answer,
  type AskedView,
  type AskRequest,
  type FitViewRequest,
  shownAsTheyAre,
  storedNames,
} from "./ask.js";
import { type NamedSpec, nameOfTypedTwin, nameOfView, twinColumns, twinOf, viewSpecOf } from "./spec.js";

interface Parts {
  store: Store;
  ledger: Ledger;
  vault: Vault;
  engine: Engine;
  clock: Clock;
}

interface ViewRow {
  id: ViewId;
  version: VersionId;
  spec_sha256: string;
  object: string;
  sha256: string;
  bytes: number;
  rows: number;
}

interface Seen {
  dataset: DatasetRow;
  version: VersionRow;
  spec: ViewSpec;
}

/** The whole twin, whatever a View shows of it: units are counted by a column that a grant may drop. */
function typedTwin({ dataset, version, spec }: Seen): Order {
  const twin = twinOf(dataset, twinColumns(dataset, version));
  return { dataset, version, form: "typed_twin", spec, twin, named: nameOfTypedTwin(twin) };
}

/** All that making one View needs. */
interface Order extends Seen {
  /** Of a rehearsal, the twin as a job reads it, or as an engine asks it. */
  form: "real" | "twin" | "typed_twin";
  twin: TwinInput;
  named: NamedSpec;
}

export class ViewService implements Views {
  private readonly making = new Map<string, Promise<ViewRow>>();

  constructor(private readonly parts: Parts) {}

  async ensure(request: { grant: GrantRow; versionId: string; mode: JobMode }): Promise<MaterialisedView> {
    const row = await this.rowOf(this.order(request));
    return {
      viewId: row.id,
      versionId: row.version,
      object: row.object,
      sha256: row.sha256,
      bytes: row.bytes,
      rows: row.rows,
      spec_sha256: row.spec_sha256,
      data_key: () => this.parts.vault.dataKey(row.object),
    };
  }

  columns(request: AskedView): ColumnSchema[] {
    const { dataset, version, spec } = this.seen(request);
    return shownAsTheyAre(twinColumns(dataset, version), spec);
  }

  async ask({ mode, question, maxRows, ...view }: AskRequest): Promise<Answer> {
    const { version, stored } = await this.openable(view, mode);
    return this.parts.engine.query({ version, ...question(stored), maxRows });
  }

  async fit({ mode, question, ...view }: FitViewRequest): Promise<{ [key: string]: unknown }> {
    const { version, stored } = await this.openable(view, mode);
    return this.parts.engine.fit({ version, ...question(stored) });
  }

  /** The version, or of a rehearsal its twin, and by what names its shown columns are stored. */
  private async openable(view: AskedView, mode: JobMode) {
    const seen = this.seen(view);
    const object = mode === "real" ? seen.version.object : (await this.rowOf(typedTwin(seen))).object;
    return {
      version: { key: object, parquet: () => this.parts.vault.get(object) },
      stored: storedNames(seen.version.columns, seen.spec),
    };
  }

  private async rowOf(order: Order): Promise<ViewRow> {
    return this.kept(order) ?? (await this.makeOnce(order));
  }

  private seen({ grant, versionId }: AskedView): Seen {
    const version = versionRow(this.parts.store.db, versionId);
    if (version.dataset !== grant.dataset)
      throw new GloveboxError("no_grant", { detail: "the grant is for another dataset" });
    const dataset = datasetRow(this.parts.store.db, version.dataset);
    return { dataset, version, spec: viewSpecOf(version.columns, grant.constraints) };
  }

  private order({ grant, versionId, mode }: AskedView & { mode: JobMode }): Order {
    if (mode === "real" && grant.access !== "sandbox")
      throw new GloveboxError("forbidden", { detail: `${grant.access} access gives no View of the data` });
    const { dataset, version, spec } = this.seen({ grant, versionId });
    const twin = twinOf(dataset, twinColumns(dataset, version), spec);
    const form = mode === "real" ? "real" : "twin";
    return { dataset, version, form, spec, twin, named: nameOfView(mode, spec, twin) };
  }

  private find(order: Order): ViewRow | undefined {
    return this.parts.store.db
      .prepare("SELECT * FROM views WHERE version = ? AND spec_sha256 = ?")
      .get(order.version.id, order.named.sha256) as ViewRow | undefined;
  }

  private kept(order: Order): ViewRow | undefined {
    const row = this.find(order);
    return row && this.parts.vault.has(row.object) ? row : undefined;
  }

  private makeOnce(order: Order): Promise<ViewRow> {
    const key = `${order.version.id} ${order.named.sha256}`;
    const under = this.making.get(key);
    if (under) return under;
    const made = this.make(order).finally(() => this.making.delete(key));
    this.making.set(key, made);
    return made;
  }

  private async make(order: Order): Promise<ViewRow> {
    const { csv, rows, dispose } = await this.open(order);
    try {
      const object = await this.parts.vault.put(csv);
      try {
        return this.parts.ledger.commit((tx) => this.enter(tx, order, object, rows));
      } catch (error) {
        noteDropped(this.parts.store.db, this.parts.clock.now(), [object.object]);
        throw error;
      }
    } finally {
      dispose();
    }
  }

  private async open(order: Order): Promise<{ csv: Readable; rows: number; dispose(): void }> {
    if (order.form === "real")
      return await this.parts.engine.materialise({
        parquet: this.parts.vault.get(order.version.object),
        spec: order.spec,
      });
    const csv = this.parts.engine.twin(order.twin);
    if (order.form === "typed_twin") return await this.typed(order, csv);
    return { csv, rows: order.twin.rows, dispose: () => csv.destroy() };
  }

  /** The twin read as its version was: the same columns by the same names, with units of its own. */
  private async typed({ dataset, twin }: Order, csv: Readable) {
    const { parquet, rows, dispose } = await this.parts.engine.importCsv({
      source: csv,
      declared: twin.columns.map(({ name, type, class: of, grade }) => ({ name, type, class: of, grade })),
      maxRowsPerUnit: dataset.max_rows_per_unit,
      ...(twin.unitColumn === undefined ? {} : { unitColumn: twin.unitColumn }),
    });
    return { csv: parquet, rows, dispose };
  }

  private enter(tx: Tx, order: Order, object: VaultObject, rows: number): ViewRow {
    requirePresent(this.parts.vault, [object.object]);
    const before = this.find(order);
    if (before && before.sha256 !== object.sha256)
      throw new GloveboxError("internal", { detail: "a View came out otherwise than the first time" });
    if (before) return before;
    const id = newId("view", tx.now);
    tx.db
      .prepare(
        `INSERT INTO views (id, version, spec_sha256, spec, object, sha256, bytes, rows, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        order.version.id,
        order.named.sha256,
        order.named.spec,
        object.object,
        object.sha256,
        object.bytes,
        rows,
        tx.now,
      );
    tx.entry({
      kind: "view.made",
      actor: SYSTEM_ACTOR,
      subject: id,
      dataset: order.dataset.id,
      data: {
        version: order.version.id,
        spec_sha256: order.named.sha256,
        sha256: object.sha256,
        mode: order.form === "real" ? "real" : "dry_run",
      },
    });
    return this.find(order)!;
  }
}
