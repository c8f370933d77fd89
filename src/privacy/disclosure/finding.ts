/**
 * What a check says of an output.
 *
 * Rules: a message is one plain sentence for an auditor. It may name columns and row labels that the output
 * itself shows, never a value that the output does not show. `fail` outweighs `review`, which outweighs `pass`.
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

export interface Finding {
  /** An id of the RULES table. */
  rule: string;
  verdict: Verdict;
  message: string;
  /** The table cells meant, as [row label, column]; at most MAX_CELLS of them, `evidence.cells` has the full count. */
  cells?: [string, string][];
  /** Figures behind the verdict, for auditors. */
  evidence?: { [key: string]: EvidenceValue };
}

/** A finding names at most so many cells. */
export const MAX_CELLS = 50;

/** The verdict of an output: the worst of its findings. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  return worstVerdict(findings.map((f) => f.verdict));
}
