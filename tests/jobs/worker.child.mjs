/**
 * The real worker with one difference: it kills itself without warning at the step that KILL_AT names, so that a
 * test hits every step and not the likely ones.
 */
import { ControlClient } from "../../dist/jobs/worker/control.js";

const die = () => {
  process.kill(process.pid, "SIGKILL");
  // The signal may take a moment; nothing may happen in it.
  return new Promise(() => {});
};

/**
 * Kills before the call, or after it and before its answer is used.
 * @param {string} method
 * @param {{ before?: (...args: unknown[]) => unknown, after?: (...args: unknown[]) => unknown }} when
 */
function cut(method, when) {
  /** @type {Record<string, (...args: unknown[]) => Promise<unknown>>} */
  const calls = /** @type {never} */ (ControlClient.prototype);
  const real = calls[method];
  calls[method] = async function (...args) {
    if (when.before?.(...args)) return die();
    const answer = await real?.apply(this, args);
    return when.after?.(answer, ...args) ? die() : answer;
  };
}

/** @type {Record<string, () => void>} */
const STEPS = {
  leased: () => cut("claim", { after: (lease) => lease !== undefined }),
  staging: () => cut("stage", { after: () => true }),
  staged: () => cut("advance", { after: (_, __, state) => state === "staged" }),
  prepared: () => cut("advance", { before: (_, state) => state === "executing" }),
  executing: () =>
    cut("advance", { after: (_, __, state) => state === "executing" && setTimeout(die, 400) && false }),
  collected: () => cut("advance", { after: (_, __, state) => state === "collected" }),
  uploading: () => cut("putOutput", { after: (_, __, name) => name === "t.csv" }),
  uploaded: () => cut("finish", { before: () => true }),
  finished: () => cut("finish", { after: () => true }),
};
STEPS[process.env.KILL_AT ?? ""]?.();
await import("../../dist/jobs/worker/main.js");
