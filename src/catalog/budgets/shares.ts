/**
 * What a dataset's grants together hold of its budget. Pure arithmetic over rows.
 *
 * Rules: a live grant holds its whole share; an ended one keeps what it spent, which no new grant may hold again.
 * A budget that was not declared limits nothing; where it was, a grant without a limit of its own is refused.
 */
import {
  addRational,
  compareRational,
  formatDecimal,
  GloveboxError,
  invalidInput,
  parseDecimal,
  type Rational,
  subtractRational,
  ZERO,
} from "../../vocabulary/index.js";

/** null: not declared. */
export interface DeclaredBudget {
  rho: string | null;
  delta: string | null;
  signal_bits: number | null;
}

export interface Share {
  rho: string | null;
  delta: string | null;
  /** null: unlimited. */
  signal_bits: number | null;
}

export interface HeldShare extends Share {
  live: boolean;
  spent_bits: number;
  spent_rho: string;
  spent_delta: string;
}

const decimal = (text: string | null): Rational => (text === null ? ZERO : parseDecimal(text, "budget"));

/** ρ or δ held by all grants. */
const heldDecimal = (held: readonly HeldShare[], kind: "rho" | "delta"): Rational =>
  held.reduce(
    (sum, share) => addRational(sum, decimal(share.live ? share[kind] : share[`spent_${kind}`])),
    ZERO,
  );

const heldBits = (held: readonly HeldShare[]): number =>
  held.reduce(
    (sum, share) =>
      sum +
      (share.live
        ? Math.max(share.signal_bits ?? Number.POSITIVE_INFINITY, share.spent_bits)
        : share.spent_bits),
    0,
  );

const exhausted = (path: string, left: string | number) =>
  new GloveboxError("budget_exhausted", {
    detail: `${path}: the dataset's budget has ${left} left for grants`,
  });

/** @throws budget_exhausted, or invalid_input where the budget asks for a limit and there is none. */
export function mustFitBudget(budget: DeclaredBudget, held: readonly HeldShare[], wanted: Share): void {
  for (const kind of ["rho", "delta"] as const) {
    if (budget[kind] === null) continue;
    const left = subtractRational(decimal(budget[kind]), heldDecimal(held, kind));
    if (compareRational(decimal(wanted[kind]), left) > 0)
      throw exhausted(kind, left.num < 0n ? "0" : formatDecimal(left));
  }
  if (budget.signal_bits === null) return;
  if (wanted.signal_bits === null)
    throw invalidInput("signal_bits", "must be stated, for the dataset declares a budget of signals");
  const left = Math.max(0, budget.signal_bits - heldBits(held));
  if (wanted.signal_bits > left) throw exhausted("signal_bits", left);
}

/** A budget is not lowered below what its grants hold. @throws state_conflict */
export function mustCover(budget: DeclaredBudget, held: readonly HeldShare[]): void {
  const short = (["rho", "delta"] as const).filter(
    (kind) => budget[kind] !== null && compareRational(heldDecimal(held, kind), decimal(budget[kind])) > 0,
  );
  const bits = budget.signal_bits !== null && heldBits(held) > budget.signal_bits ? ["signal_bits"] : [];
  const lacking = [...short, ...bits];
  if (lacking.length > 0)
    throw new GloveboxError("state_conflict", {
      detail: `the grants of this dataset hold more than this budget: ${lacking.join(", ")}; revoke or lower some first`,
    });
}
