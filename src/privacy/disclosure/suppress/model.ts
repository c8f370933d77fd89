/**
 * From the facts of a table to the system that its numbers form: places, sums, and what everybody knows.
 *
 * Rules: a margin is the sum of its parts wherever parts and margin stand in the table, or would stand there with
 * totals: whoever reads a table without totals may know them from elsewhere, unless they are small themselves. Where
 * units may count in several cells, a total is at most its parts together and at least each of them. What is no sum
 * (a median, a spread) is no part of the system: see protect.ts.
 */
import type { TableCell, TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";
import { Places, type Sum } from "./places.js";
import type { Place, Relation, Sensitive, System, SystemNumber } from "./system.js";

/** What must stay uncertain of one cell: by its index in `facts.cells`. */
export interface CellNeed {
  cell: number;
  below: number;
  above: number;
}

export interface TableModel {
  system: System;
  /** Place of a cell of the facts, by its index. */
  placeOf: readonly number[];
  /** Places that the facts have; others are totals that the table does not show. */
  shown: number;
  /** Parts of each place that is a total: places. */
  partsOf: ReadonlyMap<number, readonly number[]>;
  /** Measures that add up, whose numbers are in the system. */
  additive: ReadonlySet<number>;
}

export interface ModelInput {
  facts: TableFacts;
  /** How many of the dimensions go down the rows. */
  down: number;
  threshold: number;
  /** Digits to which numbers were rounded. */
  digits: number;
  needs: readonly CellNeed[];
}

export function modelOf(input: ModelInput): TableModel {
  const { facts, down, threshold } = input;
  const places = new Places(facts);
  const shown = places.at.length;
  const hasTotals = places.hasTotals;
  if (!hasTotals && facts.dimensions.length > 0) places.addTotals(facts.dimensions.length, down);
  const sums = places.sums();
  const numbers = new Numbers(input, places, sums);
  const smallTotals = numbers.unknownTotals(shown, threshold);
  const sensitive = input.needs.flatMap(({ cell, below, above }): Sensitive[] => {
    const number = numbers.numberOf.get(cell);
    return number === undefined ? [] : [{ number, below, above }];
  });
  const primary = new Set([...input.needs.map(({ cell }) => places.of[cell]!), ...smallTotals]);
  const system: System = {
    numbers: numbers.numbers,
    places: places.at.map((at, p) => placeAt(numbers.unitsOf, p, shown, at, facts)),
    relations: [...numbers.relations(), ...numbers.orders()],
    sensitive,
    primary: [...primary].sort((a, b) => a - b),
  };
  return {
    system,
    placeOf: places.of,
    shown,
    partsOf: new Map(sums.map(({ total, parts }) => [total, parts])),
    additive: numbers.additive,
  };
}

/** A cell is lost, and what it counts: in cells of middling size. */
function placeAt(
  unitsOf: readonly number[],
  p: number,
  shown: number,
  at: readonly number[],
  facts: TableFacts,
): Place {
  const middling = meanUnits(unitsOf, shown);
  const place = at.map((level, i) => (level === TOTAL ? facts.dimensions[i]!.levels.length : level));
  if (p >= shown) return { loss: 0, hideable: false, at: place };
  return { loss: Math.round((1 + unitsOf[p]! / middling) * 1000) / 1000, hideable: true, at: place };
}

const means = new WeakMap<readonly number[], number>();
function meanUnits(unitsOf: readonly number[], shown: number): number {
  const known = means.get(unitsOf);
  if (known !== undefined) return known;
  const filled = unitsOf.slice(0, shown).filter((u) => u > 0);
  const mean = Math.max(1, filled.reduce((a, b) => a + b, 0) / Math.max(1, filled.length));
  means.set(unitsOf, mean);
  return mean;
}

class Numbers {
  readonly numbers: SystemNumber[] = [];
  /** By index in `facts.cells`. */
  readonly numberOf = new Map<number, number>();
  readonly additive = new Set<number>();
  /** By place: distinct units, or the sum of its parts' where the table does not show it. */
  readonly unitsOf: number[];
  /** By measure and place. */
  private readonly at: Map<number, number>[];
  private readonly exact = new Set<number>();

  constructor(
    private readonly input: ModelInput,
    private readonly places: Places,
    private readonly sums: readonly Sum[],
  ) {
    const { facts } = input;
    this.unitsOf = this.units();
    this.at = facts.measures.map(() => new Map<number, number>());
    for (const m of facts.measures.keys()) this.enter(m);
  }

  private units(): number[] {
    const { facts } = this.input;
    const units = this.places.at.map(() => -1);
    facts.cells.forEach((cell, c) => {
      const place = this.places.of[c]!;
      units[place] = Math.max(units[place]!, cell.units ?? 0);
    });
    for (const { total, parts } of this.sums)
      if (units[total] === -1) units[total] = parts.reduce((sum, p) => sum + units[p]!, 0);
    return units;
  }

  /** The numbers of a measure, where they are counts or add up. */
  private enter(m: number): void {
    const { facts } = this.input;
    const { statistic } = facts.measures[m]!;
    const counts = statistic === "units" || statistic === "count";
    if (!counts && statistic !== "sum" && statistic !== "mean") return;
    const values = new Map<number, number>();
    const cellOf = new Map<number, number>();
    let negative = false;
    facts.cells.forEach((cell, c) => {
      if (cell.measure !== m) return;
      values.set(this.places.of[c]!, numberIn(cell, statistic));
      cellOf.set(this.places.of[c]!, c);
      negative ||= cell.negative === true || Number(cell.value ?? 0) < 0;
    });
    for (const { total, parts } of this.sums)
      if (!values.has(total))
        values.set(
          total,
          parts.reduce((sum, p) => sum + (values.get(p) ?? 0), 0),
        );
    const exact = this.addsUp(values, statistic === "mean" || statistic === "sum");
    if (!exact && !counts) return;
    if (exact) this.exact.add(m);
    this.additive.add(m);
    for (const [place, value] of values) {
      const cell = cellOf.get(place);
      if (cell !== undefined) this.numberOf.set(cell, this.numbers.length);
      this.at[m]!.set(place, this.numbers.length);
      const lower = negative ? Number.NEGATIVE_INFINITY : 0;
      this.numbers.push({ place, value, lower, upper: Number.POSITIVE_INFINITY, whole: counts });
    }
  }

  private addsUp(values: ReadonlyMap<number, number>, decimal: boolean): boolean {
    return this.sums.every(({ total, parts }) => {
      const sum = parts.reduce((s, p) => s + (values.get(p) ?? 0), 0);
      return Math.abs(sum - (values.get(total) ?? 0)) <= this.rounding(values, total, parts, decimal);
    });
  }

  /** How far rounding may have moved a sum and its parts from each other. */
  private rounding(
    values: ReadonlyMap<number, number>,
    total: number,
    parts: readonly number[],
    decimal: boolean,
  ): number {
    const one = (value: number) => {
      const size = Math.abs(value);
      return !decimal && size < 10 ** this.input.digits ? 0 : size * 10 ** (1 - this.input.digits);
    };
    return [total, ...parts].reduce((sum, p) => sum + one(values.get(p) ?? 0), 0) + (decimal ? 1e-9 : 0);
  }

  relations(): Relation[] {
    return [...this.additive].flatMap((m) => {
      const at = this.at[m]!;
      const { statistic } = this.input.facts.measures[m]!;
      const decimal = statistic === "sum" || statistic === "mean";
      const values = new Map([...at].map(([place, n]) => [place, this.numbers[n]!.value]));
      return this.sums.flatMap(({ total, parts }): Relation[] => {
        const numbers = [at.get(total)!, ...parts.map((p) => at.get(p)!)];
        if (numbers.some((n) => n === undefined)) return [];
        const factors = [-1, ...parts.map(() => 1)];
        if (this.exact.has(m)) {
          const off = this.rounding(values, total, parts, decimal);
          return [{ numbers, factors, low: -off, high: off }];
        }
        const each = numbers.slice(1).map(
          (part): Relation => ({
            numbers: [numbers[0]!, part],
            factors: [1, -1],
            low: 0,
            high: Number.POSITIVE_INFINITY,
          }),
        );
        return [{ numbers, factors, low: 0, high: Number.POSITIVE_INFINITY }, ...each];
      });
    });
  }

  /** Units are at most rows, and those with a value at most all, in the same place. */
  orders(): Relation[] {
    const { measures } = this.input.facts;
    const units = measures.findIndex((m) => m.statistic === "units");
    const counts = measures.flatMap((m, i) => (m.statistic === "count" && m.of === undefined ? [i] : []));
    const orders: Relation[] = [];
    for (const count of counts)
      for (const [place, rows] of this.at[count]!) {
        const own = units < 0 ? undefined : this.at[units]!.get(place);
        if (own === undefined || this.numbers[rows]!.value < this.numbers[own]!.value) continue;
        orders.push({ numbers: [rows, own], factors: [1, -1], low: 0, high: Number.POSITIVE_INFINITY });
      }
    return orders;
  }

  /** Totals that the table does not show and that are small themselves: nobody ever sees them. */
  unknownTotals(shown: number, threshold: number): number[] {
    return this.unitsOf.flatMap((units, p) => (p >= shown && units > 0 && units < threshold ? [p] : []));
  }
}

function numberIn(cell: TableCell, statistic: string): number {
  const value = Number(cell.value ?? 0);
  // A mean beside its count tells the sum.
  return statistic === "mean" ? value * (cell.units ?? 0) : value;
}
