/** Which needs a set of hidden places meets: each kept with a movement that shows it, so that few are looked for again. */
import { type Flow, isEnough } from "./flow.js";
import type { Need } from "./system.js";

export class Watch {
  /** By need: a movement that meets it, shared by those that one movement meets. */
  private readonly shown: (Float64Array | undefined)[];

  constructor(
    private readonly flow: Flow,
    readonly needs: readonly Need[],
  ) {
    this.shown = needs.map(() => undefined);
  }

  /** The needs that these hidden places do not meet; all of them, or the first. */
  unmet(hidden: ReadonlySet<number>, first = false): Need[] {
    this.set(hidden);
    const found: Need[] = [];
    for (const [i, need] of this.needs.entries()) {
      if (this.stillShown(i, hidden)) continue;
      const { amount, moves } = this.flow.furthest(need);
      if (isEnough(amount, need.amount)) this.learn(moves);
      else {
        this.shown[i] = undefined;
        found.push(need);
        if (first) break;
      }
    }
    return found;
  }

  /** What a movement shows, it shows for every need that it meets. */
  private learn(moves: Float64Array): void {
    const kept = moves.slice();
    for (const [i, { number, direction, amount }] of this.needs.entries())
      if (isEnough(direction * kept[number]!, amount)) this.shown[i] = kept;
  }

  private readonly tested = new Map<Float64Array, boolean>();
  private testedFor: ReadonlySet<number> | undefined;

  private set(hidden: ReadonlySet<number>): void {
    const { places } = this.flow.system;
    this.flow.hide(Float64Array.from(places, (_, p) => (hidden.has(p) ? 1 : 0)));
    this.tested.clear();
    this.testedFor = hidden;
  }

  private stillShown(i: number, hidden: ReadonlySet<number>): boolean {
    const moves = this.shown[i];
    if (moves === undefined) return false;
    let holds = this.tested.get(moves);
    if (holds === undefined || this.testedFor !== hidden) {
      const { numbers } = this.flow.system;
      holds = numbers.every(({ place }, n) => Math.abs(moves[n]!) < 1e-7 || hidden.has(place));
      this.tested.set(moves, holds);
    }
    return holds;
  }
}

/** Shows again, dearest first, what needs no hiding. The order is fixed, so the outcome is too. */
export function trim(
  watch: Watch,
  losses: readonly number[],
  hidden: Set<number>,
  keep: ReadonlySet<number>,
): void {
  const order = [...hidden].filter((p) => !keep.has(p)).sort((a, b) => losses[b]! - losses[a]! || a - b);
  for (const place of order) {
    hidden.delete(place);
    if (watch.unmet(new Set(hidden), true).length > 0) hidden.add(place);
  }
}
