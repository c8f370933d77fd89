/**
 * Budgets and signals: what jobs showed of themselves, grant by grant, and how much of each budget is left.
 *
 * Rules: a charge is a row and a ledger entry of the transaction that decides what is shown; a job is charged once
 * a dataset, when it is submitted, so that no budget moves when the job ends. What must show (the end of a job, on its grid) is counted even past the allowance, so `left` never
 * goes below zero; whether more may show is decided by who reads `left` in the same transaction.
 */
import type Database from "better-sqlite3";
import type { Tx } from "../../ledger/index.js";
import { admits, type RenyiFilter } from "../../privacy/index.js";
import { prepared } from "../../store/index.js";
import {
  type Clock,
  compareRational,
  type DatasetId,
  GloveboxError,
  GRADES,
  type JobId,
  newId,
  type PrincipalId,
  SYSTEM_ACTOR,
} from "../../vocabulary/index.js";
import type { SignalCharge, Signals } from "../catalog.js";
import { type DatasetRow, datasetRow } from "../datasets/rows.js";
import { type GrantRow, grantRow, grantRows } from "../grants/rows.js";
import { datasetAccount, granteeAccount, spentOf } from "./account.js";
import { chargesOf } from "./listing.js";
import { decideRefresh } from "./refresh.js";
import type { BudgetView } from "./schemas.js";
import type { HeldShare } from "./shares.js";
import type { Spending } from "./spending.js";

export class BudgetService implements Signals {
  constructor(
    private readonly db: Database.Database,
    private readonly nameOf: (principal: string) => string,
    private readonly spending: Spending,
    private readonly clock: Clock,
  ) {}

  left(grant: string): number | null {
    const row = grantRow(this.db, grant);
    // Unlimited is a default of low grades; where the grade has risen since, its own default holds.
    const bits = row.signal_bits ?? GRADES[datasetRow(this.db, row.dataset).grade].signal_bits;
    return bits === null ? null : Math.max(0, bits - this.spentBits(grant));
  }

  /** What a grant's share has left of ρ, roughly: to choose between grants, never to decide. */
  rhoLeft(grant: GrantRow): number {
    const row = datasetRow(this.db, grant.dataset);
    return Number(spentOf(this.spending, grant, row, this.clock.now()).left_rho);
  }

  charge(tx: Tx, charge: SignalCharge): void {
    const { job, principal, dataset, grant, bits, shown } = charge;
    if (!Number.isSafeInteger(bits) || bits < 0)
      throw new GloveboxError("internal", { detail: "a charge is a whole number of bits from 0" });
    tx.db
      .prepare(
        `INSERT INTO signal_charges (id, principal, dataset, grant_id, job, bits, shown, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(newId("charge", tx.now), principal, dataset, grant, job, bits, JSON.stringify(shown), tx.now);
    tx.entry({
      kind: "signal.charged",
      actor: SYSTEM_ACTOR,
      subject: job,
      dataset,
      data: { grant, principal, bits, shown },
    });
  }

  refund(tx: Tx, job: JobId): void {
    const rows = tx.db
      .prepare("DELETE FROM signal_charges WHERE job = ? RETURNING dataset, grant_id, principal, bits")
      .all(job) as { dataset: DatasetId; grant_id: string; principal: string; bits: number }[];
    for (const { dataset, grant_id, principal, bits } of rows)
      tx.entry({
        kind: "signal.refunded",
        actor: SYSTEM_ACTOR,
        subject: job,
        dataset,
        data: { grant: grant_id, principal, bits },
      });
  }

  private spentBits(grant: string): number {
    return prepared(this.db, "SELECT COALESCE(SUM(bits), 0) FROM signal_charges WHERE grant_id = ?")
      .pluck()
      .get(grant) as number;
  }

  /** What the dataset's grants hold, leaving out the one that is being decided. */
  held(dataset: DatasetId, except?: string): HeldShare[] {
    const [row, now] = [datasetRow(this.db, dataset), this.clock.now()];
    return grantRows(
      this.db,
      "SELECT * FROM grants WHERE dataset = ? AND state IN ('active', 'expired', 'revoked') AND id IS NOT ?",
      dataset,
      except ?? null,
    ).map((g) => ({
      ...spentOf(this.spending, g, row, now),
      rho: g.rho,
      delta: g.delta,
      signal_bits: g.signal_bits,
      live: g.state === "active",
      spent_bits: this.spentBits(g.id),
    }));
  }

  /**
   * After a budget was stated: it may not be lowered below what was spent, and the refresh is the owner's to say.
   * @param before the dataset as it was
   */
  decide(tx: Tx, before: DatasetRow, refreshDays: number | null | undefined): void {
    const row = datasetRow(tx.db, before.id);
    const [limit, was] = [this.spending.ofDataset(row), this.spending.ofDataset(before)];
    const spent = this.spending.sum(row.id, this.spending.period(row.id, tx.now));
    // One that was exceeded, by rows that another dataset was found to hold, can still be raised.
    if (limit && !admits(limit, spent) && !(was && !admits(was, spent) && !lowered(limit, was)))
      throw new GloveboxError("state_conflict", { detail: "more was spent of this budget already" });
    if (refreshDays !== undefined) decideRefresh(tx, this.spending, row, refreshDays);
  }

  /** All of the dataset's budget, for its owner and auditors. */
  ofDataset(row: DatasetRow): BudgetView {
    const spent = this.db
      .prepare("SELECT COALESCE(SUM(bits), 0) FROM signal_charges WHERE dataset = ?")
      .pluck()
      .get(row.id) as number;
    return {
      unit: row.unit_column,
      scope: "dataset",
      ...datasetAccount(this.spending, row, this.clock.now()),
      shared_with: this.sharing(row),
      signal_bits: bitsOf(row.budget_signal_bits, spent),
      exact_releases: this.exactReleases(row.id),
      charges: chargesOf(this.db, this.nameOf, row.id),
    };
  }

  /** A grantee's own share: its grants on this dataset together. */
  ofGrantee(row: DatasetRow, principal: PrincipalId): BudgetView {
    const grants = grantRows(
      this.db,
      "SELECT * FROM grants WHERE dataset = ? AND principal = ? AND state = 'active'",
      row.id,
      principal,
    );
    const spent = grants.reduce((sum, g) => sum + this.spentBits(g.id), 0);
    const unlimited = grants.some((g) => g.signal_bits === null);
    const total = grants.reduce((sum, g) => sum + (g.signal_bits ?? 0), 0);
    return {
      unit: row.unit_column,
      scope: "own",
      ...granteeAccount(this.spending, row, grants, this.clock.now()),
      shared_with: [],
      signal_bits: bitsOf(unlimited ? null : total, spent),
      exact_releases: this.exactReleases(row.id, principal),
      charges: chargesOf(this.db, this.nameOf, row.id, principal),
    };
  }

  /** Not those of results over domains with noise, which were charged. */
  private exactReleases(dataset: DatasetId, principal?: PrincipalId): number {
    return this.db
      .prepare(
        `SELECT COUNT(*) FROM releases r JOIN job_datasets d ON d.job = r.job
         WHERE d.dataset = ? AND r.state = 'released' AND (? IS NULL OR r.principal = ?)
           AND NOT EXISTS (SELECT 1 FROM round_jobs n JOIN round_charges c USING (collaboration, round) WHERE n.job = r.job)`,
      )
      .pluck()
      .get(dataset, principal ?? null, principal ?? null) as number;
  }

  private sharing(row: DatasetRow): string[] {
    return this.spending
      .pool(row.id)
      .filter((id) => id !== row.id)
      .map((id) => datasetRow(this.db, id).name);
  }
}

const lowered = ({ budget }: RenyiFilter, { budget: was }: RenyiFilter): boolean =>
  compareRational(budget.rho, was.rho) < 0 || compareRational(budget.delta, was.delta) < 0;

const bitsOf = (total: number | null, spent: number) => ({
  total,
  spent,
  left: total === null ? null : Math.max(0, total - spent),
});
