/**
 * The joint cells ("atoms") of several tables, as an attacker may think of them who knows the tables' descriptions: every
 * combination of their cells that the descriptions allow, empty ones too, with the true units of each. Pure.
 *
 * Which combinations are empty is not public unless descriptions say so; an attacker who were given that would seem to know
 * more than anyone does, and nearly everything would look pinned.
 */
import type { ExpressionColumns } from "../../expression/index.js";
import type { Side } from "./algebra.js";
import { cellCondition, leavesOut, relateRows, whereOf } from "./conditions.js";
import { pairsOf } from "./meet.js";
import { classCount } from "./unit-sets.js";

export interface AtomTable extends Side {
  columns: ExpressionColumns;
}

export interface Atom {
  /** Class by table, 0 being outside of it. */
  classes: number[];
  units: number;
}

/** Beyond so many the work is not done. */
export const MAX_ATOMS = 2_500;
const MAX_RELATED = 20_000;

/** Pairs of descriptions that were compared, over all that one judgement does. */
export class Compatibility {
  private looked = 0;
  private readonly known = new Map<string, boolean[][]>();

  /** Whether a row can be in class i of the one and class k of the other, by description or because one is. */
  of(a: AtomTable, b: AtomTable): boolean[][] {
    const key = `${a.table.id} ${b.table.id}`;
    const known = this.known.get(key);
    if (known) return known;
    const made = this.make(a, b);
    this.known.set(key, made);
    return made;
  }

  private make(a: AtomTable, b: AtomTable): boolean[][] {
    const allowed = Array.from({ length: classCount(a.spread.units) + 1 }, (_, i) =>
      Array.from({ length: classCount(b.spread.units) + 1 }, (_, k) => i > 0 || k > 0),
    );
    const there = pairsOf(a.spread.units, b.spread.units);
    const isThere = new Set<number>();
    const width = classCount(b.spread.units) + 1;
    for (let p = 0; p < there.units.length; p++)
      isThere.add((there.first[p] as number) * width + (there.second[p] as number));
    const [inA, inB] = [conditions(a), conditions(b)];
    const [wholeA, wholeB] = [wholeOf(a), wholeOf(b)];
    for (let i = 0; i < allowed.length; i++)
      for (let k = 0; k < width; k++) {
        if (isThere.has(i * width + k) || (i === 0 && k === 0)) continue;
        (allowed[i] as boolean[])[k] = this.isPossible(inA[i], inB[k], wholeA, wholeB);
      }
    return allowed;
  }

  private isPossible(a: Rows | undefined, b: Rows | undefined, wholeA?: Rows, wholeB?: Rows): boolean {
    if (++this.looked > MAX_RELATED) return true;
    if (a && b) return relateRows(a, b).disjoint !== "yes";
    // Outside of the one: not where all rows of the other's cell are rows of it.
    if (a) return wholeB === undefined || relateRows(a, wholeB).first_in_second !== "yes";
    if (b) return wholeA === undefined || relateRows(b, wholeA).first_in_second !== "yes";
    return false;
  }
}

type Rows = Parameters<typeof relateRows>[0];

/** By class; class 0, outside of the table, has none. */
function conditions({ table, spread, columns }: AtomTable): (Rows | undefined)[] {
  const cells = spread.units.cells.map(({ keys }) => ({
    where: cellCondition(table.claim, keys, columns),
    columns,
  }));
  return [undefined, ...cells];
}

/** All rows of a table, where its filter says so. */
function wholeOf({ table, columns }: AtomTable): Rows | undefined {
  return leavesOut(table.claim, columns) ? undefined : { where: whereOf(table.claim), columns };
}

/** Tables must be of units with one row. @returns undefined where there are more than are worked on */
export function atomsOf(tables: readonly AtomTable[], compatibility: Compatibility): Atom[] | undefined {
  let partial: number[][] = [[]];
  for (const [t, table] of tables.entries()) {
    const size = classCount(table.spread.units) + 1;
    const next: number[][] = [];
    for (const classes of partial)
      for (let k = 0; k < size; k++) {
        const fits = classes.every((c, s) =>
          c === 0 && k === 0 ? true : compatibility.of(tables[s] as AtomTable, table)[c]?.[k],
        );
        if (!fits) continue;
        next.push([...classes, k]);
        if (next.length > MAX_ATOMS) return undefined;
      }
    partial = next;
    if (t === tables.length - 1) break;
  }
  const units = jointUnits(tables);
  return partial
    .filter((classes) => classes.some((c) => c > 0))
    .map((classes) => ({ classes, units: units.get(classes.join(" ")) ?? 0 }));
}

function jointUnits(tables: readonly AtomTable[]): Map<string, number> {
  const arrays = tables.map((t) => t.spread.units.of);
  const sizes = tables.map((t) => classCount(t.spread.units) + 1);
  const counts = new Map<number, number>();
  const longest = Math.max(...arrays.map((a) => a.length));
  for (let u = 0; u < longest; u++) {
    let key = 0;
    for (let t = 0; t < arrays.length; t++) key = key * (sizes[t] as number) + (arrays[t]?.[u] ?? 0);
    if (key !== 0) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map([...counts].map(([key, n]) => [unpack(key, sizes).join(" "), n]));
}

function unpack(key: number, sizes: readonly number[]): number[] {
  const classes: number[] = [];
  let rest = key;
  for (const size of [...sizes].reverse()) {
    classes.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return classes;
}
