/**
 * Who pays a charge: the budget of each dataset, of those that share it, and each grant's share. All must cover it.
 */
import type Database from "better-sqlite3";
import type { RenyiCurve, RenyiFilter } from "../../privacy/index.js";
import { compareRational, GloveboxError } from "../../vocabulary/index.js";
import { datasetRow } from "../datasets/rows.js";
import type { GrantRow } from "../grants/rows.js";
import { shownCost, shownParts } from "./amounts.js";
import type { ChargeRequest, Cost } from "./charges.js";
import { fits, type Left, leftOf, type Spending } from "./spending.js";

/** A dataset's budget or a grant's share, in its period. */
export interface Payer {
  scope: string;
  period: number;
  /** undefined: nothing limits it. */
  filter: RenyiFilter | undefined;
  spent: RenyiCurve;
  /** For the one who is refused. */
  what: "the dataset's budget" | "your grant's share";
}

interface Parts {
  db: Database.Database;
  spending: Spending;
}

/** What several datasets of the request name pays once. */
export function payersOf(
  { db, spending }: Parts,
  request: Pick<ChargeRequest, "on">,
  grants: readonly GrantRow[],
  now: number,
): Payer[] {
  const datasets = new Set(request.on.flatMap(({ dataset }) => spending.pool(dataset)));
  const ofDatasets = [...datasets].map((id): Payer => {
    const period = spending.period(id, now);
    const filter = spending.ofDataset(datasetRow(db, id));
    return { scope: id, period, filter, spent: spending.sum(id, period), what: "the dataset's budget" };
  });
  const ofGrants = [...new Map(grants.map((g) => [g.id, g])).values()].map((grant): Payer => {
    const period = spending.period(grant.dataset, now);
    const filter = spending.ofGrant(grant, datasetRow(db, grant.dataset));
    return {
      scope: grant.id,
      period,
      filter,
      spent: spending.sum(grant.id, period),
      what: "your grant's share",
    };
  });
  return [...ofGrants, ...ofDatasets];
}

export const covers = ({ filter, spent }: Payer, cost: RenyiCurve): boolean =>
  !filter || fits(filter, spent, cost);

const shownLeft = (filter: RenyiFilter, left: Left): Cost => ({
  rho: shownParts(filter.budget.rho, left.rho).left,
  delta: shownParts(filter.budget.delta, left.delta).left,
});

/** @throws budget_exhausted */
export function mustFit(payer: Payer, cost: RenyiCurve): void {
  const { filter, spent, what } = payer;
  if (!filter || covers(payer, cost)) return;
  const [asked, left] = [shownCost(cost), shownLeft(filter, leftOf(filter, spent))];
  throw new GloveboxError("budget_exhausted", {
    detail: `this costs ρ ${asked.rho} and δ ${asked.delta}; ${what} has ρ ${left.rho} and δ ${left.delta} left`,
    cost: asked,
    left,
  });
}

/** Of each quantity the least that any payer has left. */
export function tightest(payers: readonly Payer[]): Cost {
  const limited = payers.flatMap(({ filter, spent }) =>
    filter ? [{ filter, left: leftOf(filter, spent) }] : [],
  );
  const least = (kind: "rho" | "delta"): string => {
    const { filter, left } = limited.reduce((a, b) =>
      compareRational(b.left[kind], a.left[kind]) < 0 ? b : a,
    );
    return shownLeft(filter, left)[kind];
  };
  return { rho: least("rho"), delta: least("delta") };
}
