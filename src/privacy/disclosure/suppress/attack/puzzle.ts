/**
 * A published table as whoever attacks it sees it: unknowns, and equations that they stand in.
 *
 * Rules: written apart from the suppressor and sharing none of its code, so that a mistake in one shows in the other.
 * Only what is published or assumed to be known goes into it; the true values are used for one thing, to notice a sum
 * that does not add up (units that count in several cells), which then is a bound.
 */
import type { TableFacts } from "../../facts.js";
import { TOTAL } from "../../facts.js";

export interface Unknown {
  /** Index in the facts' cells; -1 for a total that the table does not show. */
  cell: number;
  lower: number;
  upper: number;
  whole: boolean;
}

/** low ≤ Σ factor × unknown ≤ high. */
export interface Equation {
  terms: readonly (readonly [unknown: number, factor: number])[];
  low: number;
  high: number;
}

export interface Puzzle {
  unknowns: readonly Unknown[];
  equations: readonly Equation[];
}

/** The true numbers behind a table, and which are hidden. */
export interface Table {
  facts: TableFacts;
  /** By index in the facts' cells. */
  isHidden(cell: number): boolean;
  /** Totals that the table does not show: known to the attacker unless on fewer units. */
  knownFrom: number;
  down: number;
  digits: number;
}

interface Entry {
  at: readonly number[];
  truth: number;
  unknown: number | undefined;
}

/** What is hidden of one measure that is a count or a sum, or a mean beside its counts. */
export function puzzleOf(table: Table, measure: number): Puzzle {
  return new Reader(table, measure).read();
}

class Reader {
  private readonly unknowns: Unknown[] = [];
  private readonly entries = new Map<string, Entry>();
  private readonly counts: boolean;
  private signed = false;

  constructor(
    private readonly table: Table,
    private readonly measure: number,
  ) {
    const { statistic } = table.facts.measures[measure]!;
    this.counts = statistic === "units" || statistic === "count";
    table.facts.cells.forEach((cell, c) => {
      if (cell.measure !== measure) return;
      const shown = Number(cell.value ?? 0);
      const truth = statistic === "mean" ? shown * (cell.units ?? 0) : shown;
      if (cell.negative || truth < 0) this.signed = true;
      this.enter(cell.at, truth, table.isHidden(c) ? c : undefined);
    });
  }

  private enter(at: readonly number[], truth: number, hidden: number | undefined): void {
    const unknown = hidden === undefined ? undefined : this.unknowns.push(this.unknown(hidden)) - 1;
    this.entries.set(at.join(","), { at, truth, unknown });
  }

  private unknown(cell: number): Unknown {
    const lower = this.signed ? Number.NEGATIVE_INFINITY : 0;
    return { cell, lower, upper: Number.POSITIVE_INFINITY, whole: this.counts };
  }

  read(): Puzzle {
    this.addTotals();
    const sums = this.sums();
    const holds = sums.every(({ parent, parts }) => this.holds(parent, parts));
    const equations = sums.flatMap(({ parent, parts }) =>
      holds ? [this.equality(parent, parts)] : this.inequalities(parent, parts),
    );
    const unknowns = this.signed
      ? this.unknowns.map((u) => ({ ...u, lower: Number.NEGATIVE_INFINITY }))
      : this.unknowns;
    return { unknowns, equations: equations.filter(({ terms }) => terms.length > 0) };
  }

  private addTotals(): void {
    const inner = [...this.entries.values()];
    const { down, facts, knownFrom } = this.table;
    if (inner.some(({ at }) => at.includes(TOTAL))) return;
    const dims = facts.dimensions.map((_, i) => i);
    const totals = [dims.filter((i) => i < down), dims.filter((i) => i >= down), dims];
    for (const summed of totals) {
      if (summed.length === 0) continue;
      const found = new Map<string, { at: number[]; truth: number; units: number }>();
      for (const { at, truth } of inner) {
        const place = at.map((level, i) => (summed.includes(i) ? TOTAL : level));
        const total = found.get(place.join(",")) ?? { at: place, truth: 0, units: 0 };
        total.truth += truth;
        total.units += this.unitsAt(at);
        found.set(place.join(","), total);
      }
      // The total of one part is that part.
      if (found.size === inner.length) continue;
      for (const [key, { at, truth, units }] of found)
        if (!this.entries.has(key)) this.enter(at, truth, units > 0 && units < knownFrom ? -1 : undefined);
    }
  }

  private units: Map<string, number> | undefined;
  private unitsAt(at: readonly number[]): number {
    if (this.units === undefined) {
      this.units = new Map();
      for (const cell of this.table.facts.cells) {
        const key = cell.at.join(",");
        this.units.set(key, Math.max(this.units.get(key) ?? 0, cell.units ?? 0));
      }
    }
    return this.units.get(at.join(",")) ?? 0;
  }

  /** Every total with the finer entries that it is the sum of, once for each kind of finer entry. */
  private sums(): { parent: Entry; parts: Entry[] }[] {
    const kinds = new Map<string, Entry[]>();
    for (const entry of this.entries.values()) {
      const kind = entry.at.map((level) => (level === TOTAL ? "T" : "-")).join("");
      kinds.set(kind, [...(kinds.get(kind) ?? []), entry]);
    }
    const sums: { parent: Entry; parts: Entry[] }[] = [];
    for (const [coarse, parents] of kinds)
      for (const [fine, parts] of kinds) {
        const finer = coarse !== fine && [...coarse].every((t, i) => t === "T" || fine[i] === "-");
        if (!finer) continue;
        const grouped = new Map<string, Entry[]>();
        for (const part of parts) {
          const key = part.at.map((level, i) => (coarse[i] === "T" ? TOTAL : level)).join(",");
          grouped.set(key, [...(grouped.get(key) ?? []), part]);
        }
        for (const parent of parents) sums.push({ parent, parts: grouped.get(parent.at.join(",")) ?? [] });
      }
    return sums;
  }

  private slack(parent: Entry, parts: readonly Entry[]): number {
    const { digits } = this.table;
    return [parent, ...parts].reduce((sum, { truth }) => {
      const size = Math.abs(truth);
      const exact = this.counts && size < 10 ** digits;
      return sum + (exact ? 0 : size * 10 ** (1 - digits) + 1e-9);
    }, 0);
  }

  private holds(parent: Entry, parts: readonly Entry[]): boolean {
    const sum = parts.reduce((s, { truth }) => s + truth, 0);
    return Math.abs(sum - parent.truth) <= this.slack(parent, parts);
  }

  private equality(parent: Entry, parts: readonly Entry[]): Equation {
    return equation([[parent, -1], ...parts.map((p) => [p, 1] as const)], 0, this.slack(parent, parts));
  }

  private inequalities(parent: Entry, parts: readonly Entry[]): Equation[] {
    const atLeast = (terms: (readonly [Entry, number])[]): Equation => ({
      ...equation(terms, 0, 0),
      high: Number.POSITIVE_INFINITY,
    });
    return [
      atLeast([[parent, -1], ...parts.map((p) => [p, 1] as const)]),
      ...parts.map((p) =>
        atLeast([
          [parent, 1],
          [p, -1],
        ]),
      ),
    ];
  }
}

/** What is known goes to the right. */
function equation(terms: readonly (readonly [Entry, number])[], equals: number, slack: number): Equation {
  const known = terms.reduce((s, [{ truth, unknown }, f]) => (unknown === undefined ? s + f * truth : s), 0);
  return {
    terms: terms.flatMap(([{ unknown }, f]) => (unknown === undefined ? [] : [[unknown, f] as const])),
    low: equals - known - slack,
    high: equals - known + slack,
  };
}
