/**
 * The safe version of a table, where its claim asks for one: made between what an engine counted and what is judged, so
 * that what is held, released and remembered is the safe one alone.
 */
import type { Claim, DisclosurePolicy, TableFacts } from "../../privacy/index.js";
import { layoutOf } from "../../privacy/index.js";
import type { JobsParts } from "../jobs.js";

/** The same table where the claim asks for no other. @throws too_large, engine_unavailable */
export async function safeFacts(
  parts: Pick<JobsParts, "protector" | "keys">,
  facts: TableFacts,
  { statistic }: Claim,
  dataset: string,
  policy: DisclosurePolicy,
): Promise<TableFacts> {
  const protect = "protect" in statistic ? statistic.protect : undefined;
  if (protect === undefined) return facts;
  return parts.protector.protect({
    facts,
    down: layoutOf(statistic).down,
    policy,
    protect,
    secret: parts.keys.sealer.derive(`rounding:${dataset}`),
  });
}
