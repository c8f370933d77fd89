/**
 * What a View is: pure functions from a grant and a schema to a spec, and from a spec to its name.
 *
 * Rules: the same spec has the same canonical JSON and so the same hash; a twin is named by schema, seed and size
 * as well, and never by anything of the data. Each column of the version is listed, so that one which the grant
 * does not know cannot slip in unseen.
 */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { GloveboxError, type JobMode } from "../../vocabulary/index.js";
import { effectiveColumns, publicColumns } from "../datasets/policy.js";
import type { DatasetRow, VersionRow } from "../datasets/rows.js";
import type { ColumnSchema, TwinInput, ViewSpec } from "../engine/index.js";
import type { GrantConstraints } from "../grants/schemas.js";

export function viewSpecOf(
  columns: readonly { name: string }[],
  { drop_columns = [] }: GrantConstraints,
): ViewSpec {
  const dropped = new Set(drop_columns);
  const spec: ViewSpec = {
    columns: columns.map(({ name }) => ({ name, treatment: dropped.has(name) ? "drop" : "as_is" })),
  };
  const known = new Set(columns.map(({ name }) => name));
  if (drop_columns.some((name) => !known.has(name)))
    throw new GloveboxError("no_grant", {
      detail: "the grant drops a column that this version does not have",
    });
  if (spec.columns.every((column) => column.treatment === "drop"))
    throw new GloveboxError("state_conflict", { detail: "the grant leaves no column of this version" });
  return spec;
}

/** The schema that the twin of a version is made from: what is public of it. */
export function twinColumns(dataset: DatasetRow, version: VersionRow): ColumnSchema[] {
  const shown = publicColumns(dataset, version.columns);
  const names = (columns: readonly ColumnSchema[]) => canonicalize(columns.map((c) => c.name));
  return names(shown) === names(version.columns)
    ? shown
    : effectiveColumns(version.columns, dataset.declared_columns);
}

export function twinOf(dataset: DatasetRow, columns: ColumnSchema[], spec?: ViewSpec): TwinInput {
  const unit = columns.some((c) => c.name === dataset.unit_column) ? dataset.unit_column : null;
  return {
    columns,
    rows: dataset.synthetic_rows,
    seed: dataset.id,
    ...(spec ? { spec } : {}),
    ...(unit === null ? {} : { unitColumn: unit }),
    maxRowsPerUnit: dataset.max_rows_per_unit,
  };
}

export interface NamedSpec {
  /** Canonical JSON. */
  spec: string;
  sha256: string;
}

/** What is kept and hashed: the spec of a real View, or of a twin all that it is made from. */
export function nameOfView(mode: JobMode, spec: ViewSpec, twin: TwinInput): NamedSpec {
  return named(mode === "real" ? { ...spec } : { twin: { ...twin } });
}

/** Of a twin as an engine asks it. */
export const nameOfTypedTwin = (twin: TwinInput): NamedSpec => named({ twin: { ...twin }, form: "typed" });

function named(what: object): NamedSpec {
  const kept = canonicalize(what);
  if (kept === undefined)
    throw new GloveboxError("internal", { detail: "a View's spec has no canonical form" });
  return { spec: kept, sha256: createHash("sha256").update(kept).digest("hex") };
}
