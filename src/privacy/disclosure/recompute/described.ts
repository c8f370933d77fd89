/** What the node computed from a claim that running code made: the same figures, under the findings that the choice asks for. */
import type { Canonical } from "../canonical.js";
import { capacity } from "../rules/capacity.js";
import { describedBytes, judgeClaimed } from "../rules/claimed.js";

/**
 * In place of "which figures was fixed before": how much their choice could tell, which is no more than the file itself.
 * @param claimText the claim's canonical text
 */
export function chosenByProgram(canonical: Canonical, claimText: string): Canonical {
  return {
    ...canonical,
    findings: [...canonical.findings.filter((f) => f.rule !== capacity.id), judgeClaimed(claimText)],
    capacity_bytes: Math.min(canonical.capacity_bytes, describedBytes(claimText)),
  };
}
