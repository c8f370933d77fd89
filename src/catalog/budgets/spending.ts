/**
 * What was spent of a budget, and whether more may be: running sums by dataset and grant, and the filters over them.
 *
 * Rules: a sum is raised in the transaction of the charge and never lowered; what a dataset was charged counts for
 * every dataset of its owner that was found to hold the same rows. A sum belongs to a period; periods follow from the owner's
 * decision and the clock, never from content. A grant spends its own share of ρ and δ, and has none where none is
 * stated; a dataset whose owner declared no ρ is limited by its grants alone.
 */
import type Database from "better-sqlite3";
import type { Tx } from "../../ledger/index.js";
import { admits, type RenyiCurve, type RenyiFilter, renyiFilter, rhoLeft } from "../../privacy/index.js";
import { prepared } from "../../store/index.js";
import {
  compareRational,
  type DatasetId,
  parseDecimal,
  type Rational,
  rational,
  subtractRational,
  ZERO,
} from "../../vocabulary/index.js";
import type { DatasetRow } from "../datasets/rows.js";
import type { GrantRow } from "../grants/rows.js";
import { fromText, NOTHING, plus, toText, weighed } from "./amounts.js";

/** At which δ a guarantee is stated where the owner declared ρ and no δ; nothing that fails can then be charged. */
export const DEFAULT_DELTA = "1e-6";
const KEPT_FILTERS = 512;
const HALF = rational(1n, 2n);

const declared = (text: string | null): Rational => (text === null ? ZERO : parseDecimal(text, "budget"));

/** What is left of ρ and δ. */
export interface Left {
  rho: Rational;
  delta: Rational;
}

export class Spending {
  private readonly filters = new Map<string, RenyiFilter>();

  constructor(private readonly db: Database.Database) {}

  /** All that was charged in the period. */
  sum(scope: string, period: number): RenyiCurve {
    const row = prepared(this.db, "SELECT curve, delta FROM spendings WHERE scope = ? AND period = ?").get(
      scope,
      period,
    ) as { curve: string; delta: string } | undefined;
    return row ? fromText(row) : NOTHING;
  }

  /** Whether anything was ever charged. */
  any(scope: string): boolean {
    return prepared(this.db, "SELECT 1 FROM spendings WHERE scope = ? LIMIT 1").get(scope) !== undefined;
  }

  /** @param cost in units */
  raise(tx: Tx, scope: string, period: number, cost: RenyiCurve): void {
    const { curve, delta } = toText(plus(this.sum(scope, period), cost));
    prepared(
      tx.db,
      `INSERT INTO spendings (scope, period, curve, delta, charges) VALUES (?, ?, ?, ?, 1)
       ON CONFLICT DO UPDATE SET curve = excluded.curve, delta = excluded.delta, charges = charges + 1`,
    ).run(scope, period, curve, delta);
  }

  /**
   * Datasets that pay together with this one, itself included. One owner's only, whatever is written: older nodes
   * compared across owners. What was charged then stays charged.
   */
  pool(dataset: DatasetId): DatasetId[] {
    const mates = prepared(
      this.db,
      `SELECT b.dataset FROM budget_pools a JOIN budget_pools b ON b.pool = a.pool
       JOIN datasets mine ON mine.id = a.dataset JOIN datasets theirs ON theirs.id = b.dataset
       WHERE a.dataset = ? AND theirs.owner = mine.owner ORDER BY 1`,
    ).all(dataset) as { dataset: DatasetId }[];
    return mates.length === 0 ? [dataset] : mates.map((mate) => mate.dataset);
  }

  period(dataset: DatasetId, now: number): number {
    const row = this.refresh(dataset);
    return row ? periodAt(row, now) : 0;
  }

  refresh(dataset: DatasetId): Refresh | undefined {
    return prepared(
      this.db,
      "SELECT every_ms, first_period, since FROM budget_refreshes WHERE dataset = ?",
    ).get(dataset) as Refresh | undefined;
  }

  /** undefined: its owner declared no ρ. */
  ofDataset(row: Pick<DatasetRow, "budget_rho" | "budget_delta">): RenyiFilter | undefined {
    return row.budget_rho === null ? undefined : this.filter(row.budget_rho, row.budget_delta, null);
  }

  ofGrant(grant: Pick<GrantRow, "rho" | "delta">, row: Pick<DatasetRow, "budget_delta">): RenyiFilter {
    return this.filter(grant.rho ?? "0", grant.delta, row.budget_delta);
  }

  /** @param other δ at which the guarantee is stated where there is none of its own */
  private filter(rho: string, delta: string | null, other: string | null): RenyiFilter {
    const key = `${rho} ${delta} ${other}`;
    const known = this.filters.get(key);
    if (known) return known;
    if (this.filters.size >= KEPT_FILTERS) this.filters.delete(this.filters.keys().next().value!);
    const own = declared(delta);
    const stated = [own, declared(other), parseDecimal(DEFAULT_DELTA, "delta")].find(({ num }) => num > 0n)!;
    const made = renyiFilter({
      rho: declared(rho),
      delta: compareRational(stated, HALF) > 0 ? HALF : stated,
    });
    const filter = own.num > 0n ? made : { ...made, failures: ZERO };
    this.filters.set(key, filter);
    return filter;
  }
}

/** A filter lets nothing pass but what costs nothing, where no ρ was given. */
export const fits = (filter: RenyiFilter, spent: RenyiCurve, cost: RenyiCurve): boolean =>
  admits(filter, plus(spent, cost));

export function leftOf(filter: RenyiFilter, spent: RenyiCurve): Left {
  const failures = subtractRational(filter.failures, spent.delta);
  return { rho: rhoLeft(filter, spent), delta: failures.num < 0n ? ZERO : weighed(failures) };
}

export interface Refresh {
  /** 0: no longer. */
  every_ms: number;
  first_period: number;
  since: number;
}

/** Each period keeps its sum, so a clock that is set back brings back no budget. */
export const periodAt = ({ every_ms, first_period, since }: Refresh, now: number): number =>
  first_period + (every_ms === 0 ? 0 : Math.max(0, Math.floor((now - since) / every_ms)));
