/** What a grant lets be asked of a dataset, as its owner declared it: public things only. */
import type { DeclaredTable } from "../../privacy/index.js";
import type { Store } from "../../store/index.js";
import { type Actor, type Clock, GloveboxError, invalidInput } from "../../vocabulary/index.js";
import { publicColumns } from "../datasets/policy.js";
import { type DatasetRow, datasetRow, type VersionRow, versionRow } from "../datasets/rows.js";
import type { GrantRow } from "../grants/rows.js";
import type { GrantService } from "../grants/service.js";

interface Parts {
  store: Store;
  clock: Clock;
  grants: GrantService;
}

export interface Source {
  dataset: DatasetRow;
  version: VersionRow;
  grant: GrantRow;
  table: DeclaredTable;
}

/** @throws not_found, no_grant, grant_expired, state_conflict */
export function sourceOf(parts: Parts, actor: Actor, name: string): Source {
  const grant = queryGrant(parts, actor, name);
  const { db } = parts.store;
  const dataset = datasetRow(db, grant.dataset);
  if (dataset.current_version === null)
    throw new GloveboxError("state_conflict", { detail: "the dataset has no content" });
  const version = versionRow(db, dataset.current_version);
  return { dataset, version, grant, table: tableOf(dataset, version, grant) };
}

/** Of query access, or of sandbox access, which carries queries too. */
function queryGrant({ grants, clock }: Parts, actor: Actor, dataset: string): GrantRow {
  const wanted = { principal: actor.id, dataset, kind: "query" as const, now: clock.now() };
  try {
    return grants.usable({ ...wanted, access: "query" });
  } catch (error) {
    if (!(error instanceof GloveboxError) || error.code !== "no_grant") throw error;
    try {
      return grants.usable({ ...wanted, access: "sandbox" });
    } catch {
      throw error;
    }
  }
}

/**
 * Whether a column may be empty is the owner's word, and a unit is never without a name. Of a column of which nothing was
 * said it is taken to be so: what the import found there is one row's doing.
 */
function mayBeEmpty({ unit_column, declared_columns }: DatasetRow): (column: string) => boolean {
  const said = new Map(declared_columns.map(({ name, nullable }) => [name, nullable]));
  return (column) => column !== unit_column && (said.get(column) ?? true);
}

function tableOf(dataset: DatasetRow, version: VersionRow, grant: GrantRow): DeclaredTable {
  const dropped = new Set(grant.constraints.drop_columns ?? []);
  const places = new Map(version.columns.map(({ name }, i) => [name, i]));
  const isNullable = mayBeEmpty(dataset);
  const columns = publicColumns(dataset, version.columns).flatMap((column) => {
    const at = places.get(column.name);
    if (at === undefined || dropped.has(column.name)) return [];
    const { name, type, bounds, categories } = column;
    const nullable = isNullable(name);
    return [
      { name, type, nullable, at, ...(bounds ? { bounds } : {}), ...(categories ? { categories } : {}) },
    ];
  });
  if (columns.length === 0) throw invalidInput("datasets", "your grant leaves no column of it");
  return {
    name: dataset.name,
    unit: dataset.row_is_unit ? undefined : (dataset.unit_column ?? undefined),
    maxRows: dataset.max_rows_per_unit,
    columns,
  };
}
