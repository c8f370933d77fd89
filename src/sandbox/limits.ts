/**
 * Limits that an executor accepts. To a container engine zero means "without limit", and to a timer a number too
 * large means "now": so each limit has a least and a most here, whatever callers have checked before.
 */
import { invalidInput } from "../vocabulary/index.js";
import type { Limits } from "./executor.js";

const RANGES: Readonly<Record<keyof Limits, { least: number; most: number; whole: boolean }>> = {
  cpus: { least: 0.01, most: 1024, whole: false },
  /** Less, and no interpreter starts. */
  memory_mb: { least: 16, most: 4 * 1024 * 1024, whole: true },
  /** The container's init, an interpreter and a thread or two. */
  pids: { least: 4, most: 65_536, whole: true },
  disk_mb: { least: 1, most: 1024 * 1024, whole: true },
  /** Three weeks: what a timer holds. */
  wall_s: { least: 1, most: 2_000_000, whole: false },
};

/** Throws `invalid_input` unless every limit limits. */
export function assertLimits(limits: Limits): void {
  for (const [name, { least, most, whole }] of Object.entries(RANGES)) {
    const value = limits[name as keyof Limits];
    const fits =
      typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (!fits)
      throw invalidInput(
        `limits.${name}`,
        `must be ${whole ? "a whole number " : ""}from ${least} to ${most}`,
      );
  }
}
