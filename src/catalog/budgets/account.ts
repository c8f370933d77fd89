/** Budgets as people see them: what there is of ρ and δ, what was spent, what is left. Reads only. */
import type { RenyiFilter } from "../../privacy/index.js";
import {
  addRational,
  parseDecimal,
  type Rational,
  rfc3339,
  subtractRational,
  ZERO,
} from "../../vocabulary/index.js";
import type { DatasetRow } from "../datasets/rows.js";
import type { GrantRow } from "../grants/rows.js";
import { decimalText, shown, shownCost, shownParts } from "./amounts.js";
import { DAY_MS } from "./refresh.js";
import type { BudgetView } from "./schemas.js";
import { leftOf, periodAt, type Spending } from "./spending.js";

type Account = Pick<BudgetView, "rho" | "delta" | "guarantee" | "refresh">;
type Quantity = BudgetView["rho"];

const decimal = (text: string | null): Rational => (text === null ? ZERO : parseDecimal(text, "budget"));

/** What is left of a total that was declared. */
function quantity(total: string | null, left: Rational, spent: string): Quantity {
  if (total === null) return { total, spent, left: null };
  const parts = shownParts(decimal(total), left);
  return parts.spent === "0" ? { total, spent: "0", left: total } : { total, ...parts };
}

/** All of the dataset's budget in the present period, with what was charged for the same rows under other names. */
export function datasetAccount(spending: Spending, row: DatasetRow, now: number): Account {
  const spent = spending.sum(row.id, spending.period(row.id, now));
  const filter = spending.ofDataset(row);
  const cost = shownCost(spent);
  const left = filter ? leftOf(filter, spent) : { rho: ZERO, delta: ZERO };
  return {
    rho: quantity(row.budget_rho, left.rho, cost.rho),
    delta: quantity(row.budget_delta, filter ? left.delta : decimal(row.budget_delta), cost.delta),
    guarantee: filter ? guaranteeOf(filter) : null,
    refresh: refreshOf(spending, row, now),
  };
}

const guaranteeOf = ({ epsilon, budget }: RenyiFilter) => ({ epsilon, delta: shown(budget.delta) });

function refreshOf(spending: Spending, row: DatasetRow, now: number): BudgetView["refresh"] {
  const refresh = spending.refresh(row.id);
  if (!refresh || refresh.every_ms === 0) return null;
  const period = periodAt(refresh, now);
  return {
    days: refresh.every_ms / DAY_MS,
    period,
    next: rfc3339(refresh.since + (period - refresh.first_period + 1) * refresh.every_ms),
  };
}

/** What of its share a grant spent in the present period, and has left; as it is shown. */
export function spentOf(
  spending: Spending,
  grant: GrantRow,
  row: DatasetRow,
  now: number,
): { spent_rho: string; spent_delta: string; left_rho: string } {
  if (!spending.any(grant.id)) return { spent_rho: "0", spent_delta: "0", left_rho: grant.rho ?? "0" };
  const { rho, delta } = shareOf(spending, grant, row, now);
  return { spent_rho: rho.spent, spent_delta: delta.spent, left_rho: rho.left };
}

function shareOf(spending: Spending, grant: GrantRow, row: DatasetRow, now: number) {
  const spent = spending.sum(grant.id, spending.period(row.id, now));
  const left = leftOf(spending.ofGrant(grant, row), spent);
  return {
    rho: shownParts(decimal(grant.rho), left.rho),
    delta: shownParts(decimal(grant.delta), left.delta),
  };
}

/** A grantee's own share: its live grants together. */
export function granteeAccount(
  spending: Spending,
  row: DatasetRow,
  grants: readonly GrantRow[],
  now: number,
): Account {
  const shares = grants.map((grant) => shareOf(spending, grant, row, now));
  const together = (of: "rho" | "delta"): Quantity => {
    const stated = grants.filter((grant) => grant[of] !== null);
    if (stated.length === 0) return { total: null, spent: "0", left: null };
    const total = stated.map((grant) => decimal(grant[of])).reduce(addRational, ZERO);
    const left = shares.map((share) => decimal(share[of].left)).reduce(addRational, ZERO);
    const spent = decimalText(subtractRational(total, left));
    return { total: decimalText(total), spent, left: decimalText(left) };
  };
  return {
    rho: together("rho"),
    delta: together("delta"),
    guarantee: null,
    refresh: refreshOf(spending, row, now),
  };
}
