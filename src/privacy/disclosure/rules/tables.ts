/** All rules for tables that the node recomputed, in the order in which an auditor reads them. */
import type { TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeClassDisclosure } from "./class-disclosure.js";
import { judgeComposed, judgeContributors } from "./contributors.js";
import type { NameCell } from "./definition.js";
import { judgeDominance } from "./dominance.js";
import { judgeMagnitudes } from "./magnitude.js";
import { judgeNegatives } from "./negatives.js";
import { judgePRatio } from "./p-ratio.js";
import { judgeProtection } from "./protection.js";
import { judgeSameValues } from "./same-value.js";
import { judgeSingleValues } from "./single-value.js";
import { judgeUnits } from "./units.js";
import { judgeZeros } from "./zeros.js";

export function judgeTable(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  return [
    // A rounded count stands for several, of which protection says whether one is large enough.
    ...(facts.protection?.how === "round" ? [] : judgeUnits(facts, policy, nameOf)),
    ...judgeContributors(facts, policy, nameOf),
    ...judgeDominance(facts, policy, nameOf),
    ...judgePRatio(facts, policy, nameOf),
    ...judgeSingleValues(facts, policy, nameOf),
    ...judgeClassDisclosure(facts, policy, nameOf),
    ...judgeSameValues(facts, policy, nameOf),
    ...judgeZeros(facts, policy, nameOf),
    ...judgeNegatives(facts, policy, nameOf),
    ...judgeComposed(facts),
    ...judgeMagnitudes(facts, nameOf),
    ...judgeProtection(facts),
  ];
}
