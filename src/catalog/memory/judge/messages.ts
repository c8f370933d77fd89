/** What control and the judging thread say to each other. Both are this node's own code, so nothing is parsed. */
import type { ExpressionColumn, Finding, ToldTable } from "../../../privacy/index.js";

/** A table as the thread keeps it between judgements. */
export interface KeptTable {
  told: ToldTable;
  /** As it lies in the vault; absent where nobody could tell which units its cells stand on. */
  units: Uint8Array | undefined;
}

export interface JudgeRequest {
  id: number;
  verdicts: "requester" | "both";
  threshold: number;
  oneRowAUnit: boolean;
  unitColumn: string | undefined;
  columns: Record<string, ExpressionColumn[]>;
  asked: { id: string; declared: boolean };
  beside: { id: string; declared: boolean }[];
  released: string[];
  /** Those that it is not to keep: they are not released. */
  passing: string[];
  budgetMs: number;
}

/** Tables that the thread was not sent yet, before the request that names them: it opens some while control reads others. */
export interface SentTables {
  tables: KeptTable[];
  /** Their units will be compared. */
  compared: boolean;
  columns: JudgeRequest["columns"];
}

/** What was judged; what could not be is absent. */
export interface Judged {
  requester?: Finding[];
  auditors?: Finding[];
}

/** Two for a request, or the word that no more comes. */
export type JudgeAnswer =
  | { id: number; requester: Finding[] }
  | { id: number; auditors: Finding[] }
  | { id: number; failed: true };
