/** Digits beyond the policy's significant ones were rounded off: they identify, and they can carry a message. */
import type { Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";
import { several } from "./definition.js";

export const rounding: RuleDefinition = {
  id: "rounding",
  title: "Rounding",
  title_zh: "有效数字",
  default: "8 significant digits; 6 on grade 4, 4 on grade 5",
  verdicts: ["pass"],
  sentence: "Numbers keep the policy's significant digits, half to even; whole numbers too.",
  sentence_zh: "数字按策略保留有效位数（四舍六入五成双），整数亦然。",
  source: "Glovebox",
};

export function noteRounding(rounded: number, digits: number): Finding[] {
  if (rounded === 0) return [];
  const message = `${several(rounded, "number")} rounded to ${several(digits, "significant digit")}.`;
  const message_zh = `${rounded} 个数字已保留 ${digits} 位有效数字。`;
  return [{ rule: rounding.id, verdict: "pass", message, message_zh, evidence: { rounded, digits } }];
}
