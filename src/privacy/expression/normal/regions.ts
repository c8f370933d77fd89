/**
 * Sets of rows as unions of boxes. A box holds a set of values for some dimensions and leaves the others free; a
 * dimension is a column, or a condition that cannot be taken apart and so may be true, false or missing as it likes.
 */
import { EXPRESSION_LIMITS as LIMITS } from "../limits.js";
import { type ColumnSet, isEmpty, isWithin, meetSets, withoutSet } from "./spans.js";

export type Box = ReadonlyMap<string, ColumnSet>;
export type Region = readonly Box[];

export const ALL: Region = [new Map()];
export const NONE: Region = [];

/** Thrown inside, and answered as `undecided`. */
export class TooComplex extends Error {}

/** Work with regions, counted; the sets of free dimensions are looked up, since nothing but a complement needs them. */
export class Regions {
  private steps = 0;

  constructor(private readonly whole: (dimension: string) => ColumnSet) {}

  private step(count = 1): void {
    this.steps += count;
    if (this.steps > LIMITS.steps) throw new TooComplex();
  }

  of(dimension: string, set: ColumnSet): Region {
    const inside = meetSets(set, this.whole(dimension));
    if (isEmpty(inside)) return NONE;
    return isWithin(this.whole(dimension), inside) ? ALL : [new Map([[dimension, inside]])];
  }

  private meetBoxes(a: Box, b: Box): Box | undefined {
    this.step(1 + b.size);
    const box = new Map(a);
    for (const [dimension, set] of b) {
      const own = box.get(dimension);
      this.step(set.spans.length + (own?.spans.length ?? 0));
      const both = own ? meetSets(own, set) : set;
      if (isEmpty(both)) return undefined;
      box.set(dimension, both);
    }
    return box;
  }

  meet(a: Region, b: Region): Region {
    const boxes: Box[] = [];
    for (const x of a) {
      for (const y of b) {
        const both = this.meetBoxes(x, y);
        if (both) boxes.push(both);
        if (boxes.length > LIMITS.boxes) throw new TooComplex();
      }
    }
    return this.tidy(boxes);
  }

  unite(a: Region, b: Region): Region {
    return this.tidy([...a, ...b]);
  }

  /** What is in `a` and in no box of `b`. */
  without(a: Region, b: Region): Region {
    let rest: Region = a;
    for (const box of b) {
      rest = rest.flatMap((x) => this.subtract(x, box));
      if (rest.length > LIMITS.boxes) throw new TooComplex();
    }
    return rest;
  }

  /** `a` without `b`, in disjoint boxes, one a dimension of `b` at most. */
  private subtract(a: Box, b: Box): Box[] {
    if (!this.meetBoxes(a, b)) return [a];
    const pieces: Box[] = [];
    const inner = new Map(a);
    for (const [dimension, set] of b) {
      this.step(1 + set.spans.length);
      const own = inner.get(dimension) ?? this.whole(dimension);
      const outside = withoutSet(own, set);
      if (!isEmpty(outside)) pieces.push(new Map(inner).set(dimension, outside));
      inner.set(dimension, meetSets(own, set));
    }
    return pieces;
  }

  /** Without boxes that lie in others. */
  private tidy(boxes: readonly Box[]): Region {
    if (boxes.length > LIMITS.boxes) throw new TooComplex();
    const kept: Box[] = [];
    for (const box of boxes) {
      if (kept.some((other) => this.isInside(box, other))) continue;
      kept.push(box);
    }
    return kept;
  }

  private isInside(a: Box, b: Box): boolean {
    for (const [dimension, set] of b) {
      this.step(1 + set.spans.length);
      const own = a.get(dimension);
      if (!own || !isWithin(own, set)) return false;
    }
    return true;
  }
}
