/** Jobs and runs: submission, queue, leases, workers, the check step, and what a submitter may see of all that. */
export * from "./job.js";
export type * from "./lease.js";
