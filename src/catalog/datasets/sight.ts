/** Datasets as one actor sees them: finding, standing to them, showing. Reads only. */
import type Database from "better-sqlite3";
import { type Actor, GloveboxError, type PrincipalId } from "../../vocabulary/index.js";
import type { PrincipalService } from "../principals/service.js";
import { DATASET_SIGHT, notFound, type Relation, type Sight } from "./policy.js";
import {
  auditorsOf,
  type DatasetRow,
  findDataset,
  type VersionRow,
  versionRow,
  versionRows,
} from "./rows.js";
import type { DatasetView } from "./schemas.js";
import { datasetViewOf } from "./view.js";

const MAX_VERSIONS_SHOWN = 50;

export interface SeenDataset {
  row: DatasetRow;
  sight: Exclude<Sight, "nothing">;
  relation: Relation;
}

export class DatasetsInSight {
  constructor(
    private readonly db: Database.Database,
    private readonly principals: PrincipalService,
  ) {}

  /** @throws not_found for what the actor may not know of. */
  seen(actor: Pick<Actor, "id">, nameOrId: string): SeenDataset {
    const row = findDataset(this.db, nameOrId);
    if (!row) throw notFound();
    const relation = this.relationOf(actor.id, row);
    const sight = DATASET_SIGHT[row.state][relation];
    if (sight === "nothing") throw notFound();
    return { row, sight, relation };
  }

  /** @throws not_found, or forbidden for who may know of it and does not own it. */
  owned(actor: Pick<Actor, "id">, nameOrId: string): DatasetRow {
    const { row, relation } = this.seen(actor, nameOrId);
    if (relation !== "owner")
      throw new GloveboxError("forbidden", { detail: "only the dataset's owner does this" });
    return row;
  }

  relationOf(principal: PrincipalId, row: DatasetRow): Relation {
    if (row.owner === principal) return "owner";
    if (auditorsOf(this.db, row.id).includes(principal)) return "auditor";
    const granted = this.db
      .prepare(
        "SELECT 1 FROM grants WHERE principal = ? AND dataset = ? AND state IN ('active', 'expired', 'revoked')",
      )
      .get(principal, row.id);
    return granted === undefined ? "other" : "grantee";
  }

  currentOf(row: DatasetRow): VersionRow | undefined {
    return row.current_version === null ? undefined : versionRow(this.db, row.current_version);
  }

  view(actor: Pick<Actor, "id">, row: DatasetRow): DatasetView {
    const sight = DATASET_SIGHT[row.state][this.relationOf(actor.id, row)];
    if (sight === "nothing") throw notFound();
    return datasetViewOf({
      row,
      sight,
      current: this.currentOf(row),
      versions: versionRows(
        this.db,
        `SELECT * FROM versions WHERE dataset = ? ORDER BY seq DESC LIMIT ${MAX_VERSIONS_SHOWN}`,
        row.id,
      ),
      auditors: auditorsOf(this.db, row.id),
      nameOf: (principal) => this.principals.named(principal)?.name ?? principal,
    });
  }
}
