/** What the admin may set for jobs, with the defaults. */
import type { IsolationLevel } from "../vocabulary/index.js";
import type { Limits } from "./lease.js";

export interface JobsConfig {
  /** Images that jobs may name. */
  images: readonly string[];
  /** Levels that jobs are taken for though no worker that offers them is seen: they wait for one. */
  isolation: readonly IsolationLevel[];
  /** A worker's levels count for as long as it was last seen, in ms. */
  workerSeenMs: number;
  defaultLimits: Limits;
  maxLimits: Limits;
  leaseMs: number;
  heartbeatMs: number;
  /** Runs before a system failure shows. */
  maxRuns: number;
  retryPausesMs: readonly number[];
  /** What control waits beyond the wall clock before it has a run stopped, and before it takes it for lost. */
  wallGraceMs: number;
  wallLostMs: number;
  maxChecks: number;
  /** Checks at a time. */
  checksAtOnce: number;
  /** How long a check computes what a program claimed; what takes longer stays the program's own. */
  claimsMs: number;
  maxQueuedMs: number;
  retentionMs: number;
  /** Jobs of one principal that have not ended. */
  maxLiveJobs: number;
  /** Cap of each of stdout.log and stderr.log. */
  maxLogBytes: number;
}

const DAY = 24 * 3600 * 1000;

export const DEFAULT_JOBS_CONFIG: JobsConfig = {
  images: ["python"],
  isolation: ["container"],
  workerSeenMs: 5 * 60_000,
  defaultLimits: { cpus: 1, memory_mb: 1024, pids: 64, disk_mb: 256, wall_s: 600 },
  maxLimits: { cpus: 8, memory_mb: 16_384, pids: 512, disk_mb: 4096, wall_s: 24 * 3600 },
  leaseMs: 30_000,
  heartbeatMs: 5_000,
  maxRuns: 3,
  retryPausesMs: [1_000, 5_000],
  wallGraceMs: 5_000,
  wallLostMs: 60_000,
  maxChecks: 3,
  checksAtOnce: 2,
  claimsMs: 600_000,
  maxQueuedMs: 7 * DAY,
  retentionMs: 30 * DAY,
  maxLiveJobs: 100,
  maxLogBytes: 16 * 1024 * 1024,
};
