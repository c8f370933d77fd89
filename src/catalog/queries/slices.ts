/**
 * Carries out work in slices of some 2 ms and lets everything else of the node in between: how long a table of private
 * groups keeps the node's only thread would else tell whoever asks at the same time how many there are.
 */
import type { Steps } from "../../privacy/index.js";

const SLICE_MS = 2;

export interface Slicing {
  /** Milliseconds that never go back. */
  now(): number;
  pause(): Promise<void>;
}

const ofTheNode: Slicing = {
  now: () => performance.now(),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
};

export async function inSlices<T>(steps: Steps<T>, { now, pause }: Slicing = ofTheNode): Promise<T> {
  for (let begun = now(); ; ) {
    const step = steps.next();
    if (step.done) return step.value;
    if (now() - begun < SLICE_MS) continue;
    await pause();
    begun = now();
  }
}
