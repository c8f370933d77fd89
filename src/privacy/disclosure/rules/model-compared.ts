/**
 * Models beside other outputs: two models whose rows differ by few units, or a model beside a table of such rows, can tell
 * of those few. Where the node knows on which units a model stands, differencing judges that; where it does not (over
 * domains, or where they could not be found), people look.
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
  sentence:
    "A model or curve of which the node does not know the units is compared with earlier releases by people.",
  sentence_zh: "节点无法得知其所依据单元的模型或曲线，由人工与既往放行内容比对。",
  source: "O'Keefe and Chipperfield 2013",
};

export const noteNotCompared = (): Finding => ({
  rule: modelCompared.id,
  verdict: "review",
  message:
    "On which units it stands is not known, so it is not compared with earlier releases by a rule; people do.",
  message_zh: "无法得知其所依据的单元，故不由规则与既往放行内容比对，由人工判断。",
});
