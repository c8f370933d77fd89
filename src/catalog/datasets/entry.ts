/**
 * Writing what the owner says of a dataset: what is said replaces what was there, what is not said stays.
 *
 * Rules: the unit is fixed once there is content, for the ordinals of all versions stand on it; a budget is not
 * lowered below what grants hold; auditors are named by the owner, and are never the owner; disclosure control is no looser
 * than the grade lets it be.
 */
import type { Tx } from "../../ledger/index.js";
import { mustBeWithin, type OwnersPolicy } from "../../privacy/index.js";
import { GloveboxError, invalidInput, type PrincipalId } from "../../vocabulary/index.js";
import type { BudgetService } from "../budgets/service.js";
import { type DeclaredBudget, mustCover } from "../budgets/shares.js";
import type { ColumnSchema } from "../engine/index.js";
import type { PrincipalService } from "../principals/service.js";
import { highestGrade } from "./assessment.js";
import { effectiveColumns, mayAudit } from "./policy.js";
import { auditorsOf, type DatasetRow } from "./rows.js";
import { type DeclaredColumn, type datasetPatch, isNumber } from "./schemas.js";

export type Described = ReturnType<typeof datasetPatch.parse>;

/** What Views and unit ordinals stand on. */
const SHAPE = ["columns", "undeclare", "unit_column", "max_rows_per_unit", "open_type"] as const;
export const changesShape = (said: Described): boolean => SHAPE.some((field) => said[field] !== undefined);

interface Parts {
  principals: PrincipalService;
  budgets: BudgetService;
}

/** @param found the columns of the current version, if there is one */
export function describe(
  tx: Tx,
  parts: Parts,
  row: DatasetRow,
  said: Described,
  found: readonly ColumnSchema[] | undefined,
): void {
  if (found) refuseNewUnit(row, said);
  const declared = mergeColumns(row.declared_columns, said);
  if (found) refuseUnfit(said.columns ?? [], found);
  const budget = budgetAfter(row, said);
  if (said.budget) mustCover(budget, parts.budgets.held(row.id));
  const unit = unitAfter(row, said);
  const grade = highestGrade(found ? effectiveColumns(found, declared) : declared);
  const disclosure = disclosureAfter(row, said);
  if (said.disclosure) mustBeWithin(disclosure, grade);
  tx.db
    .prepare(
      `UPDATE datasets SET title = ?, unit_column = ?, row_is_unit = ?, max_rows_per_unit = ?, open_type = ?,
         area = ?, update_cycle = ?, synthetic_rows = ?, answer_ms = ?, declared_columns = ?, grade = ?,
         disclosure = ?, budget_rho = ?, budget_delta = ?, budget_signal_bits = ? WHERE id = ?`,
    )
    .run(
      said.title ?? row.title,
      unit.unit_column,
      Number(unit.row_is_unit),
      said.max_rows_per_unit ?? row.max_rows_per_unit,
      said.open_type ?? row.open_type,
      said.area ?? row.area,
      said.update_cycle ?? row.update_cycle,
      said.synthetic_rows ?? row.synthetic_rows,
      said.answer_ms ?? row.answer_ms,
      JSON.stringify(declared),
      grade,
      JSON.stringify(disclosure),
      budget.rho,
      budget.delta,
      budget.signal_bits,
      row.id,
    );
  if (said.budget) parts.budgets.decide(tx, row, said.budget.refresh_days);
  if (said.auditors) nameAuditors(tx, parts.principals, row, said.auditors);
}

/** The list is replaced as a whole; who stays keeps the time of being named. */
function nameAuditors(tx: Tx, principals: PrincipalService, row: DatasetRow, names: readonly string[]): void {
  const chosen = new Set<PrincipalId>();
  names.forEach((name, i) => {
    const candidate = principals.named(name);
    const refusal = mayAudit(candidate, row.owner);
    if (refusal !== undefined || !candidate) throw invalidInput(`auditors.${i}`, refusal ?? "is unknown");
    chosen.add(candidate.id);
  });
  for (const id of auditorsOf(tx.db, row.id))
    if (!chosen.has(id))
      tx.db.prepare("DELETE FROM dataset_auditors WHERE dataset = ? AND principal = ?").run(row.id, id);
  const insert = tx.db.prepare(
    "INSERT OR IGNORE INTO dataset_auditors (dataset, principal, named_by, named_at) VALUES (?, ?, ?, ?)",
  );
  for (const id of chosen) insert.run(row.id, id, row.owner, tx.now);
  tx.entry({
    kind: "dataset.auditors_named",
    actor: row.owner,
    subject: row.id,
    dataset: row.id,
    data: { auditors: [...chosen] },
  });
}

function unitAfter(row: DatasetRow, said: Described): Pick<DatasetRow, "unit_column" | "row_is_unit"> {
  if (said.unit_column === undefined) return row;
  return { unit_column: said.unit_column, row_is_unit: said.unit_column === null };
}

/** What is said of a figure replaces what was said of it before. */
function disclosureAfter(row: DatasetRow, said: Described): OwnersPolicy {
  if (said.disclosure === undefined) return row.disclosure;
  return said.disclosure === null ? {} : { ...row.disclosure, ...said.disclosure };
}

function budgetAfter(row: DatasetRow, said: Described): DeclaredBudget {
  if (!said.budget)
    return { rho: row.budget_rho, delta: row.budget_delta, signal_bits: row.budget_signal_bits };
  const { rho, delta, signal_bits } = said.budget;
  return { rho: rho ?? null, delta: delta ?? null, signal_bits: signal_bits ?? null };
}

/** What is said of a column replaces what was said of it before. */
function mergeColumns(before: readonly DeclaredColumn[], said: Described): DeclaredColumn[] {
  const gone = new Set([...(said.columns ?? []).map((c) => c.name), ...(said.undeclare ?? [])]);
  return [...before.filter((c) => !gone.has(c.name)), ...(said.columns ?? [])];
}

function refuseNewUnit(row: DatasetRow, said: Described): void {
  const unit = said.unit_column === undefined ? row.unit_column : said.unit_column;
  const most = said.max_rows_per_unit ?? row.max_rows_per_unit;
  if (unit !== row.unit_column || most !== row.max_rows_per_unit)
    throw new GloveboxError("state_conflict", {
      detail: "unit_column and max_rows_per_unit are fixed once there is content; register another dataset",
    });
}

/**
 * Bounds of numbers go with numbers, of dates with dates, and what has empty cells may be empty. Before there is content,
 * the import checks them.
 */
function refuseUnfit(declared: readonly DeclaredColumn[], found: readonly ColumnSchema[]): void {
  const byName = new Map(found.map((c) => [c.name, c]));
  declared.forEach((column, i) => {
    const { type, nullable } = byName.get(column.name) ?? {};
    if (nullable && column.nullable === false)
      throw invalidInput(`columns.${i}.nullable`, "has empty cells in the content that is there");
    if (!column.bounds) return;
    const wanted = isNumber(column.bounds[0]) ? ["integer", "decimal"] : ["date", "timestamp"];
    if (type && !wanted.includes(type))
      throw invalidInput(`columns.${i}.bounds`, `do not go with type ${type}`);
  });
}
