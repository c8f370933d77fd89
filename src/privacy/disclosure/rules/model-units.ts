/** The threshold on the counts that a model shows: its units, and those with and without the event. Source: threshold.ts. */
import type { Finding } from "../finding.js";
import type { RegressionFacts } from "../models/facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { several, withCells } from "./definition.js";
import { threshold } from "./threshold.js";

export function judgeModelUnits(facts: RegressionFacts, policy: DisclosurePolicy): Finding[] {
  if (facts.failure !== undefined) return [];
  const isSmall = (units: number) => units > 0 && units < policy.threshold;
  const counts: [string, number][] = [
    ["units", facts.units],
    ["units_with_event", facts.events?.with ?? 0],
    ["units without the event", facts.events?.without ?? 0],
  ];
  const small = counts.filter(([, units]) => isSmall(units));
  if (small.length === 0) return [];
  const message = `${several(small.length, "count")} of the model on fewer than ${policy.threshold} units.`;
  const message_zh = `模型有 ${small.length} 处计数少于 ${policy.threshold} 个单元。`;
  const evidence = { threshold: policy.threshold, stated_by: "node" };
  const cells = small.map(([name]): [string, string] => ["model", name]);
  return [withCells({ rule: threshold.id, verdict: "fail", message, message_zh, evidence }, cells)];
}

/** Groups of units that figures tell apart, each with a name. */
export function smallGroups(
  groups: readonly { name: [string, string]; units: number }[],
  least: number,
): Finding[] {
  const small = groups.filter(({ units }) => units > 0 && units < least);
  if (small.length === 0) return [];
  const message = `${several(small.length, "group")} of fewer than ${least} units, which its figures tell apart.`;
  const message_zh = `数字可区分出 ${small.length} 个少于 ${least} 个单元的组。`;
  const evidence = { threshold: least, stated_by: "node" };
  return [
    withCells(
      { rule: threshold.id, verdict: "fail", message, message_zh, evidence },
      small.map(({ name }) => name),
    ),
  ];
}
