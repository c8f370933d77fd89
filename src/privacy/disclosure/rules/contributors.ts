/**
 * Who a figure is really of. A sum over a thousand units of whom three have anything is a figure of those three; and the
 * mean of a mark (0 and 1, or 1 and 2) is a count of those who bear it, so both they and the others must be enough.
 *
 * A value that is put together from columns can be made to say anything of anybody (a mark of one person, several counts in
 * one number's digits), and no count of units shows it: people look at the expression.
 * Source: Hundepool et al., Statistical Disclosure Control (2012), 4.2 (contributing respondents); Glovebox.
 * Vectors: tests/vectors/disclosure/contributions.
 */
import type { TableCell, TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type Reason, type RuleDefinition, several } from "./definition.js";

export const contributors: RuleDefinition = {
  id: "contributors",
  title: "Contributors",
  title_zh: "贡献单元数",
  default: "as the threshold: none, or 10 units",
  verdicts: ["fail"],
  sentence:
    "A sum, mean or spread stands on no unit or on at least the threshold that contribute to it; of a mark, both who bears it and who does not are that many.",
  sentence_zh: "总和、均值与离散度须无单元或至少有阈值个单元实际贡献；二值标记的两类均须达到阈值。",
  source: "Hundepool et al. 2012, 4.2; Glovebox",
};

export const composed: RuleDefinition = {
  id: "composed",
  title: "Composed value",
  title_zh: "组合取值",
  default: "review",
  verdicts: ["review"],
  sentence:
    "A value that is summed or averaged is a column as it is; one that is put together is for people to judge.",
  sentence_zh: "被求和或平均的应为原始字段；由表达式组合而成的由人工判断。",
  source: "Glovebox",
};

const SUMMED = new Set(["sum", "mean", "std", "var"]);

export function judgeContributors(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  const least = policy.threshold;
  const isFew = (count: number | undefined): count is number =>
    count !== undefined && count > 0 && count < least;
  const few = ({ nonzero, rarer, suppressed }: TableCell): Reason | undefined => {
    if (suppressed) return undefined;
    if (isFew(nonzero))
      return {
        en: `${several(nonzero, "unit")} contribute${nonzero === 1 ? "s" : ""} to it, fewer than ${least}`,
        zh: `实际贡献的仅 ${nonzero} 个单元，少于 ${least}`,
      };
    if (isFew(rarer))
      return {
        en: `of its two values one is had ${several(rarer, "time")}, fewer than ${least}`,
        zh: `两个取值之一仅出现 ${rarer} 次，少于 ${least}`,
      };
    return undefined;
  };
  return judgeCells(facts, nameOf, few, {
    rule: contributors.id,
    verdict: "fail",
    message: (cells) =>
      `${several(cells, "cell")} to which fewer than ${least} units contribute, or in which they are told apart.`,
    message_zh: (cells) => `${cells} 个单元格的实际贡献单元或二值之一少于 ${least}。`,
    evidence: { threshold: least },
  });
}

export function judgeComposed({ measures }: TableFacts): Finding[] {
  const names = measures.filter(({ statistic, of }) => SUMMED.has(statistic) && of === undefined);
  if (names.length === 0) return [];
  const list = names.map(({ name }) => name.slice(0, 200)).join(", ");
  return [
    {
      rule: composed.id,
      verdict: "review",
      message: `${list}: of an expression and not of a column; it could mark out few units, or say several things in one number.`,
      message_zh: `${list}：由表达式组合，可能指向少数单元或在一个数中夹带多项信息。`,
      evidence: { measures: names.length },
    },
  ];
}
