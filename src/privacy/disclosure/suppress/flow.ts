/**
 * The suppressor's own view of an attacker: how far a number can move if a given set of places is hidden.
 *
 * A movement keeps every sum as it is and moves hidden numbers within what is known of them. The linear program stands
 * on deviations of all numbers, bounded by whether their place is hidden, so that its dual says what hiding would help
 * (cuts.ts). What is proven to a reader is proven elsewhere (attack/), by code that shares nothing with this.
 */
import type { OpenProgram, Solver } from "./solver.js";
import { type Need, type System, slackFor } from "./system.js";

/** How far a number may move at most, as far as needs go: further than every need is as good as without a bound. */
export function reachOf(system: System): number {
  const amounts = system.sensitive.flatMap(({ below, above }) => [below, above]);
  return 4 * Math.max(1, ...amounts);
}

export interface Room {
  down: Float64Array;
  up: Float64Array;
}

export function roomOf(system: System): Room {
  const reach = reachOf(system);
  return {
    down: Float64Array.from(system.numbers, ({ value, lower }) => Math.min(reach, value - lower)),
    up: Float64Array.from(system.numbers, ({ value, upper }) => Math.min(reach, upper - value)),
  };
}

/** Each relation says how far its sum may deviate: not at all where it is an equality. */
export function deviationRows(system: System) {
  return system.relations.map(({ numbers, factors, low, high }) => {
    const now = numbers.reduce((sum, n, i) => sum + factors[i]! * system.numbers[n]!.value, 0);
    // A relation holds for the true values; what it seems to lack is rounding.
    return { columns: numbers, factors, low: Math.min(0, low - now), high: Math.max(0, high - now) };
  });
}

/** `share`: by place, how far it is hidden: 0 shown, 1 hidden, between them in a relaxation. */
export class Flow {
  private readonly share: Float64Array;
  private readonly rows: readonly { low: number; high: number }[];
  readonly room: Room;

  private constructor(
    readonly system: System,
    private readonly open: OpenProgram,
    rows: readonly { low: number; high: number }[],
    room: Room,
  ) {
    this.share = new Float64Array(system.places.length);
    this.rows = rows;
    this.room = room;
  }

  static use<T>(solver: Solver, system: System, use: (flow: Flow) => T): T {
    const rows = deviationRows(system);
    const zeros = new Float64Array(system.numbers.length);
    return solver.with({ cost: zeros, low: zeros, high: zeros, rows }, (open) =>
      use(new Flow(system, open, rows, roomOf(system))),
    );
  }

  /** Sets how far places are hidden; only what changed is changed. */
  hide(share: ArrayLike<number>): void {
    const { numbers } = this.system;
    for (let n = 0; n < numbers.length; n++) {
      const place = numbers[n]!.place;
      if (this.share[place] === share[place]) continue;
      const x = share[place]!;
      this.open.bounds(n, -this.room.down[n]! * x, this.room.up[n]! * x);
    }
    for (let p = 0; p < this.share.length; p++) this.share[p] = share[p]!;
  }

  /** The furthest movement of one number, and what would let it go further. */
  furthest({ number, direction }: Pick<Need, "number" | "direction">): Furthest {
    this.open.cost(number, -direction);
    const solved = this.open.solve();
    this.open.cost(number, 0);
    if (solved.status !== "optimal") throw new Error("a movement of nothing is always possible");
    const moves = solved.columns;
    return {
      amount: direction * moves[number]!,
      moves,
      help: () => this.help(solved.columnDuals, solved.rowDuals),
    };
  }

  /** From the duals: amount ≤ constant + Σ by[place] × share, for whatever shares. */
  private help(columnDuals: Float64Array, rowDuals: Float64Array): Help {
    const by = new Map<number, number>();
    let constant = 0;
    rowDuals.forEach((dual, r) => {
      const { low, high } = this.rows[r]!;
      const bound = dual > 0 ? low : high;
      if (bound !== 0 && dual !== 0) constant -= dual * bound;
    });
    columnDuals.forEach((dual, n) => {
      if (Math.abs(dual) < 1e-9) return;
      const room = dual > 0 ? this.room.down[n]! : this.room.up[n]!;
      const place = this.system.numbers[n]!.place;
      const more = Math.abs(dual) * room;
      if (more > 0) by.set(place, (by.get(place) ?? 0) + more);
    });
    return { constant, by };
  }
}

export interface Help {
  constant: number;
  by: ReadonlyMap<number, number>;
}

export interface Furthest {
  amount: number;
  /** By number: a movement that goes so far. */
  moves: Float64Array;
  help(): Help;
}

export const isEnough = (amount: number, need: number): boolean => amount >= need - slackFor(need);
