/**
 * How the rows that two conditions keep lie to each other, from the conditions alone: over every row that the
 * columns' types allow, never over data. `yes` always holds. `no` means that the types allow a row against it.
 * Where a condition cannot be taken apart, or the work exceeds its limits, the answer is `undecided`.
 */
import type { Columns } from "../columns.js";
import type { Expr } from "../expr.js";
import { type Region, TooComplex } from "./regions.js";
import { Truths } from "./truth.js";

export type Decision = "yes" | "no" | "undecided";

export interface Relation {
  relation: "equal" | "subset" | "superset" | "disjoint" | "overlap" | "undecided";
  /** Every row of the first is one of the second. */
  first_in_second: Decision;
  second_in_first: Decision;
  disjoint: Decision;
}

const UNDECIDED: Relation = {
  relation: "undecided",
  first_in_second: "undecided",
  second_in_first: "undecided",
  disjoint: "undecided",
};

/** A box that binds columns only is there whatever the other conditions turn out to be. */
function isEmpty(region: Region): Decision {
  if (region.length === 0) return "yes";
  return region.some((box) => [...box.keys()].every(Truths.isColumn)) ? "no" : "undecided";
}

function named(first: Decision, second: Decision, disjoint: Decision): Relation["relation"] {
  if (first === "yes" && second === "yes") return "equal";
  if (disjoint === "yes") return "disjoint";
  if (first === "yes" && second === "no") return "subset";
  if (second === "yes" && first === "no") return "superset";
  return first === "no" && second === "no" && disjoint === "no" ? "overlap" : "undecided";
}

/** Both conditions checked, over the same columns. An empty one is disjoint from all, and in all. */
export function relate(first: Expr, second: Expr, columns: Columns): Relation {
  const truths = new Truths(columns);
  try {
    const [a, b] = [truths.of(first).yes, truths.of(second).yes];
    const inSecond = isEmpty(truths.regions.without(a, b));
    const inFirst = isEmpty(truths.regions.without(b, a));
    const disjoint = isEmpty(truths.regions.meet(a, b));
    return {
      relation: named(inSecond, inFirst, disjoint),
      first_in_second: inSecond,
      second_in_first: inFirst,
      disjoint,
    };
  } catch (error) {
    if (error instanceof TooComplex) return UNDECIDED;
    throw error;
  }
}

/** Whether no row that the types allow is kept. */
export function isNever(where: Expr, columns: Columns): Decision {
  const truths = new Truths(columns);
  try {
    return isEmpty(truths.of(where).yes);
  } catch (error) {
    if (error instanceof TooComplex) return "undecided";
    throw error;
  }
}
