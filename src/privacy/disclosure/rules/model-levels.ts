/**
 * Levels of a model on few units: a coefficient of a level is that level's own, and one of its reference is in all others.
 *
 * Levels and their combinations are judged like the cells of a table: on fewer than the threshold of units they fail; with
 * so few on one side of a yes-or-no outcome people look.
 * Source: Brandt et al., Guidelines for output checking (2010), 3.7; threshold as for tables (threshold.ts).
 */
import type { Finding } from "../finding.js";
import type { RegressionFacts } from "../models/facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { type RuleDefinition, several, withCells } from "./definition.js";

export const modelLevels: RuleDefinition = {
  id: "model_levels",
  title: "Levels of a model",
  title_zh: "模型分类水平",
  default: "10 units; review where fewer have the outcome or lack it",
  verdicts: ["review", "fail"],
  sentence:
    "No level of a model, nor combination of levels that it crosses, stands on fewer units than the threshold.",
  sentence_zh: "模型中的任一分类水平或其交叉组合所依据的单元数不得低于阈值。",
  source: "Brandt et al. 2010, 3.7",
};

export function judgeLevels(facts: RegressionFacts, policy: DisclosurePolicy): Finding[] {
  const isSmall = (n: number) => n > 0 && n < policy.threshold;
  const small = facts.cells.filter(({ units }) => isSmall(units));
  const sided = facts.events === undefined || facts.family === "poisson" ? [] : facts.cells;
  const thin = sided.filter((c) => !small.includes(c) && (isSmall(c.with) || isSmall(c.without)));
  const named = (cells: RegressionFacts["cells"]) => cells.map((c): [string, string] => [c.level, c.term]);
  const evidence = { threshold: policy.threshold };
  return [
    ...(small.length === 0
      ? []
      : [
          withCells(
            {
              rule: modelLevels.id,
              verdict: "fail" as const,
              message: `${several(small.length, "level")} of the model on fewer than ${policy.threshold} units.`,
              message_zh: `模型有 ${small.length} 个水平所依据的单元少于 ${policy.threshold} 个。`,
              evidence,
            },
            named(small),
          ),
        ]),
    ...(thin.length === 0
      ? []
      : [
          withCells(
            {
              rule: modelLevels.id,
              verdict: "review" as const,
              message: `${several(thin.length, "level")} of the model in which fewer than ${policy.threshold} units have the outcome, or lack it.`,
              message_zh: `模型有 ${thin.length} 个水平中具有或不具有该结局的单元少于 ${policy.threshold} 个。`,
              evidence,
            },
            named(thin),
          ),
        ]),
  ];
}
