/**
 * An attacker with a linear program: what the counts that are told leave open about each small atom. Pure but for the solver,
 * which is passed in.
 *
 * The attacker knows every shown count (between bounds where it is rounded), that no atom has less than zero, and which atoms
 * descriptions allow. An atom of some and fewer than `threshold` units is pinned when the most that it can have lies below
 * the threshold: then the attacker knows that few units are in it. Where a count is rounded, the attacker must also know that
 * it is not empty. Counts are whole numbers, but the attacker works with real ones; what whole numbers alone would pin is
 * not seen.
 *
 * One solution shows for many atoms at once that they can be large, so that few programs are solved: each makes as many of
 * those not yet shown as large as it can, up to the threshold.
 */
import type { Atom, AtomTable } from "./atoms.js";
import type { ToldSet } from "./told.js";

export interface LpSolution {
  /** Whether it is optimal; anything else proves nothing. */
  optimal: boolean;
  objective: number;
  /** By variable. */
  values: ReadonlyMap<string, number>;
}

/** @param problem in CPLEX LP form */
export type SolveLp = (problem: string, seconds: number) => LpSolution;

export interface Attack {
  /** Atoms that the counts of all tables pin, and those of the earlier tables alone do not. */
  pinned: { atom: Atom; most: number }[];
  /** Small atoms of which it was not shown in the time there was that they are unknown, or known from before. */
  open: number;
  small: number;
}

const EPSILON = 1e-6;

interface Constraint {
  atoms: number[];
  low: number;
  high: number;
}

export interface AttackInput {
  /** The new table first. */
  tables: readonly AtomTable[];
  atoms: readonly Atom[];
  threshold: number;
  solve: SolveLp;
  /** Milliseconds left, of this thread's own time. */
  left(): number;
}

export function attack({ tables, atoms, threshold, solve, left }: AttackInput): Attack {
  const all = constraintsOf(tables, atoms);
  const published = new Set(all.filter((c) => c.atoms.length === 1).map((c) => c.atoms[0] as number));
  const small = atoms.flatMap((a, i) => (a.units > 0 && a.units < threshold && !published.has(i) ? [i] : []));
  const earlier = constraintsOf(tables, atoms, 1);
  const work = { atoms, threshold, solve, left };
  const now = largest(all, small, work);
  // What the earlier tables pin by themselves is not this table's doing.
  const before = largest(
    earlier,
    now.pinned.map((p) => p.index),
    work,
  );
  const already = new Set(before.pinned.map((p) => p.index));
  // Of these it is not known whose doing they are.
  const whose = new Set(before.open);
  return {
    pinned: now.pinned
      .filter(({ index }) => !already.has(index) && !whose.has(index))
      .map((p) => ({ atom: atoms[p.index] as Atom, most: p.most })),
    open: now.open.length + whose.size,
    small: small.length,
  };
}

function constraintsOf(tables: readonly AtomTable[], atoms: readonly Atom[], from = 0): Constraint[] {
  const seen = new Map<string, Constraint>();
  tables.slice(from).forEach(({ spread }, t) => {
    for (const set of spread.sets) {
      if (set.count === undefined || set.bit !== null) continue;
      const members = atoms.flatMap((a, i) => (isIn(set, a.classes[t + from] ?? 0) ? [i] : []));
      const key = members.join(" ");
      const before = seen.get(key);
      seen.set(key, {
        atoms: members,
        low: Math.max(before?.low ?? 0, set.count.low),
        high: Math.min(before?.high ?? Number.POSITIVE_INFINITY, set.count.high),
      });
    }
  });
  return [...seen.values()].filter((c) => c.atoms.length > 0);
}

const isIn = (set: ToldSet, of: number): boolean => of > 0 && set.classes[of - 1] === 1;

type Work = Pick<AttackInput, "atoms" | "threshold" | "solve" | "left">;

function largest(
  constraints: readonly Constraint[],
  asked: readonly number[],
  { atoms, threshold, solve, left }: Work,
): { pinned: { index: number; most: number }[]; open: number[] } {
  let open = [...asked];
  const pinned: { index: number; most: number }[] = [];
  const seconds = () => Math.max(0.05, left() / 1000);
  while (open.length > 1 && left() > 0) {
    const solution = solve(problemOf(constraints, atoms.length, open, threshold), seconds());
    if (!solution.optimal) break;
    const rest = open.filter((i) => (solution.values.get(`x${i}`) ?? 0) < threshold - EPSILON);
    if (rest.length === open.length) break;
    open = rest;
  }
  const undecided: number[] = [];
  const isRounded = constraints.some(({ low, high }) => low < high);
  for (const index of open) {
    if (left() <= 0) {
      undecided.push(index);
      continue;
    }
    const most = solve(problemOf(constraints, atoms.length, [index], threshold), seconds());
    if (!most.optimal) undecided.push(index);
    if (!most.optimal || most.objective >= threshold - EPSILON) continue;
    const least = isRounded ? solve(leastOf(constraints, atoms.length, index), seconds()) : undefined;
    if (least && !least.optimal) undecided.push(index);
    else if (!least || least.objective > EPSILON) pinned.push({ index, most: most.objective });
  }
  return { pinned, open: undecided };
}

/** Makes the asked atoms large, each counting up to the threshold. */
function problemOf(
  constraints: readonly Constraint[],
  count: number,
  asked: readonly number[],
  threshold: number,
): string {
  return [
    `Maximize\n obj: ${sum(asked.map((i) => `y${i}`))}`,
    "Subject To",
    ...constraints.map(constraintText),
    ...asked.map((i) => ` y${i}c: y${i} - x${i} <= 0`),
    "Bounds",
    ...asked.map((i) => ` 0 <= y${i} <= ${threshold}`),
    ...Array.from({ length: count }, (_, i) => ` x${i} >= 0`),
    "End",
  ].join("\n");
}

function leastOf(constraints: readonly Constraint[], count: number, asked: number): string {
  return [
    `Minimize\n obj: x${asked}`,
    "Subject To",
    ...constraints.map(constraintText),
    "Bounds",
    ...Array.from({ length: count }, (_, i) => ` x${i} >= 0`),
    "End",
  ].join("\n");
}

function constraintText({ atoms, low, high }: Constraint, c: number): string {
  const terms = sum(atoms.map((i) => `x${i}`));
  if (low === high) return ` e${c}: ${terms} = ${low}`;
  const least = ` l${c}: ${terms} >= ${low}`;
  return Number.isFinite(high) ? `${least}\n h${c}: ${terms} <= ${high}` : least;
}

/** Lines of a moderate length: readers of the form have limits. */
function sum(terms: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < terms.length; i += 20) lines.push(terms.slice(i, i + 20).join(" + "));
  return lines.join("\n + ");
}
