/**
 * Models beside other outputs: two models whose rows differ by few units, or a model beside a table of the same rows, can tell
 * of those few. What tables tell together is worked out; of models no rule of this version does, so people look.
 * Source: O'Keefe and Chipperfield, A summary of attack methods … for remote analysis systems (2013), on differencing.
 */
import type { Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";

export const modelCompared: RuleDefinition = {
  id: "model_compared",
  title: "Beside earlier releases",
  title_zh: "与既往放行比对",
  default: "review",
  verdicts: ["review"],
  sentence: "What a model or curve tells together with earlier releases is for people to judge.",
  sentence_zh: "模型或曲线与既往放行内容结合所能透露的信息由人工判断。",
  source: "O'Keefe and Chipperfield 2013",
};

export const noteNotCompared = (): Finding => ({
  rule: modelCompared.id,
  verdict: "review",
  message: "Models and curves are not compared with earlier releases by a rule; people do.",
  message_zh: "模型与曲线不由规则与既往放行内容比对，由人工判断。",
});
