/**
 * When an answer is sent: at a deadline that follows from public things, so that its time tells nothing.
 *
 * What is ready early waits. What is not ready then was charged and is lost to this request; it is completed and kept,
 * so that asking again, which is free, gives it.
 */
import { GloveboxError } from "../../vocabulary/index.js";

export type Settled<T> = { value: T } | { error: unknown };

/** Looks at work when so many milliseconds have passed, and not before: undefined where it is not done by then. */
export type Pace = <T>(work: Promise<Settled<T>>, ms: number) => Promise<Settled<T> | undefined>;

export const atDeadline: Pace = async (work, ms) => {
  let settled: Awaited<typeof work> | undefined;
  void work.then((outcome) => {
    settled = outcome;
  });
  await new Promise((resolve) => setTimeout(resolve, ms));
  return settled;
};

/** How work ended, whichever way. */
export const settling = <T>(work: Promise<T>): Promise<Settled<T>> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

/** @throws engine_unavailable where it was late; internal where it failed, whatever the reason: it may be the data's */
export async function paced<T>(work: Promise<T>, ms: number, pace: Pace, late: string): Promise<T> {
  const settled = await pace(settling(work), ms);
  if (!settled) throw new GloveboxError("engine_unavailable", { detail: late });
  if ("value" in settled) return settled.value;
  throw new GloveboxError("internal", {}, settled.error);
}
