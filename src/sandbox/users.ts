/**
 * A user of its own for every run.
 *
 * Rules. The kernel counts queued signals, pipe pages, watches and handles in flight by user, for the whole machine:
 * runs of one user would read each other's use there, and starve each other. So no two runs that live at the same
 * time share one. Nobody on the machine has these ids, and a file that one owned says nothing of whose run it was.
 */
import { randomInt } from "node:crypto";
import { NOBODY } from "./staging.js";

/** Above all that a distribution or a range of subordinate ids gives away, within what engines accept. */
const FIRST = 1_900_000_000;
const COUNT = 200_000_000;

/** By chance, since runs of other workers on the machine are not known here: 1,000 at once meet once in 400 times. */
export const freshUser = (random: (below: number) => number = randomInt): number => FIRST + random(COUNT);

/** Who a run is. */
export interface RunIds {
  /** As it is named inside. */
  user: number;
  /** As the machine sees it: who owns what it writes. */
  outside: { user: number; group: number };
}

/** Where nothing remaps, inside and outside are one. */
export const plainIds = (): RunIds => {
  const user = freshUser();
  return { user, outside: { user, group: NOBODY } };
};
