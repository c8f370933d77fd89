/** How a container's end is named: pure, first match wins. */
import type { Limits, Outcome } from "../executor.js";

/** What the executor knows when a container is dead. */
export interface Facts {
  /** Why the executor killed it, if it did. */
  killed?: "wall" | "log" | "killed";
  exitCode: number;
  /** By the engine, or by the control group's own count. */
  oomKilled: boolean;
  memoryPeakBytes?: number;
  processesPeak?: number;
  /** Of the run's disk. */
  disk: { freeBytes: number; freeFiles: number };
  limits: Limits;
}

/** A write that finds no room leaves less than this: the last page, or the metadata of one more file. */
const FULL_BYTES = 64 * 1024;
const SIGKILL = 128 + 9;
const SIGXFSZ = 128 + 25;

const diskFull = ({ disk, exitCode }: Facts): boolean =>
  disk.freeBytes < FULL_BYTES || disk.freeFiles === 0 || exitCode === SIGXFSZ;

const memoryFull = ({ oomKilled, memoryPeakBytes, exitCode, limits }: Facts): boolean =>
  oomKilled || (exitCode === SIGKILL && (memoryPeakBytes ?? 0) >= limits.memory_mb * 1024 * 1024);

const processesFull = ({ processesPeak, limits }: Facts): boolean => (processesPeak ?? 0) >= limits.pids;

/**
 * A program that ends well has not failed, whatever it touched on the way. One that failed with a limit reached is
 * taken to have failed of it.
 */
export const OUTCOME_RULES: readonly { outcome: Outcome; when: (facts: Facts) => boolean; why: string }[] = [
  { outcome: "killed", when: (f) => f.killed === "killed", why: "the node ended it" },
  { outcome: "wall", when: (f) => f.killed === "wall", why: "its time was up" },
  { outcome: "log", when: (f) => f.killed === "log", why: "it wrote more log than can be drained" },
  { outcome: "exited", when: (f) => f.exitCode === 0, why: "it ended well" },
  { outcome: "memory", when: memoryFull, why: "the kernel killed one of its processes for want of memory" },
  { outcome: "disk", when: diskFull, why: "it failed with its disk full" },
  { outcome: "pids", when: processesFull, why: "it failed having had as many processes as it may" },
  { outcome: "exited", when: () => true, why: "it failed by itself" },
];

export const outcomeOf = (facts: Facts): Outcome => OUTCOME_RULES.find((rule) => rule.when(facts))!.outcome;
