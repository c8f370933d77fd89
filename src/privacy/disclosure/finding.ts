/**
 * What a check says of an output.
 *
 * Rules: a message is one plain sentence for an auditor. It may name columns and row labels that the output
 * itself shows, never a value that the output does not show. `fail` outweighs `review`, which outweighs `pass`.
 * What depends on values that were never released, of other tables, is for auditors only: a requester who saw its verdict
 * could ask until it told them.
 */
import type { Verdict } from "../../vocabulary/index.js";
import { worstVerdict } from "../../vocabulary/index.js";

export type EvidenceValue =
  | string
  | number
  | boolean
  | null
  | EvidenceValue[]
  | { [key: string]: EvidenceValue };

/** Whose verdict a finding counts in. */
export type Audience = "all" | "auditors";

export interface Finding {
  /** An id of the RULES table. */
  rule: string;
  verdict: Verdict;
  message: string;
  message_zh?: string;
  /** The table cells meant, as [row label, column]; at most MAX_CELLS of them, `evidence.cells` has the full count. */
  cells?: [string, string][];
  /** Why each of these cells, in their order; may count units and name shares, so it is for those who see the table. */
  reasons?: { en: string; zh: string }[];
  /** Figures behind the verdict, for auditors. */
  evidence?: { [key: string]: EvidenceValue };
  /** Absent: all. */
  audience?: Audience;
}

/** A finding names at most so many cells. */
export const MAX_CELLS = 50;

/** The verdict of an output: the worst of its findings. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  return worstVerdict(findings.map((f) => f.verdict));
}

/** The same as `reader` may know it: a requester's verdict leaves out what is for auditors only. */
export function verdictFor(
  findings: readonly Pick<Finding, "verdict" | "audience">[],
  reader: "requester" | "auditor",
): Verdict {
  const counted = findings.filter((f) => reader === "auditor" || f.audience !== "auditors");
  return worstVerdict(counted.map((f) => f.verdict));
}
