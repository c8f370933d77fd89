/**
 * The cheapest set of places to hide, by integer programming: a master program chooses, the flow says what is wrong
 * with the choice, and a cut forbids all choices that are wrong for the same reason.
 *
 * The relaxation is cut first, then whole choices. The master's value is a bound from below at every moment, so what
 * was not solved to the end says how far it may be from the best. Work is limited by count, never by time.
 * Source: Fischetti and Salazar-González 2001, sections 3 and 4 (capacity constraints and their strengthening).
 */
import { carry } from "./carry.js";
import { type Flow, type Help, isEnough } from "./flow.js";
import type { LinearRow, Solver } from "./solver.js";
import { lossOf, type Need, needsOf, type System } from "./system.js";
import { trim, Watch } from "./watch.js";

export interface OptimumLimits {
  /** Rounds of cutting the relaxation. */
  relaxed_rounds: number;
  /** Whole choices looked at. */
  whole_rounds: number;
  /** Nodes of each search for a whole choice. */
  nodes: number;
  /** Steps of the simplex method in all; of a search among whole choices, each weighs several. */
  steps: number;
  /** How often a choice that does not do is mended into one that does. */
  mends: number;
}

export interface Optimum {
  hidden: Set<number>;
  /** No set of hidden places loses less than this. */
  bound: number;
  proven: boolean;
}

/** So near to the bound, a choice counts as the best. */
const CLOSE = 0.9999;

/** @param known a set that meets all needs */
export function improve(
  solver: Solver,
  flow: Flow,
  known: ReadonlySet<number>,
  limits: OptimumLimits,
): Optimum {
  return new Master(solver, flow, known, limits).solve();
}

class Master {
  private readonly system: System;
  private readonly needs: readonly Need[];
  /** Places that may be hidden or not; the columns of the program. */
  private readonly free: readonly number[];
  private readonly columnOf: ReadonlyMap<number, number>;
  private readonly primary: ReadonlySet<number>;
  private readonly cuts: LinearRow[] = [];
  private readonly seen = new Set<string>();
  private readonly until: number;
  private best: Set<number>;
  private bound = 0;
  private mended = 0;

  constructor(
    private readonly solver: Solver,
    private readonly flow: Flow,
    known: ReadonlySet<number>,
    private readonly limits: OptimumLimits,
  ) {
    this.system = flow.system;
    this.needs = needsOf(this.system);
    this.primary = new Set(this.system.primary);
    this.free = this.system.places.flatMap(({ hideable }, p) =>
      hideable && !this.primary.has(p) ? [p] : [],
    );
    this.columnOf = new Map(this.free.map((p, c) => [p, c]));
    this.until = solver.work + limits.steps;
    this.best = new Set(known);
  }

  solve(): Optimum {
    if (this.free.length === 0 || this.needs.length === 0)
      return { hidden: new Set(this.system.primary), bound: 0, proven: true };
    this.startingCuts();
    this.cutRelaxation();
    const proven = this.cutWhole();
    return { hidden: this.best, bound: proven ? this.cost(this.best) : this.bound, proven };
  }

  private cost(hidden: ReadonlySet<number>): number {
    return lossOf(this.system, hidden);
  }

  private get spent(): boolean {
    return this.solver.work >= this.until;
  }

  private program(whole: boolean) {
    return {
      cost: this.free.map((p) => this.system.places[p]!.loss),
      low: this.free.map(() => 0),
      high: this.free.map(() => 1),
      rows: this.cuts,
      ...(whole ? { whole: this.free.map(() => true) } : {}),
    };
  }

  /** What a number loses or gains, the others of each sum it stands in must take up. */
  private startingCuts(): void {
    const { relations } = this.system;
    const { room } = this.flow;
    const of = new Map<number, number[]>();
    relations.forEach(({ numbers, low, high }, r) => {
      if (low !== high && high - low > 1e-3) return;
      for (const n of numbers) of.set(n, [...(of.get(n) ?? []), r]);
    });
    for (const need of this.needs)
      for (const r of of.get(need.number) ?? []) {
        const { numbers, factors } = relations[r]!;
        const own = factors[numbers.indexOf(need.number)]! * need.direction;
        const by = new Map<number, number>();
        numbers.forEach((n, i) => {
          if (n === need.number) return;
          const factor = factors[i]! / own;
          const more = factor > 0 ? room.down[n]! * factor : room.up[n]! * -factor;
          const { place } = this.system.numbers[n]!;
          if (more > 0) by.set(place, (by.get(place) ?? 0) + more);
        });
        this.cut({ constant: 0, by }, need.amount);
      }
  }

  /** @returns whether the cut is new */
  private cut({ constant, by }: Help, amount: number): boolean {
    let lacking = amount - constant;
    const terms: [number, number][] = [];
    for (const [place, more] of by) {
      if (this.primary.has(place)) lacking -= more;
      else if (this.columnOf.has(place)) terms.push([this.columnOf.get(place)!, more]);
    }
    if (lacking <= amount * 1e-7 || terms.length === 0) return false;
    // A place that alone would do is worth no more than all that is lacking.
    const strong = terms
      .map(([column, more]): [number, number] => [column, Math.min(1, more / lacking)])
      .filter(([, factor]) => factor > 1e-9)
      .sort(([a], [b]) => a - b);
    const key = strong.map(([c, f]) => `${c}:${f.toPrecision(6)}`).join(" ");
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    this.cuts.push({
      low: 1,
      high: Number.POSITIVE_INFINITY,
      columns: strong.map(([c]) => c),
      factors: strong.map(([, f]) => f),
    });
    return true;
  }

  /** By place, of a choice of columns. */
  private sharesOf(columns: ArrayLike<number>): Float64Array {
    const shares = new Float64Array(this.system.places.length);
    for (const p of this.primary) shares[p] = 1;
    this.free.forEach((p, c) => {
      shares[p] = Math.min(1, Math.max(0, columns[c]!));
    });
    return shares;
  }

  /** Cuts off a choice for every need that it does not meet. @returns how many cuts; -1 where work ran out */
  private separate(shares: Float64Array): number {
    this.flow.hide(shares);
    let added = 0;
    for (const need of this.needs) {
      if (this.spent) return -1;
      const { amount, help } = this.flow.furthest(need);
      if (!isEnough(amount, need.amount) && this.cut(help(), need.amount)) added++;
    }
    return added;
  }

  /** The cheapest movements where what a choice hides costs next to nothing, and then no more than it takes. */
  private mend(shares: Float64Array): void {
    if (this.mended++ >= this.limits.mends) return;
    const guided = this.system.places.map((place, p) => ({
      ...place,
      loss: place.loss * (1.01 - shares[p]!),
    }));
    const { hidden } = carry(this.solver, { ...this.system, places: guided }, this.needs);
    const losses = this.system.places.map((p) => p.loss);
    trim(new Watch(this.flow, this.needs), losses, hidden, this.primary);
    if (this.cost(hidden) < this.cost(this.best)) this.best = hidden;
  }

  private cutRelaxation(): void {
    let last = -1;
    let shares: Float64Array | undefined;
    for (let round = 0; round < this.limits.relaxed_rounds && !this.spent; round++) {
      const { status, value, columns } = this.solver.with(this.program(false), (open) => open.solve());
      if (status !== "optimal") break;
      shares = this.sharesOf(columns);
      this.bound = Math.max(this.bound, value);
      if (round % 5 === 4) {
        if (value < last * 1.001) break;
        last = value;
      }
      if (this.separate(shares) <= 0) break;
    }
    if (shares) this.mend(shares);
  }

  /** @returns whether the best is known to be the best */
  private cutWhole(): boolean {
    for (let round = 0; round < this.limits.whole_rounds && !this.spent; round++) {
      const { status, columns, bound, value } = this.solver.solveWhole(this.program(true), {
        nodes: this.limits.nodes,
      });
      if (Number.isFinite(bound)) this.bound = Math.max(this.bound, bound);
      if (this.bound >= this.cost(this.best) * CLOSE) return true;
      if (Number.isNaN(value)) return false;
      const shares = this.sharesOf(Array.from(columns, Math.round));
      const added = this.separate(shares);
      if (added < 0) return false;
      if (added > 0) {
        this.mend(shares);
        continue;
      }
      const hidden = new Set([...shares.keys()].filter((p) => shares[p]! > 0.5));
      if (this.cost(hidden) < this.cost(this.best)) this.best = hidden;
      return status === "optimal";
    }
    return false;
  }
}
