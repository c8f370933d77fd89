/** A safe version of a table, as its claim asks for one. Blocks for as long as it takes: see protector.ts. */
import type { Protect } from "../../expression/index.js";
import type { TableFacts } from "../facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { roundTable } from "../round/protect.js";
import { suppressTable } from "../suppress/protect.js";
import { Solver } from "../suppress/solver.js";

export interface SafeQuestion {
  facts: TableFacts;
  /** How many of the dimensions go down the rows. */
  down: number;
  policy: DisclosurePolicy;
  protect: Protect;
  /** By cell, what its rounding draws: from 0 to below 1. */
  chances: readonly number[];
}

export async function safeVersion({
  facts,
  down,
  policy,
  protect,
  chances,
}: SafeQuestion): Promise<TableFacts> {
  const solver = await Solver.open();
  if (protect.how === "suppress") return suppressTable(solver, facts, down, policy).facts;
  return roundTable(solver, facts, down, policy, protect, chances);
}
