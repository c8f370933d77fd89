/**
 * Survival curves: each step shows when somebody had the event, so steps are joined before they are shown
 * (models/survival.ts). Here it is looked at again that they were: every count that can be read off the table, or worked out
 * from two of its lines, is zero or at least the threshold.
 * Source: Brandt et al., Guidelines for output checking (2010), 3.8; ACRO, `survival_table` and its rounding of steps;
 * Statistics Netherlands' practice of risk tables above the threshold.
 */
import type { Finding } from "../finding.js";
import type { SurvivalFacts } from "../models/facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { type RuleDefinition, several, withCells } from "./definition.js";

export const survivalSteps: RuleDefinition = {
  id: "survival_steps",
  title: "Steps of a survival curve",
  title_zh: "生存曲线阶梯",
  default: "10 units",
  verdicts: ["pass", "review", "fail"],
  sentence:
    "Each shown step of a survival curve stands on so many units with the event, and no count of those at risk or censored is smaller.",
  sentence_zh: "生存曲线每一显示阶梯须依据规定数量的发生事件的单元，风险人数与删失人数亦不得更少。",
  source: "Brandt et al. 2010, 3.8; ACRO",
};

export function judgeSteps(facts: SurvivalFacts, policy: DisclosurePolicy): Finding[] {
  if (facts.failure !== undefined) return [];
  const rule = survivalSteps.id;
  const isSmall = (units: number) => units > 0 && units < policy.threshold;
  const small: [string, string][] = [];
  const gone: [string, string][] = [];
  let shown = 0;
  for (const { levels, units, steps, after } of facts.curves) {
    const name = levels.join(" / ") || "all";
    if (isSmall(units)) small.push([name, "at_risk"]);
    for (const step of steps) {
      shown++;
      const { at_risk, events, censored } = step.units;
      if (isSmall(at_risk)) small.push([`${name} ${step.time}`, "at_risk"]);
      if (events < policy.threshold) small.push([`${name} ${step.time}`, "events"]);
      if (isSmall(censored)) small.push([`${name} ${step.time}`, "censored"]);
      if (step.survival === "0") gone.push([`${name} ${step.time}`, "survival"]);
    }
    if (steps.length > 0 && isSmall(after.units)) small.push([name, "after the last step"]);
  }
  const evidence = { threshold: policy.threshold, shown, times: facts.times * facts.curves.length };
  if (small.length > 0) {
    const message = `${several(small.length, "count")} of a curve on fewer than ${policy.threshold} units.`;
    const message_zh = `曲线中有 ${small.length} 处计数少于 ${policy.threshold} 个单元。`;
    return [withCells({ rule, verdict: "fail", message, message_zh, evidence }, small)];
  }
  if (gone.length > 0) {
    const message = `${several(gone.length, "curve")} that reach zero: everybody of the group had the event.`;
    const message_zh = `有 ${gone.length} 条曲线降至零：该组全部单元均发生事件。`;
    return [withCells({ rule, verdict: "review", message, message_zh, evidence }, gone)];
  }
  return [
    {
      rule,
      verdict: "pass",
      message: `${several(shown, "step")} of ${several(facts.curves.length, "curve")}, each on ${policy.threshold} or more units with the event.`,
      message_zh: `${facts.curves.length} 条曲线共 ${shown} 个阶梯，每个均依据不少于 ${policy.threshold} 个发生事件的单元。`,
      evidence,
    },
  ];
}
