/** Charges as people see them: signals of jobs and costs of noisy answers, newest first. */
import type Database from "better-sqlite3";
import { prepared } from "../../store/index.js";
import { type DatasetId, type PrincipalId, rfc3339 } from "../../vocabulary/index.js";
import { fromText, shownCost } from "./amounts.js";
import type { ChargeState } from "./charges.js";
import type { ChargeView } from "./schemas.js";

const MAX_CHARGES = 200;

interface SignalRow {
  id: string;
  principal: string;
  grant_id: string;
  job: string;
  bits: number;
  shown: string;
  at: number;
}

interface AnswerRow {
  id: string;
  principal: string;
  grant_id: string;
  kind: string;
  state: ChargeState;
  curve: string;
  delta: string;
  version: string;
  ledger_seq: number;
  at: number;
}

/** @param principal whose alone; all without */
export function chargesOf(
  db: Database.Database,
  nameOf: (principal: string) => string,
  dataset: DatasetId,
  principal: PrincipalId | null = null,
): ChargeView[] {
  const views = [...signals(db, dataset, principal), ...answers(db, dataset, principal)];
  return views
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, MAX_CHARGES)
    .map((view) => ({ ...view, principal: nameOf(view.principal) }));
}

function signals(db: Database.Database, dataset: DatasetId, principal: PrincipalId | null): ChargeView[] {
  const rows = prepared(
    db,
    `SELECT * FROM signal_charges WHERE dataset = ? AND (? IS NULL OR principal = ?)
     ORDER BY id DESC LIMIT ${MAX_CHARGES}`,
  ).all(dataset, principal, principal) as SignalRow[];
  return rows.map((row) => ({
    id: row.id,
    principal: row.principal,
    grant: row.grant_id,
    kind: "signals",
    job: row.job,
    signal_bits: row.bits,
    shown: JSON.parse(row.shown) as string[],
    at: rfc3339(row.at),
  }));
}

function answers(db: Database.Database, dataset: DatasetId, principal: PrincipalId | null): ChargeView[] {
  const rows = prepared(
    db,
    `SELECT c.id, c.principal, d.grant_id, c.kind, c.state, c.curve, c.delta, d.version, c.ledger_seq, c.at
     FROM charge_datasets d JOIN charges c ON c.id = d.charge WHERE d.dataset = ? AND (? IS NULL OR c.principal = ?)
     ORDER BY d.charge DESC LIMIT ${MAX_CHARGES}`,
  ).all(dataset, principal, principal) as AnswerRow[];
  return rows.map((row) => ({
    id: row.id,
    principal: row.principal,
    grant: row.grant_id,
    kind: row.kind,
    signal_bits: 0,
    shown: [],
    ...shownCost(fromText(row)),
    state: row.state,
    version: row.version,
    ledger_index: row.ledger_seq,
    at: rfc3339(row.at),
  }));
}
