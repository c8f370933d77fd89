/**
 * Who sees what of a dataset, what its owner may change when, and what must hold before it is published.
 *
 * Rules: pure. What someone may not know of is `not_found`, never `forbidden`. Counts (rows, units), versions and
 * hashes are data: they are shown to the owner and the auditors that the owner named, to nobody else, and being
 * admin changes nothing of that.
 */
import { GloveboxError, type InputError, type PrincipalId } from "../../vocabulary/index.js";
import type { ColumnSchema } from "../engine/index.js";
import { type Assessable, assessedSchema, isCurrent } from "./assessment.js";
import type { DatasetRow } from "./rows.js";
import type { DatasetState, DeclaredColumn } from "./schemas.js";

/** How someone stands to a dataset. */
export type Relation = "owner" | "auditor" | "grantee" | "other";
/** What is seen of it: nothing, its public metadata, or all that the catalogue has (never a value). */
export type Sight = "nothing" | "public" | "all";

export const DATASET_SIGHT: Record<DatasetState, Record<Relation, Sight>> = {
  draft: { owner: "all", auditor: "nothing", grantee: "nothing", other: "nothing" },
  assessed: { owner: "all", auditor: "nothing", grantee: "nothing", other: "nothing" },
  published: { owner: "all", auditor: "all", grantee: "public", other: "public" },
  suspended: { owner: "all", auditor: "all", grantee: "public", other: "public" },
  retired: { owner: "all", auditor: "all", grantee: "public", other: "nothing" },
};

export const notFound = (): GloveboxError =>
  new GloveboxError("not_found", { detail: "no such dataset, or none that you may know of" });

/** The catalogue's schema: what the import found, with what the owner declared laid over it. */
export function effectiveColumns(
  found: readonly ColumnSchema[],
  declared: readonly DeclaredColumn[],
): ColumnSchema[] {
  const byName = new Map(declared.map((c) => [c.name, c]));
  return found.map((column) => {
    const said = byName.get(column.name);
    if (!said) return column;
    const { name, type, class: of, grade, bounds, categories, unit } = column;
    return {
      name,
      type,
      class: said.class ?? of,
      grade: said.grade ?? grade,
      ...optional("bounds", said.bounds ?? bounds),
      ...optional("categories", said.categories ?? categories),
      ...optional("unit", said.unit ?? unit),
      nullable: said.nullable ?? column.nullable,
    };
  });
}

const optional = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

export const assessable = (row: DatasetRow, found: readonly ColumnSchema[]): Assessable => ({
  columns: effectiveColumns(found, row.declared_columns),
  unit_column: row.unit_column,
  row_is_unit: row.row_is_unit,
  max_rows_per_unit: row.max_rows_per_unit,
  open_type: row.open_type,
});

/** What is shown to others and given to jobs: the schema that the owner assessed, once there is one. */
export function publicColumns(row: DatasetRow, found: readonly ColumnSchema[]): ColumnSchema[] {
  return row.assessment ? assessedSchema(row.assessment) : effectiveColumns(found, row.declared_columns);
}

/** 三同步: the entry, the decision on its opening, and its content, in step. @throws state_conflict naming what lacks. */
export function mustBeInStep(row: DatasetRow, found: readonly ColumnSchema[] | undefined): void {
  const missing: string[] = [];
  if (row.unit_column === null && !row.row_is_unit)
    missing.push("a unit (unit_column, or null to state that each row is a unit)");
  if (!found) missing.push("at least one version of its content");
  if (!row.assessment) missing.push("a recorded assessment");
  else if (found && !isCurrent(row.assessment, assessable(row, found)))
    missing.push("an assessment of the entry as it is now (assess it again)");
  if (missing.length > 0)
    throw new GloveboxError("state_conflict", { detail: `publishing needs ${missing.join("; ")}`, missing });
}

/** An assessment speaks of columns that are there. @throws state_conflict naming those that are not */
export function mustHaveDeclared(
  declared: readonly DeclaredColumn[],
  found: readonly { name: string }[],
): void {
  const known = new Set(found.map((c) => c.name));
  const missing = declared.filter((c) => !known.has(c.name)).map((c) => c.name);
  if (missing.length > 0)
    throw new GloveboxError("state_conflict", {
      detail: `declared, but not in the content: ${missing.join(", ")}; put content that has them, or undeclare them`,
      missing,
    });
}

/** New content under a published entry must be what was assessed. @throws invalid_input naming the columns. */
export function mustFitAssessed(row: DatasetRow, found: readonly ColumnSchema[]): void {
  if (row.state !== "published" || !row.assessment) return;
  const assessed = assessedSchema(row.assessment);
  const errors: InputError[] = [];
  const byName = new Map(found.map((c) => [c.name, c]));
  for (const column of assessed) {
    const now = byName.get(column.name);
    if (!now) errors.push({ path: column.name, message: "is missing" });
    else if (now.type !== column.type)
      errors.push({ path: column.name, message: `is ${now.type} and was assessed as ${column.type}` });
    else if (now.nullable && !column.nullable)
      errors.push({ path: column.name, message: "has empty cells and was assessed without" });
    byName.delete(column.name);
  }
  for (const name of byName.keys()) errors.push({ path: name, message: "was not assessed" });
  if (errors.length === 0 && found.some((c, i) => c.name !== assessed[i]?.name))
    errors.push({ path: "columns", message: "are in another order than assessed" });
  if (errors.length > 0)
    throw new GloveboxError("invalid_input", {
      detail:
        "the content differs from the published schema; suspend the dataset, put it, assess and publish again",
      errors: errors.slice(0, 20),
    });
}

/** What the owner may still change, by state. `shape` is what Views and unit ordinals stand on. */
export const DATASET_CHANGES: Record<DatasetState, { words: boolean; shape: boolean; content: boolean }> = {
  draft: { words: true, shape: true, content: true },
  assessed: { words: true, shape: true, content: true },
  published: { words: true, shape: false, content: true },
  suspended: { words: true, shape: true, content: true },
  retired: { words: false, shape: false, content: false },
};

/** @throws state_conflict */
export function mayChange(row: DatasetRow, what: "words" | "shape" | "content"): void {
  if (DATASET_CHANGES[row.state][what]) return;
  throw new GloveboxError("state_conflict", {
    detail:
      what === "shape" && row.state === "published"
        ? "columns, unit and open type are fixed while the dataset is published; suspend it first"
        : `a dataset that is ${row.state} cannot be changed`,
    state: row.state,
  });
}

/** Auditors judge what the owner lets out, so the owner cannot be one. @throws invalid_input */
export function mayAudit(
  candidate: { id: PrincipalId; roles: readonly string[]; revoked: boolean } | undefined,
  owner: PrincipalId,
): string | undefined {
  if (!candidate || candidate.revoked) return "is no active principal";
  if (!candidate.roles.includes("auditor")) return "does not have the role auditor";
  if (candidate.id === owner) return "is the owner, who cannot audit own data";
  return undefined;
}
