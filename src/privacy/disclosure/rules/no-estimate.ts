/** A model without an estimate: what stopped it tells of the data, and there is nothing to release. */
import type { Finding } from "../finding.js";
import type { ModelFacts } from "../models/facts.js";
import { MODEL_FAILURES, type ModelFailure } from "../models/failure.js";
import type { RuleDefinition } from "./definition.js";

export const noEstimate: RuleDefinition = {
  id: "no_estimate",
  title: "Estimate",
  title_zh: "模型估计",
  default: "fail",
  verdicts: ["fail"],
  sentence:
    "A model has an estimate: no rows, collinear columns, separation or a search that did not end give none.",
  sentence_zh: "模型须有估计值：无可用行、列共线、完全分离或求解不收敛时均无估计。",
  source: "Albert and Anderson 1984 (separation); Glovebox",
};

export function judgeEstimate(facts: ModelFacts): Finding[] {
  if (facts.failure === undefined) return [];
  return [judgeFailure(facts.failure, facts.kind === "regression" ? facts.columns : undefined)];
}

export function judgeFailure(failure: ModelFailure, columns: readonly string[] = []): Finding {
  const [en, zh] = MODEL_FAILURES[failure];
  return {
    rule: noEstimate.id,
    verdict: "fail",
    message: `There is no estimate: ${en}.`,
    message_zh: `无估计值：${zh}。`,
    evidence: { failure, ...(columns.length > 0 ? { columns: [...columns] } : {}) },
  };
}
