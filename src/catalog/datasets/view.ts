/** A dataset as someone may see it: public metadata, or all that the catalogue has. Never a value from data. */
import { ownedPolicy, policyFigures } from "../../privacy/index.js";
import { rfc3339 } from "../../vocabulary/index.js";
import type { ColumnSchema } from "../engine/index.js";
import { type Assessment, isCurrent } from "./assessment.js";
import { assessable, effectiveColumns, publicColumns, type Sight } from "./policy.js";
import type { DatasetRow, VersionRow } from "./rows.js";
import type { AssessmentView, ColumnView, DatasetView, VersionInfo } from "./schemas.js";

export interface Shown {
  row: DatasetRow;
  sight: Exclude<Sight, "nothing">;
  current: VersionRow | undefined;
  /** Newest first. */
  versions: readonly VersionRow[];
  auditors: readonly string[];
  nameOf(principal: string): string;
}

export const columnView = (column: ColumnSchema): ColumnView => ({
  name: column.name,
  type: column.type,
  class: column.class,
  grade: column.grade,
  ...(column.bounds === undefined ? {} : { bounds: column.bounds }),
  ...(column.categories === undefined ? {} : { categories: column.categories }),
  ...(column.unit === undefined ? {} : { unit: column.unit }),
  nullable: column.nullable,
});

export const versionView = (version: VersionRow): VersionInfo => ({
  version: version.id,
  seq: version.seq,
  sha256: version.source_sha256,
  rows: version.rows,
  units: version.units,
  columns: version.columns.map(columnView),
  created_at: rfc3339(version.created_at),
});

export function datasetViewOf(shown: Shown): DatasetView {
  const { row, current } = shown;
  const found = current?.columns ?? [];
  const columns =
    shown.sight === "all" ? effectiveColumns(found, row.declared_columns) : publicColumns(row, found);
  const unit = row.unit_column ?? (row.row_is_unit ? null : undefined);
  return {
    id: row.id,
    name: row.name,
    ...(row.title === null ? {} : { title: row.title }),
    owner: shown.nameOf(row.owner),
    state: row.state,
    grade: row.grade,
    open_type: row.open_type,
    ...(row.area === null ? {} : { area: row.area }),
    ...(row.update_cycle === null ? {} : { update_cycle: row.update_cycle }),
    ...(unit === undefined ? {} : { unit_column: unit }),
    max_rows_per_unit: row.max_rows_per_unit,
    synthetic_rows: row.synthetic_rows,
    answer_ms: row.answer_ms,
    columns: columns.map(columnView),
    disclosure: policyFigures(ownedPolicy(row.grade, row.disclosure)),
    created_at: rfc3339(row.created_at),
    rev: row.rev,
    ...(shown.sight === "all" ? inside(shown) : {}),
  };
}

/** For the owner and the auditors that the owner named. */
function inside({ row, current, versions, auditors, nameOf }: Shown): Partial<DatasetView> {
  return {
    auditors: auditors.map(nameOf),
    budget: {
      ...(row.budget_rho === null ? {} : { rho: row.budget_rho }),
      ...(row.budget_delta === null ? {} : { delta: row.budget_delta }),
      ...(row.budget_signal_bits === null ? {} : { signal_bits: row.budget_signal_bits }),
    },
    ...(row.assessment ? { assessment: assessmentOf(row, row.assessment, current, nameOf) } : {}),
    ...(row.current_version === null ? {} : { current_version: row.current_version }),
    versions: versions.map((version) =>
      version.id === row.current_version
        ? {
            ...versionView(version),
            columns: effectiveColumns(version.columns, row.declared_columns).map(columnView),
          }
        : versionView(version),
    ),
  };
}

function assessmentOf(
  row: DatasetRow,
  assessment: Assessment,
  current: VersionRow | undefined,
  nameOf: (principal: string) => string,
): AssessmentView {
  return {
    columns: assessment.columns.map((c) => ({
      ...columnView(c),
      proposed_class: c.proposed_class,
      proposed_grade: c.proposed_grade,
      because: c.because,
      ...(c.reason === undefined ? {} : { reason: c.reason }),
    })),
    grade: assessment.grade,
    open_type: assessment.open_type,
    container_accepted: assessment.container_accepted,
    ...(assessment.isolation === undefined ? {} : { isolation: assessment.isolation }),
    ...(assessment.reason === undefined ? {} : { reason: assessment.reason }),
    risks: assessment.risks,
    current: current !== undefined && isCurrent(assessment, assessable(row, current.columns)),
    accepted_by: nameOf(assessment.accepted_by),
    at: rfc3339(assessment.at),
  };
}
