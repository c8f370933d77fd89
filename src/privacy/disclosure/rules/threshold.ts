/**
 * Threshold: a cell that stands on fewer than `threshold` distinct units tells about those few.
 *
 * Here the counts are those that a hand-written table states itself: the node cannot recompute them, and says
 * so. An exact zero is no small count; whether it tells something is a matter of class disclosure.
 * Source: Hundepool et al., Statistical Disclosure Control (2012), 4.2; ACRO (Smith et al. 2025), threshold 10.
 * Vectors: tests/vectors/disclosure/threshold.
 */
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import type { Table } from "../table.js";
import { rowLabel } from "../table.js";
import type { CountPlaces } from "./counts.js";
import { countCells, statedCount } from "./counts.js";
import type { RuleDefinition } from "./definition.js";
import { several, withCells } from "./definition.js";

export const threshold: RuleDefinition = {
  id: "threshold",
  title: "Threshold",
  title_zh: "最小频数",
  default: "10 units",
  verdicts: ["review", "fail"],
  sentence:
    "No count of units lies above zero and below the threshold; a count that is no whole number is for people to judge.",
  sentence_zh: "单元格的单元数不得大于零且小于阈值；非整数计数由人工判断。",
  source: "Hundepool et al. 2012, 4.2; ACRO default",
};

const STATED = "The program stated these counts; the node could not recompute them.";

export function judgeThreshold(table: Table, places: CountPlaces, policy: DisclosurePolicy): Finding[] {
  const small: [string, string][] = [];
  const unclear: [string, string][] = [];
  for (const cell of countCells(table, places)) {
    const count = statedCount(cell.text);
    const at: [string, string] = [rowLabel(table, cell.row, places.labels), table.header[cell.column]!];
    if (count === "unclear") unclear.push(at);
    else if (count !== "blank" && count > 0n && count < BigInt(policy.threshold)) small.push(at);
  }
  const findings: Finding[] = [];
  const evidence = { threshold: policy.threshold, stated_by: "program" };
  if (small.length > 0) {
    const message = `${several(small.length, "count")} above zero and below ${policy.threshold}. ${STATED}`;
    const message_zh = `${small.length} 个计数大于零且小于 ${policy.threshold}（由程序陈述，节点无法复算）。`;
    findings.push(withCells({ rule: threshold.id, verdict: "fail", message, message_zh, evidence }, small));
  }
  if (unclear.length > 0) {
    const message = `${several(unclear.length, "cell")} in a place of counts that is no whole number from zero.`;
    const message_zh = `${unclear.length} 个计数位置的单元格不是非负整数。`;
    findings.push(
      withCells({ rule: threshold.id, verdict: "review", message, message_zh, evidence }, unclear),
    );
  }
  return findings;
}
