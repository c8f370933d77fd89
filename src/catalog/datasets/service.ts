/**
 * Datasets: the entries of the catalogue and their states.
 *
 * Rules: policy.ts and states.ts. Every change is the owner's, is committed with its ledger entry, and raises the
 * revision. What someone may not know of answers as what is not there.
 */
import type { Readable } from "node:stream";
import type { JsonObject, Ledger, Tx } from "../../ledger/index.js";
import type { Store } from "../../store/index.js";
import {
  type Actor,
  type DatasetId,
  GloveboxError,
  newId,
  type Page,
  type PageRequest,
  type PrincipalId,
  pageOf,
  parseInput,
  parsePage,
} from "../../vocabulary/index.js";
import type { BudgetView } from "../budgets/schemas.js";
import type { BudgetService } from "../budgets/service.js";
import type { Datasets } from "../catalog.js";
import type { Engine, ReadOptions } from "../engine/index.js";
import { refuseName } from "../names.js";
import { requireRole } from "../principals/policy.js";
import type { PrincipalService } from "../principals/service.js";
import { requireRev } from "../revision.js";
import { twinOf } from "../views/spec.js";
import { type Assessment, assess, assessedSchema, highestGrade } from "./assessment.js";
import type { ContentService } from "./content.js";
import { changesShape, describe } from "./entry.js";
import { assessable, mayChange, mustBeInStep, mustHaveDeclared, publicColumns } from "./policy.js";
import { auditorsOf, type DatasetRow, datasetRow, datasetRows, type VersionRow, versionRow } from "./rows.js";
import {
  type AssessInput,
  assessInput,
  type ContentInfo,
  type DatasetInput,
  type DatasetPatch,
  type DatasetView,
  type DeclaredColumn,
  datasetInput,
  datasetPatch,
} from "./schemas.js";
import type { DatasetsInSight } from "./sight.js";
import { type DatasetAction, datasetTransition } from "./states.js";

interface Parts {
  store: Store;
  ledger: Ledger;
  engine: Engine;
  principals: PrincipalService;
  budgets: BudgetService;
  content: ContentService;
  sight: DatasetsInSight;
}

export class DatasetService implements Datasets {
  constructor(private readonly parts: Parts) {}

  private get db() {
    return this.parts.store.db;
  }

  create(actor: Actor, input: DatasetInput): DatasetView {
    requireRole(actor, "owner");
    const { name, ...described } = parseInput(datasetInput, input);
    refuseName(name);
    return this.parts.ledger.commit((tx) => {
      if (tx.db.prepare("SELECT 1 FROM datasets WHERE name = ? COLLATE NOCASE").get(name) !== undefined)
        throw new GloveboxError("state_conflict", { detail: "a dataset of this name exists" });
      const id = newId("dataset", tx.now);
      tx.db
        .prepare(
          `INSERT INTO datasets (id, name, owner, state, open_type, grade, declared_columns, created_at)
           VALUES (?, ?, ?, 'draft', 'conditional', ?, '[]', ?)`,
        )
        .run(id, name, actor.id, highestGrade([]), tx.now);
      tx.entry({ kind: "dataset.created", actor: actor.id, subject: id, dataset: id, data: { name } });
      describe(tx, this.parts, datasetRow(tx.db, id), described, undefined);
      return this.parts.sight.view(actor, datasetRow(tx.db, id));
    });
  }

  patch(actor: Actor, name: string, input: DatasetPatch, ifMatch?: number): DatasetView {
    const said = parseInput(datasetPatch, input);
    return this.parts.ledger.commit((tx) => {
      const row = this.parts.sight.owned(actor, name);
      requireRev(row.rev, ifMatch);
      mayChange(row, changesShape(said) ? "shape" : "words");
      describe(tx, this.parts, row, said, this.parts.sight.currentOf(row)?.columns);
      tx.db.prepare("UPDATE datasets SET rev = rev + 1 WHERE id = ?").run(row.id);
      tx.entry({
        kind: "dataset.changed",
        actor: actor.id,
        subject: row.id,
        dataset: row.id,
        data: JSON.parse(JSON.stringify(said)) as JsonObject,
      });
      return this.parts.sight.view(actor, datasetRow(tx.db, row.id));
    });
  }

  assess(actor: Actor, name: string, input: AssessInput = {}, ifMatch?: number): DatasetView {
    const said = parseInput(assessInput, input);
    return this.move(actor, name, "assess", ifMatch, (tx, row) => {
      const current = this.parts.sight.currentOf(row);
      if (!current) throw new GloveboxError("state_conflict", { detail: "put the dataset's content first" });
      mustHaveDeclared(row.declared_columns, current.columns);
      const subject = assessable(row, current.columns);
      const by = { accepted_by: actor.id, at: tx.now };
      const result = assess(subject, row.declared_columns, said, by);
      tx.db
        .prepare(
          "UPDATE datasets SET assessment = ?, declared_columns = ?, grade = ?, open_type = ? WHERE id = ?",
        )
        .run(
          JSON.stringify(result),
          JSON.stringify(decidedColumns(row.declared_columns, result)),
          result.grade,
          result.open_type,
          row.id,
        );
      return evidenceOf(result);
    });
  }

  publish(actor: Actor, name: string, ifMatch?: number): DatasetView {
    return this.move(actor, name, "publish", ifMatch, (_, row) => {
      mustBeInStep(row, this.parts.sight.currentOf(row)?.columns);
      return { version: row.current_version, grade: row.grade };
    });
  }

  suspend(actor: Actor, name: string, ifMatch?: number): DatasetView {
    return this.move(actor, name, "suspend", ifMatch, () => ({}));
  }

  retire(actor: Actor, name: string, ifMatch?: number): DatasetView {
    return this.move(actor, name, "retire", ifMatch, () => ({}));
  }

  private move(
    actor: Actor,
    name: string,
    action: DatasetAction,
    ifMatch: number | undefined,
    effect: (tx: Tx, row: DatasetRow) => JsonObject,
  ): DatasetView {
    return this.parts.ledger.commit((tx) => {
      const row = this.parts.sight.owned(actor, name);
      requireRev(row.rev, ifMatch);
      const step = datasetTransition(row.state, action);
      const data = effect(tx, row);
      tx.db.prepare("UPDATE datasets SET state = ?, rev = rev + 1 WHERE id = ?").run(step.to, row.id);
      tx.entry({ kind: step.entry, actor: actor.id, subject: row.id, dataset: row.id, data });
      if (step.emits) tx.event(step.emits, row.id, { dataset: row.id });
      return this.parts.sight.view(actor, datasetRow(tx.db, row.id));
    });
  }

  async putContent(
    actor: Actor,
    name: string,
    source: Readable,
    mediaType: string,
    options?: ReadOptions,
  ): Promise<ContentInfo> {
    return await this.parts.content.put(actor, name, source, mediaType, options);
  }

  get(actor: Actor, name: string): DatasetView {
    return this.parts.sight.view(actor, this.parts.sight.seen(actor, name).row);
  }

  /** The filter says what DATASET_SIGHT says; a test holds the two together. */
  list(actor: Actor, page: PageRequest = {}): Page<DatasetView> {
    const { limit, cursor } = parsePage(page);
    const rows = datasetRows(
      this.db,
      `SELECT * FROM datasets d WHERE d.id > :cursor AND (
         d.owner = :me OR d.state IN ('published', 'suspended') OR (d.state = 'retired' AND (
           EXISTS (SELECT 1 FROM dataset_auditors a WHERE a.dataset = d.id AND a.principal = :me) OR
           EXISTS (SELECT 1 FROM grants g WHERE g.dataset = d.id AND g.principal = :me
                   AND g.state IN ('active', 'expired', 'revoked')))))
       ORDER BY d.id LIMIT :limit`,
      { cursor: cursor ?? "", me: actor.id, limit: limit + 1 },
    );
    return pageOf(rows, limit, (row) => this.parts.sight.view(actor, row));
  }

  async synthetic(actor: Actor, name: string): Promise<Readable> {
    const { row } = this.parts.sight.seen(actor, name);
    const current = this.parts.sight.currentOf(row);
    if (!current) throw new GloveboxError("state_conflict", { detail: "the dataset has no content yet" });
    return this.parts.engine.twin(twinOf(row, publicColumns(row, current.columns)));
  }

  budget(actor: Actor, name: string): BudgetView {
    const { row, sight, relation } = this.parts.sight.seen(actor, name);
    if (sight === "all") return this.parts.budgets.ofDataset(row);
    if (relation === "grantee") return this.parts.budgets.ofGrantee(row, actor.id);
    throw new GloveboxError("forbidden", {
      detail: "this is for the owner, the dataset's auditors and its grantees",
    });
  }

  auditors(dataset: DatasetId): PrincipalId[] {
    return auditorsOf(this.db, dataset);
  }

  row(nameOrId: string): DatasetRow {
    return datasetRow(this.db, nameOrId);
  }

  version(id: string): VersionRow {
    return versionRow(this.db, id);
  }
}

/** What the assessment decided becomes what is declared, so that later content is measured by it. */
function decidedColumns(declared: readonly DeclaredColumn[], assessment: Assessment): DeclaredColumn[] {
  const byName = new Map(declared.map((c) => [c.name, c]));
  return assessedSchema(assessment).map((c) => ({
    ...byName.get(c.name),
    name: c.name,
    class: c.class,
    grade: c.grade,
  }));
}

const evidenceOf = (assessment: Assessment): JsonObject => ({
  grade: assessment.grade,
  open_type: assessment.open_type,
  container_accepted: assessment.container_accepted,
  ...(assessment.isolation === undefined ? {} : { isolation: assessment.isolation }),
  columns: assessment.columns.map((c) => ({ name: c.name, class: c.class, grade: c.grade })),
  risks: assessment.risks.map((r) => r.risk),
});
