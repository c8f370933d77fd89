/** Jobs and runs: submission, queue, leases, workers, the check step, and what a submitter may see of all that. */

export { type SafeInput, safeInput } from "./claims/safe.js";
export { DEFAULT_JOBS_CONFIG, type JobsConfig } from "./config.js";
export { internalRouter } from "./internal-http.js";
export * from "./job.js";
export type * from "./jobs.js";
export type { Finder, FindingJob, FoundOutput, JobKind, JobKinds } from "./kinds/kind.js";
export { jobKinds } from "./kinds/kind.js";
export { sandboxKind } from "./kinds/sandbox.js";
export { tableKind } from "./kinds/table.js";
export type * from "./lease.js";
export { type QueueAddress, type RedisAddress, sendWakeups, type Wakeups } from "./queue.js";
export * from "./schemas.js";
export { createJobs, type JobsOptions } from "./service.js";
export {
  FINAL_JOB_STATES,
  JOB_EVENTS,
  JOB_TRANSITIONS,
  type JobEventName,
  LIVE_RUN_STATES,
  RUN_EVENTS,
  RUN_TRANSITIONS,
  type RunEventName,
  type Transition,
} from "./states.js";
export type { EnteredJob } from "./submit.js";
export { type RunningWorker, startWorker, type WorkerOptions } from "./worker/loop.js";
export { DEFAULT_READY, MAX_READY, type WorkerSettings, workerEntry } from "./worker/settings.js";
