/**
 * Events to each coefficient: on few events a model follows the few who have them. The intercept counts as a coefficient.
 *
 * Of a yes-or-no outcome the rarer side is counted, of a count those above zero, of times those that ended in the event,
 * and where nothing is an event, units.
 * Source: Peduzzi et al. 1996 (ten events per variable); Harrell 2015, 4.4, for linear models.
 */
import type { Finding } from "../finding.js";
import type { RegressionFacts } from "../models/facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { type RuleDefinition, several } from "./definition.js";

export const eventsPerParameter: RuleDefinition = {
  id: "events_per_parameter",
  title: "Events per coefficient",
  title_zh: "每系数事件数",
  default: "10",
  verdicts: ["review"],
  sentence: "A model stands on so many units with an event (the rarer outcome) to each of its coefficients.",
  sentence_zh: "模型每个系数须对应规定数量的发生事件（较少见结局）的单元。",
  source: "Peduzzi et al. 1996; Harrell 2015, 4.4",
};

/** On how many units with the rarer outcome a model stands. */
export function eventsOf({ family, events, units }: RegressionFacts): number {
  if (events === undefined) return units;
  return family === "logit" || family === "probit" ? Math.min(events.with, events.without) : events.with;
}

export function judgeEventsPerParameter(facts: RegressionFacts, policy: DisclosurePolicy): Finding[] {
  if (facts.failure !== undefined || facts.parameters === 0) return [];
  const events = eventsOf(facts);
  if (events >= policy.events_per_parameter * facts.parameters) return [];
  const noun = facts.events === undefined ? "unit" : "unit with the rarer outcome";
  const counted = events === 1 ? `1 ${noun}` : `${events} ${noun.replace("unit", "units")}`;
  return [
    {
      rule: eventsPerParameter.id,
      verdict: "review",
      message: `${counted} for ${several(facts.parameters, "coefficient")}: fewer than ${policy.events_per_parameter} to each.`,
      message_zh: `${events} 个（较少见结局的）单元对应 ${facts.parameters} 个系数，每个系数不足 ${policy.events_per_parameter} 个。`,
      evidence: { events, parameters: facts.parameters, asked: policy.events_per_parameter },
    },
  ];
}
