/** The places of a table in a fixed order, and which of them are sums of others. */
import type { TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";

const keyOf = (at: readonly number[]): string => at.join(" ");
const maskOf = (at: readonly number[]): number =>
  at.reduce((mask, level, i) => (level === TOTAL ? mask | (1 << i) : mask), 0);

/** A total and the places that it is the sum of. */
export interface Sum {
  total: number;
  parts: number[];
}

export class Places {
  readonly at: number[][] = [];
  readonly index = new Map<string, number>();
  readonly of: number[] = [];

  constructor(facts: TableFacts) {
    for (const { at } of facts.cells) this.of.push(this.add(at));
  }

  get hasTotals(): boolean {
    return this.at.some((at) => maskOf(at) !== 0);
  }

  private add(at: readonly number[]): number {
    const key = keyOf(at);
    const known = this.index.get(key);
    if (known !== undefined) return known;
    this.index.set(key, this.at.length);
    return this.at.push([...at]) - 1;
  }

  /** The totals that a table with totals would show. */
  addTotals(dimensions: number, down: number): void {
    const inner = this.at.length;
    const all = (1 << dimensions) - 1;
    const rows = (1 << down) - 1;
    // What is summed over one part is that part, which hiding it hides.
    const several = (mask: number) =>
      new Set(this.at.slice(0, inner).map((at) => keyOf(at.filter((_, i) => ((mask >> i) & 1) === 1)))).size >
      1;
    for (const mask of [...new Set([rows, all ^ rows, all])].filter(several))
      for (let p = 0; p < inner; p++)
        if (maskOf(this.at[p]!) === 0)
          this.add(this.at[p]!.map((level, i) => (((mask >> i) & 1) === 1 ? TOTAL : level)));
  }

  /** For each total, the places that it is the sum of; several ways where several kinds of parts are there. */
  sums(): Sum[] {
    const masks = [...new Set(this.at.map(maskOf))];
    const sums: Sum[] = [];
    for (const mask of masks) {
      const within = masks.filter((m) => m !== mask && (m & mask) === m);
      const finest = within.filter((m) => !within.some((o) => o !== m && (m & o) === m));
      for (const part of finest) {
        const parts = new Map<number, number[]>();
        this.at.forEach((at, p) => {
          if (maskOf(at) !== part) return;
          const total = this.index.get(keyOf(at.map((l, i) => (((mask >> i) & 1) === 1 ? TOTAL : l))));
          if (total === undefined) return;
          const list = parts.get(total);
          if (list) list.push(p);
          else parts.set(total, [p]);
        });
        for (const [total, list] of parts) sums.push({ total, parts: list });
      }
    }
    return sums;
  }
}
