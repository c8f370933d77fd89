/** A model or curves that the node computed, rendered and judged: what a checker says of a file, said of facts. */
import { createHash } from "node:crypto";
import type { Canonical } from "../canonical.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { capacityOf, noteCapacity } from "../rules/capacity.js";
import { judgeDegreesOfFreedom } from "../rules/degrees-of-freedom.js";
import { judgeEventsPerParameter } from "../rules/events-per-parameter.js";
import { judgeFormulas } from "../rules/formula.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { judgeMarkup } from "../rules/markup.js";
import { noteNotCompared } from "../rules/model-compared.js";
import { judgeFit } from "../rules/model-fit.js";
import { judgeInfluence } from "../rules/model-influence.js";
import { judgeLevels } from "../rules/model-levels.js";
import { judgeModelUnits } from "../rules/model-units.js";
import { judgeEstimate } from "../rules/no-estimate.js";
import { judgeSaturated } from "../rules/saturated-model.js";
import { judgeSteps } from "../rules/survival-steps.js";
import { cleanedModel, mediaTypeOfModel, survivalTable } from "./document.js";
import type { ModelFacts } from "./facts.js";

/** @param compared with what was released before, by the rows that it stands on; else people are told to */
export function judgeModel(
  facts: ModelFacts,
  policy: DisclosurePolicy,
  { compared }: { compared: boolean } = { compared: false },
): Canonical {
  const { text, removed } = cleanedModel(facts, policy);
  const canonical = Buffer.from(text, "utf8");
  return {
    media_type: mediaTypeOfModel(facts),
    canonical,
    bytes: canonical.length,
    sha256: createHash("sha256").update(canonical).digest("hex"),
    findings: [
      ...judgeEstimate(facts),
      ...judgeFigures(facts, policy),
      ...(compared ? [] : [noteNotCompared()]),
      ...judgeRemoved(removed),
      ...judgeMarkup(text),
      noteCapacity(canonical),
    ],
    capacity_bytes: capacityOf(canonical),
    texts: [{ name: "content", content: canonical }],
    model: facts,
  };
}

function judgeFigures(facts: ModelFacts, policy: DisclosurePolicy): Finding[] {
  if (facts.kind === "survival")
    return [...judgeSteps(facts, policy), ...judgeFormulas(survivalTable(facts, policy.significant_digits))];
  return [
    ...judgeModelUnits(facts, policy),
    ...judgeDegreesOfFreedom(facts, policy),
    ...judgeSaturated(facts, policy),
    ...judgeEventsPerParameter(facts, policy),
    ...judgeLevels(facts, policy),
    ...judgeInfluence(facts),
    ...judgeFit(facts),
  ];
}
