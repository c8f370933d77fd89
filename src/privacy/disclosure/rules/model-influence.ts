/**
 * Coefficients that stand on few units, whatever the formula that singles them out: a level of few, a number that is the
 * same for all but few, a power that leaves only the largest.
 *
 * A coefficient fails where units fewer than the threshold hold as much of it as a dominated cell's largest do of its sum
 * (partial leverage; models/influence.ts). A unit fails the model where its own outcome is more than half of what the model
 * shows of it, and above a fifth people look.
 * Source: Reznek and Riggs, Disclosure risks in regressions (2005); Velleman and Welsch 1981; Huber 1981 (0.2, 0.5).
 */
import type { Finding } from "../finding.js";
import type { RegressionFacts } from "../models/facts.js";
import { type RuleDefinition, several, withCells } from "./definition.js";

export const modelInfluence: RuleDefinition = {
  id: "model_influence",
  title: "Influence of few units",
  title_zh: "少数单元影响",
  default:
    "fail: fewer units than the threshold hold 0.90 of a coefficient, or one unit's leverage is above 0.5; review above 0.2, and over domains, where it is not known",
  verdicts: ["review", "fail"],
  sentence:
    "No coefficient stands on fewer units than the threshold, and no unit decides its own fitted value.",
  sentence_zh: "任一系数不得仅由少于阈值的单元决定，任一单元不得决定其自身的拟合值。",
  source: "Reznek and Riggs 2005; Velleman and Welsch 1981; Huber 1981",
};

const HELD = 0.9;
const OWN = 0.5;
const NEAR = 0.2;

/** Sums over domains say nothing of single units. */
const UNKNOWN: Finding = {
  rule: modelInfluence.id,
  verdict: "review",
  message: "How much of the model stands on single units is not known over domains; people judge it.",
  message_zh: "跨域情况下无法得知模型在多大程度上依赖个别单元，由人工判断。",
};

export function judgeInfluence(facts: RegressionFacts): Finding[] {
  const { coefficients, few, max_leverage, failure } = facts;
  if (failure !== undefined) return [];
  const held = coefficients.filter(({ few_units = 0 }) => few > 0 && few_units >= HELD);
  const findings = held.length === 0 ? [] : [heldFinding(facts, held)];
  const unknown = max_leverage === undefined || coefficients.some((c) => c.few_units === undefined);
  if (unknown) return [...findings, UNKNOWN];
  const leverage = Number(max_leverage.toFixed(2));
  if (max_leverage > NEAR)
    findings.push({
      rule: modelInfluence.id,
      verdict: max_leverage > OWN ? "fail" : "review",
      message: `One unit's leverage is ${leverage}: so much of its fitted value is its own outcome.`,
      message_zh: `某一单元的杠杆值为 ${leverage}，即其拟合值中由其自身结局决定的份额。`,
      evidence: { leverage, review_above: NEAR, fail_above: OWN },
    });
  return findings;
}

function heldFinding(
  { few, influence_at_most }: RegressionFacts,
  held: RegressionFacts["coefficients"],
): Finding {
  const [hold, hold_zh] = influence_at_most ? ["could hold", "可能由"] : ["hold", "由"];
  return withCells(
    {
      rule: modelInfluence.id,
      verdict: "fail",
      message: `${several(held.length, "coefficient")} of which ${several(few, "unit")} ${hold} ${HELD * 100} % or more.`,
      message_zh: `有 ${held.length} 个系数的 ${HELD * 100}% 以上${hold_zh} ${few} 个单元决定。`,
      evidence: { few, share: HELD },
    },
    held.map(({ name }): [string, string] => [name, "estimate"]),
  );
}

/** The most that one unit, and the largest few of them together, can hold of what a figure is made of. */
export interface MostHeld {
  name: string;
  one: number;
  few: number;
}

/** Of figures over domains, where nobody knows what units hold, and sums only bound it. */
export function heldByFew(held: readonly MostHeld[], few: number): Finding[] {
  const failing = held.filter((h) => (few > 0 && h.few >= HELD) || h.one > OWN);
  const near = held.filter((h) => !failing.includes(h) && h.one > NEAR);
  const named = (list: readonly MostHeld[]) => list.map(({ name }): [string, string] => [name, "spread"]);
  const rule = modelInfluence.id;
  return [
    ...(failing.length === 0
      ? []
      : [
          withCells(
            {
              rule,
              verdict: "fail" as const,
              message: `${several(failing.length, "column")} of whose spread one unit could hold more than ${OWN * 100} %, or ${several(few, "unit")} ${HELD * 100} % or more.`,
              message_zh: `有 ${failing.length} 列的离散度可能有 ${OWN * 100}% 以上来自一个单元，或 ${HELD * 100}% 以上来自 ${few} 个单元。`,
              evidence: { few, share: HELD, own: OWN },
            },
            named(failing),
          ),
        ]),
    ...(near.length === 0
      ? []
      : [
          withCells(
            {
              rule,
              verdict: "review" as const,
              message: `${several(near.length, "column")} of whose spread one unit could hold more than ${NEAR * 100} %.`,
              message_zh: `有 ${near.length} 列的离散度可能有 ${NEAR * 100}% 以上来自一个单元。`,
              evidence: { own: NEAR },
            },
            named(near),
          ),
        ]),
  ];
}
