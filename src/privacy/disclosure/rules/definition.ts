/** How a rule is described: the docs page, the findings and the auditors' screens all read this. */
import type { Verdict } from "../../../vocabulary/index.js";
import { GloveboxError } from "../../../vocabulary/index.js";
import type { TableCell, TableFacts } from "../facts.js";
import type { EvidenceValue, Finding } from "../finding.js";
import { MAX_CELLS } from "../finding.js";

export interface RuleDefinition {
  id: string;
  title: string;
  title_zh: string;
  /** What applies where an owner sets nothing else. */
  default: string;
  /** Every verdict the rule can give, mildest first. */
  verdicts: readonly Verdict[];
  sentence: string;
  sentence_zh: string;
  source: string;
}

/** Stops the reading of a file: it cannot be rebuilt, and this finding says why. Never carries a value. */
export function refuse(
  rule: RuleDefinition,
  message: string,
  evidence?: Record<string, EvidenceValue>,
): GloveboxError {
  return new GloveboxError("disclosure_refused", { detail: message, rule: rule.id, evidence });
}

/** The finding that a thrown refusal stands for, or undefined for any other error. */
export function findingOf(error: unknown): Finding | undefined {
  if (!(error instanceof GloveboxError) || error.code !== "disclosure_refused") return undefined;
  const { rule, detail, evidence } = error.params;
  return {
    rule: String(rule),
    verdict: "fail",
    message: detail ?? error.message,
    ...(evidence === undefined ? {} : { evidence: evidence as Record<string, EvidenceValue> }),
  };
}

/** Row and column of a cell, as the table shows them. */
export type NameCell = (cell: TableCell) => [string, string];

const MAX_NAME_CHARS = 120;
const short = (name: string) => (name.length > MAX_NAME_CHARS ? `${name.slice(0, MAX_NAME_CHARS)}…` : name);

/** Cells as a finding carries them: the first MAX_CELLS with names cut short, and the full count in the evidence. */
export function withCells(finding: Finding, cells: [string, string][]): Finding {
  return {
    ...finding,
    cells: cells.slice(0, MAX_CELLS).map(([row, column]) => [short(row), short(column)]),
    evidence: { ...finding.evidence, cells: cells.length },
  };
}

/** Why a cell is meant: for auditors, and for who rehearses. May say on how many units it stands, and shares of a sum. */
export interface Reason {
  en: string;
  zh: string;
}

interface CellFinding {
  rule: string;
  verdict: Verdict;
  message(cells: number): string;
  message_zh(cells: number): string;
  evidence?: Record<string, EvidenceValue>;
}

/** One finding on all cells of which a rule says why, or none. */
export function judgeCells(
  facts: TableFacts,
  nameOf: NameCell,
  why: (cell: TableCell) => Reason | undefined,
  says: CellFinding,
): Finding[] {
  const meant: [string, string][] = [];
  const reasons: Reason[] = [];
  let count = 0;
  for (const cell of facts.cells) {
    const reason = why(cell);
    if (reason === undefined) continue;
    if (++count > MAX_CELLS) continue;
    meant.push(nameOf(cell));
    reasons.push(reason);
  }
  if (count === 0) return [];
  return [
    {
      rule: says.rule,
      verdict: says.verdict,
      message: says.message(count),
      message_zh: says.message_zh(count),
      cells: meant.map(([row, column]) => [short(row), short(column)]),
      reasons,
      evidence: { ...says.evidence, cells: count },
    },
  ];
}

/** "1 cell", "12 cells". */
export function several(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}

/** "34 B", "1.2 kB", "3.4 MB": rounded up, because it is read as "at most". */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [unit, name] = bytes < 999_950 ? [1e3, "kB"] : [1e6, "MB"];
  return `${(Math.ceil((bytes / unit) * 10) / 10).toFixed(1)} ${name}`;
}
