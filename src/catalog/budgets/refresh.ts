/**
 * A budget that is there anew after each period: its owner's decision, and what it means for the guarantee.
 *
 * Rules: only time refreshes a budget, never content; what was spent before the decision counts in the period that it
 * begins; what was not spent in a period lapses. Each period's answers are (ε, δ)-DP by its own filter, and periods
 * compose, whatever is asked in one because of another: the ledger keeps what a year comes to.
 */
import type { JsonObject, Tx } from "../../ledger/index.js";
import { composeOptimal, type RenyiFilter } from "../../privacy/index.js";
import { formatDecimal, parseDecimal, type Rational, rational } from "../../vocabulary/index.js";
import type { DatasetRow } from "../datasets/rows.js";
import { shown } from "./amounts.js";
import { periodAt, type Spending } from "./spending.js";

export const DAY_MS = 86_400_000;
const YEAR_DAYS = 366;
/** Beyond it ε says nothing, and composing it takes long. */
const MOST_EPSILON = 50;

/** What so many periods together guarantee; both by sums and, at twice the δ, by optimal composition. */
export function meaningOf(filter: RenyiFilter, days: number): JsonObject {
  const periods = Math.ceil(YEAR_DAYS / days);
  const times = (r: Rational, n: number) => rational(r.num * BigInt(n), r.den);
  const { epsilon, budget } = filter;
  const sum = {
    epsilon: formatDecimal(times(parseDecimal(epsilon, "epsilon"), periods)),
    delta: shown(times(budget.delta, periods)),
  };
  const total = times(budget.delta, 2 * periods);
  const composes = Number(epsilon) <= MOST_EPSILON && total.num < total.den;
  return {
    each_period: { epsilon, delta: shown(budget.delta) },
    periods_a_year: periods,
    a_year: composes ? [sum, atTwice(filter, periods, total)] : [sum],
  };
}

function atTwice({ epsilon, budget }: RenyiFilter, count: number, total: Rational): JsonObject {
  const [delta, totalDelta] = [shown(budget.delta), shown(total)];
  return { epsilon: composeOptimal({ epsilon, delta, count, totalDelta }).least_epsilon, delta: totalDelta };
}

/** @param row as it is after what else was decided @param days null: the budget is there once */
export function decideRefresh(tx: Tx, spending: Spending, row: DatasetRow, days: number | null): void {
  const before = spending.refresh(row.id);
  const every = days === null ? 0 : days * DAY_MS;
  if (every === (before?.every_ms ?? 0)) return;
  tx.db
    .prepare(
      `INSERT INTO budget_refreshes (dataset, every_ms, first_period, since) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET every_ms = excluded.every_ms, first_period = excluded.first_period, since = excluded.since`,
    )
    .run(row.id, every, before ? periodAt(before, tx.now) : 0, tx.now);
  const filter = spending.ofDataset(row);
  tx.entry({
    kind: "budget.refresh_decided",
    actor: row.owner,
    subject: row.id,
    dataset: row.id,
    data: {
      days,
      rho: row.budget_rho,
      delta: row.budget_delta,
      ...(filter && days !== null ? { guarantee: meaningOf(filter, days) } : {}),
    },
  });
}
