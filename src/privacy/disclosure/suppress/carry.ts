/**
 * The cheapest movement that meets a need, one need after another: what it moves is hidden.
 *
 * Hiding costs by how far a number is moved in place of whether it is moved, which a linear program can minimise. What
 * is hidden already moves for nothing. Works for any system.
 * Source: Kelly, Golden and Assad, Cell suppression: disclosure protection for sensitive tabular data, Networks 22
 * (1992) 397–417; as a starting heuristic in Fischetti and Salazar-González 2001, 4.3.
 */
import { deviationRows, isEnough, roomOf } from "./flow.js";
import type { LinearProgram, OpenProgram, Solver } from "./solver.js";
import type { Need, System } from "./system.js";

export interface Carried {
  hidden: Set<number>;
  /** Needs that hiding everything would not meet. */
  impossible: Need[];
}

export function carry(solver: Solver, system: System, needs: readonly Need[]): Carried {
  const carrier = new Carrier(system, needs);
  return solver.with(carrier.program(), (open) => carrier.run(open));
}

/** Columns: by number its movement upwards, then by number its movement downwards. */
class Carrier {
  private readonly hidden: Set<number>;
  private readonly room;
  private readonly high: Float64Array;
  private readonly numbersOf: number[][];
  private readonly size: number;

  constructor(
    private readonly system: System,
    private readonly needs: readonly Need[],
  ) {
    const { numbers, places, primary } = system;
    this.size = numbers.length;
    this.hidden = new Set(primary);
    this.room = roomOf(system);
    this.high = new Float64Array(2 * this.size);
    this.numbersOf = places.map(() => []);
    for (const [n, { place }] of numbers.entries()) {
      this.numbersOf[place]!.push(n);
      if (!this.hidden.has(place) && !places[place]!.hideable) continue;
      this.high[n] = this.room.up[n]!;
      this.high[this.size + n] = this.room.down[n]!;
    }
  }

  program(): LinearProgram {
    const cost = new Float64Array(2 * this.size);
    for (let n = 0; n < this.size; n++) {
      cost[n] = this.price(n, this.room.up[n]!);
      cost[this.size + n] = this.price(n, this.room.down[n]!);
    }
    const rows = deviationRows(this.system).map(({ columns, factors, low, high }) => ({
      low,
      high,
      columns: [...columns, ...columns.map((n) => n + this.size)],
      factors: [...factors, ...factors.map((f) => -f)],
    }));
    return { cost, low: new Float64Array(2 * this.size), high: this.high, rows };
  }

  /** For a step of one: the whole loss, once it is moved as far as it goes. */
  private price(n: number, room: number): number {
    const { place } = this.system.numbers[n]!;
    if (this.hidden.has(place)) return 0;
    // Even what costs nothing is hidden for a reason only.
    return (this.system.places[place]!.loss + 1e-3) / Math.max(room, 1e-3);
  }

  run(open: OpenProgram): Carried {
    const impossible: Need[] = [];
    const met = new Set<Need>();
    for (const need of this.needs) {
      if (met.has(need)) continue;
      const moves = this.cheapest(open, need);
      if (moves === undefined) {
        impossible.push(need);
        continue;
      }
      this.hide(open, moves);
      for (const other of this.needs)
        if (isEnough(other.direction * moves[other.number]!, other.amount)) met.add(other);
    }
    return { hidden: this.hidden, impossible };
  }

  /** By number; undefined where nothing meets the need. */
  private cheapest(open: OpenProgram, { number, direction, amount }: Need): Float64Array | undefined {
    const [up, down] = [number, this.size + number];
    const [along, against] = direction > 0 ? [up, down] : [down, up];
    open.bounds(along, amount, Math.max(amount, this.high[along]!));
    open.bounds(against, 0, 0);
    const { status, columns } = open.solve();
    open.bounds(along, 0, this.high[along]!);
    open.bounds(against, 0, this.high[against]!);
    if (status !== "optimal") return undefined;
    return columns.slice(0, this.size).map((moved, n) => moved - columns[this.size + n]!);
  }

  private hide(open: OpenProgram, moves: Float64Array): void {
    for (const [n, moved] of moves.entries()) {
      const { place } = this.system.numbers[n]!;
      if (Math.abs(moved) < 1e-7 || this.hidden.has(place)) continue;
      this.hidden.add(place);
      for (const own of this.numbersOf[place]!)
        for (const column of [own, this.size + own]) open.cost(column, 0);
    }
  }
}
