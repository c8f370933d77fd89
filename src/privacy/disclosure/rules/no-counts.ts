/**
 * A table that does not say on how many units it stands.
 *
 * Where all its numbers are whole and none is negative it may be a cross-tabulation, so its small values are
 * pointed out; they are not failed, because they may be codes or years.
 * Source: Glovebox; ACRO asks for the underlying frequencies of every table.
 */
import { parseNumber } from "../canonicalisers/numbers.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import type { Table } from "../table.js";
import { rowLabel } from "../table.js";
import { statedCount } from "./counts.js";
import type { RuleDefinition } from "./definition.js";
import { several, withCells } from "./definition.js";

export const noCounts: RuleDefinition = {
  id: "no_counts",
  title: "Counts shown",
  title_zh: "应列计数",
  default: "review",
  verdicts: ["review"],
  sentence: "A table shows on how many units its cells stand; one that does not cannot be judged by rules.",
  sentence_zh: "表格应列出各单元格所依据的单元数；未列出者无法按规则判断。",
  source: "ACRO (Smith et al. 2025): frequencies beside every table",
};

/** Cells right of the labels, when all of them that are numbers are whole and none is negative. */
function possibleCounts(table: Table): { row: number; column: number; count: bigint }[] {
  const found: { row: number; column: number; count: bigint }[] = [];
  for (const [row, cells] of table.rows.entries()) {
    for (const [column, text] of cells.entries()) {
      if (column === 0 || parseNumber(text) === undefined) continue;
      const count = statedCount(text);
      if (typeof count !== "bigint") return [];
      found.push({ row, column, count });
    }
  }
  return found;
}

export function judgeNoCounts(table: Table, policy: DisclosurePolicy): Finding[] {
  const message = "No column or row of this table is named as a count, so the threshold cannot be judged.";
  const finding: Finding = { rule: noCounts.id, verdict: "review", message };
  const small = possibleCounts(table).filter((c) => c.count > 0n && c.count < BigInt(policy.threshold));
  if (small.length === 0) return [finding];
  const cells = small.map((c): [string, string] => [rowLabel(table, c.row), table.header[c.column]!]);
  const hint = `If its whole numbers are counts, ${several(small.length, "cell")} would be below ${policy.threshold}.`;
  return [withCells({ ...finding, message: `${message} ${hint}` }, cells)];
}
