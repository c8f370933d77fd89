/**
 * Tables as one system: numbers, the sums that tie them together, and what must stay uncertain about some of them.
 *
 * Numbers that are shown or hidden together make a place (a cell with its count, its rows and its sum). Tables that are
 * linked by shared margins are one system in which the margin is one place. Pure data; knows nothing of tables.
 * Source: Fischetti and Salazar-González, Solving the cell suppression problem on tabular data with linear constraints,
 * Management Science 47 (2001) 1008–1027: nominal values, external bounds, protection levels.
 */

export interface SystemNumber {
  /** Index into places. */
  place: number;
  value: number;
  /** What everybody knows of it beforehand. */
  lower: number;
  upper: number;
  /** Whether everybody knows that it is a whole number. */
  whole: boolean;
}

export interface Place {
  /** What is lost by hiding it; at least zero. */
  loss: number;
  /** False where it is not this table's to hide: it is known from elsewhere, or must be shown. */
  hideable: boolean;
  /** Where it lies, a level for each dimension and the total behind the last level; for the hypercubes alone. */
  at?: readonly number[];
}

/** low ≤ Σ factor × number ≤ high, known to everybody. */
export interface Relation {
  numbers: readonly number[];
  factors: readonly number[];
  low: number;
  high: number;
}

/** Everybody must have to think it possible that the number is below and above itself by so much. */
export interface Sensitive {
  /** Index into numbers. */
  number: number;
  below: number;
  above: number;
}

export interface System {
  numbers: readonly SystemNumber[];
  places: readonly Place[];
  relations: readonly Relation[];
  sensitive: readonly Sensitive[];
  /** Places that are hidden whatever else is: those of sensitive numbers, and what nobody ever sees. */
  primary: readonly number[];
}

/** One thing to protect: a number that must be able to move so far in one direction. */
export interface Need {
  number: number;
  direction: 1 | -1;
  amount: number;
}

/** The largest first: what protects it often protects smaller ones too. */
export function needsOf(system: System): Need[] {
  const needs = system.sensitive.flatMap(({ number, below, above }): Need[] => [
    { number, direction: 1, amount: above },
    { number, direction: -1, amount: below },
  ]);
  return needs
    .filter(({ amount }) => amount > 0)
    .sort((a, b) => b.amount - a.amount || a.number - b.number || b.direction - a.direction);
}

/** What hiding these places costs, the primary ones left out. */
export function lossOf(system: System, hidden: ReadonlySet<number>): number {
  const primary = new Set(system.primary);
  let loss = 0;
  for (const place of hidden) if (!primary.has(place)) loss += system.places[place]!.loss;
  return loss;
}

/** Numbers are compared to so much of the size of what they are compared with. */
export const TOLERANCE = 1e-6;
export const slackFor = (amount: number): number => TOLERANCE * Math.max(1, Math.abs(amount));
