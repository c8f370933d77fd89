/**
 * A table that was asked for as a safe version: whether it is one. What is hidden or rounded no other rule judges any more,
 * so this one stands for them, on the word of an attack that was written apart from what hid it.
 * Source: docs/suppression.md; Hundepool et al., Statistical Disclosure Control (2012), 4.4 and 5.
 */
import type { TableFacts, TableProtection } from "../facts.js";
import type { EvidenceValue, Finding } from "../finding.js";
import { type RuleDefinition, several } from "./definition.js";

export const protection: RuleDefinition = {
  id: "protection",
  title: "Safe version",
  title_zh: "安全版本",
  default: "where a claim asks for it",
  verdicts: ["pass", "fail"],
  sentence:
    "Whoever knows all that is shown, and all totals, cannot tell a hidden or rounded number closer than its protection interval.",
  sentence_zh: "掌握全部已显示数值与合计者，不得将隐藏或取整的数值推断至其保护区间之内。",
  source: "Hundepool et al. 2012, 4.4 and 5",
};

export function judgeProtection({ protection: made }: TableFacts): Finding[] {
  if (made === undefined) return [];
  const { how: _, ...figures } = made;
  const evidence = JSON.parse(JSON.stringify(figures)) as Record<string, EvidenceValue>;
  const [said, said_zh] = wordsOf(made);
  if (made.withstood)
    return [
      {
        rule: protection.id,
        verdict: "pass",
        message: `${said} An attack that knows all totals came no closer to a protected number than its interval.`,
        message_zh: `${said_zh}已知全部合计的攻击未能突破任何保护区间。`,
        evidence,
      },
    ];
  return [
    {
      rule: protection.id,
      verdict: "fail",
      message: `${said} The attack still tells ${several(made.exposed, "cell")} closer than it may: take fewer cells or merge levels.`,
      message_zh: `${said_zh}攻击仍可过于精确地推断 ${made.exposed} 个单元格：请减少单元格或合并类别。`,
      evidence,
    },
  ];
}

function wordsOf(made: TableProtection): [string, string] {
  if (made.how === "round") {
    const by = made.random ? ", by chance" : "";
    return [
      `Counts are rounded to multiples of ${made.base}${by}; small ones are shown as 0.`,
      `计数已${made.random ? "随机" : ""}取整至 ${made.base} 的倍数，小计数显示为 0。`,
    ];
  }
  const { primary, secondary, withheld } = made;
  const numbers = withheld > 0 ? `, and ${several(withheld, "number")} in totals over them` : "";
  return [
    `${several(primary, "cell")} may not be shown; ${secondary} more are hidden so that they cannot be worked out${numbers}.`,
    `${primary} 个单元格不得显示，另隐藏 ${secondary} 个以防推算${withheld > 0 ? `，以及其合计中的 ${withheld} 个数值` : ""}。`,
  ];
}
