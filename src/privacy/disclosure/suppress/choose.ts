/**
 * Which places to hide: first quickly, then the best where the system is small enough to be solved.
 *
 * Rules: a pure function of the system: no clock and no chance, for a table asked for twice must show one pattern. What
 * cannot be protected even by hiding everything is said, not left out.
 */
import { carry } from "./carry.js";
import { Flow } from "./flow.js";
import { improve, type OptimumLimits } from "./optimum.js";
import type { Solver } from "./solver.js";
import { lossOf, type Need, needsOf, type System } from "./system.js";
import { trim, Watch } from "./watch.js";

export interface Choice {
  /** Primary and secondary. */
  hidden: ReadonlySet<number>;
  /** Needs that no choice meets. */
  impossible: readonly Need[];
  method: "optimum" | "improved" | "heuristic";
  loss: number;
  /** No choice loses less; zero where it was not looked for. */
  bound: number;
}

export interface ChooseLimits {
  /** Systems of more numbers are not looked at by integer programming. */
  optimum_numbers: number;
  optimum: OptimumLimits;
  /** Systems of more numbers are not trimmed. */
  trim_numbers: number;
  /** With more hidden counts, nobody reasons about them in whole numbers from the rule. */
  knower_counts: number;
}

/** @param from places that are hidden in any case, beside the primary ones */
export function choose(
  solver: Solver,
  given: System,
  limits: ChooseLimits,
  from: ReadonlySet<number> = new Set(),
): Choice {
  const system = from.size === 0 ? given : { ...given, primary: [...new Set([...given.primary, ...from])] };
  const { hidden, impossible } = carry(solver, system, needsOf(system));
  const met = impossible.length === 0 ? system : without(system, impossible);
  return Flow.use(solver, met, (flow): Choice => {
    const keep = new Set(met.primary);
    const losses = met.places.map((p) => p.loss);
    if (met.numbers.length <= limits.trim_numbers) trim(new Watch(flow, needsOf(met)), losses, hidden, keep);
    if (met.numbers.length > limits.optimum_numbers)
      return { hidden, impossible, method: "heuristic", loss: lossOf(met, hidden), bound: 0 };
    const best = improve(solver, flow, hidden, limits.optimum);
    const loss = lossOf(met, best.hidden);
    return {
      hidden: best.hidden,
      impossible,
      method: best.proven ? "optimum" : loss < lossOf(met, hidden) ? "improved" : "heuristic",
      loss,
      bound: best.bound,
    };
  });
}

/** The same system without needs that cannot be met. */
function without(system: System, needs: readonly Need[]): System {
  const gone = (number: number, direction: number) =>
    needs.some((need) => need.number === number && need.direction === direction);
  return {
    ...system,
    sensitive: system.sensitive.map(({ number, below, above }) => ({
      number,
      below: gone(number, -1) ? 0 : below,
      above: gone(number, 1) ? 0 : above,
    })),
  };
}
