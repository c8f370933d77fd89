/** A cell that a spreadsheet would run. Source: OWASP, CSV Injection. Vectors: tests/vectors/canonical. */
import { canonicalNumber } from "../canonicalisers/numbers.js";
import type { Finding } from "../finding.js";
import type { Table } from "../table.js";
import { rowLabel } from "../table.js";
import type { RuleDefinition } from "./definition.js";
import { several, withCells } from "./definition.js";

export const formula: RuleDefinition = {
  id: "formula",
  title: "Spreadsheet formula",
  title_zh: "表格公式注入",
  default: "review",
  verdicts: ["review"],
  sentence: "A cell that begins with = + - @ and is no number would be run as a formula by a spreadsheet.",
  sentence_zh: "以 = + - @ 开头且非数字的单元格会被电子表格当作公式执行。",
  source: "OWASP, CSV Injection",
};

const LEADS = new Set(["=", "+", "-", "@"]);

function isFormula(cell: string): boolean {
  // a lone sign or dash is a common mark of a missing value
  return cell.length > 1 && LEADS.has(cell[0]!) && canonicalNumber(cell, 15) === undefined;
}

export function judgeFormulas(table: Table): Finding[] {
  const cells: [string, string][] = [];
  table.header.forEach((h, c) => {
    if (isFormula(h)) cells.push(["header", `column ${c + 1}`]);
  });
  table.rows.forEach((row, r) => {
    row.forEach((cell, c) => {
      if (isFormula(cell)) cells.push([rowLabel(table, r), table.header[c]!]);
    });
  });
  if (cells.length === 0) return [];
  const message = `${several(cells.length, "cell")} would be run as a formula when opened in a spreadsheet.`;
  return [withCells({ rule: formula.id, verdict: "review", message }, cells)];
}
