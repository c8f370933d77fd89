/**
 * Differencing: what a table tells together with all that was released of the same dataset before, whoever asked for it,
 * and with the other tables of its job.
 *
 * Two verdicts. The requester's stands on descriptions and published values alone (differencing/requester.ts); where these
 * do not decide it is `review`, whatever the data say. The auditors' stands on the units themselves
 * (differencing/auditors.ts) and is shown to auditors only.
 * Source: Hundepool et al., Statistical Disclosure Control (2012), 5.2; Kenthapadi, Mishra, Nissim, Simulatable Auditing
 * (PODS 2005); Dobra and Fienberg, Bounds for cell entries in contingency tables (PNAS 2000).
 */
import type { RuleDefinition } from "./definition.js";

export const differencing: RuleDefinition = {
  id: "differencing",
  title: "Differencing",
  title_zh: "差分",
  default: "on",
  verdicts: ["pass", "review", "fail"],
  sentence:
    "Tables of one dataset are judged together with all that was released of it: where their descriptions do not show that nothing about few units follows from them, people judge.",
  sentence_zh:
    "同一数据资源的表格与其全部已放行结果一并判断；仅凭描述不能证明不会推出少数单元信息的，由人工判断。",
  source: "Hundepool et al. 2012, 5.2; Kenthapadi et al. 2005; Dobra and Fienberg 2000",
};
