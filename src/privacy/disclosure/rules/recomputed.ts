/**
 * What the node computed itself, in a sentence: of whom, by what, which figures, on how many units at least, and what it
 * was held to. So an auditor need not read a claim to know what a table is.
 */
import { expressionInWords, type Filter } from "../../expression/index.js";
import type { TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import { policyFigures } from "../owners-policy.js";
import type { DisclosurePolicy } from "../policy.js";
import { type RuleDefinition, several } from "./definition.js";

export const recomputed: RuleDefinition = {
  id: "recomputed",
  title: "Computed by the node",
  title_zh: "节点自行计算",
  default: "pass",
  verdicts: ["pass"],
  sentence: "The node computed this table itself from a claim; the figures are not a program's.",
  sentence_zh: "表格由节点按声明自行计算，数字并非出自程序。",
  source: "Glovebox",
};

/** Longer names and conditions are cut short: the claim itself is in the job. */
const MAX_CHARS = 600;
const short = (text: string) => (text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text);

function keptRows({ filter }: TableFacts): string | undefined {
  if (filter === null) return undefined;
  const { where } = JSON.parse(filter) as Filter;
  return where.op === "literal" ? undefined : expressionInWords(where);
}

export function noteRecomputed(
  facts: TableFacts,
  layout: { down: number },
  policy: DisclosurePolicy,
): Finding {
  const names = facts.dimensions.map(({ name }) => name);
  const [down, across] = [names.slice(0, layout.down), names.slice(layout.down)];
  const measures = facts.measures.map(({ name }) => name).join(", ");
  const by = [down.join(", "), across.join(", ")].filter((list) => list !== "");
  const where = keptRows(facts);
  const shown = facts.cells.filter(({ units, suppressed }) => !suppressed && (units ?? 0) > 0);
  const fewest = shown.reduce((least, { units }) => Math.min(least, units ?? 0), Number.POSITIVE_INFINITY);
  const hidden = facts.cells.filter(({ suppressed }) => suppressed).length;
  const places = facts.cells.length / Math.max(1, facts.measures.length);
  const en = [
    `The node computed ${measures}${by.length > 0 ? ` by ${by.join(" × ")}` : ""}${where === undefined ? "" : `, where ${where}`}`,
    `${several(places, "cell")}${hidden > 0 ? `, ${several(hidden, "figure")} suppressed` : ""}${shown.length > 0 ? `, on ${several(fewest, "unit")} or more` : ""}`,
  ];
  const zh = [
    `节点自行计算 ${measures}${by.length > 0 ? `，分组 ${by.join(" × ")}` : ""}${where === undefined ? "" : `，条件 ${where}`}`,
    `共 ${places} 个单元格${hidden > 0 ? `，隐藏 ${hidden} 个数值` : ""}${shown.length > 0 ? `，每格至少 ${fewest} 个单元` : ""}`,
  ];
  return {
    rule: recomputed.id,
    verdict: "pass",
    message: `${short(en.join(": "))}.`,
    message_zh: `${short(zh.join("；"))}。`,
    evidence: { policy: policyFigures(policy) },
  };
}
