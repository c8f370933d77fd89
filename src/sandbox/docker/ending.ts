/**
 * Waiting for a program's death, when the engine may die first.
 *
 * Rules. An engine that goes away in the middle of an answer leaves a wait that never ends: what shows it is the log
 * stream, which closes without an end of the program. Then the engine is asked; one that does not answer, or that has
 * ended the program meanwhile, has failed. No doubt is decided against the program.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { DockerRun } from "./run.js";

const GRACE_MS = 2000;
const QUESTIONS = 5;
const PAUSE_MS = 1000;

export function exitCodeOf(answer: unknown): number {
  const code =
    typeof answer === "object" && answer !== null && "StatusCode" in answer ? answer.StatusCode : undefined;
  if (typeof code !== "number") throw new Error("the engine did not say how the program ended");
  return code;
}

type Ending = { code: number | undefined };
const UNKNOWN: Ending = { code: undefined };

/** The log stream has closed. Resolves only where that was not the program's end. */
async function afterLogs(run: DockerRun, over: AbortSignal): Promise<Ending> {
  await delay(GRACE_MS, undefined, { signal: over });
  for (let question = 0; question < QUESTIONS; question++) {
    try {
      const { State } = await run.container.inspect();
      if (!State.Running) return UNKNOWN;
      return { code: exitCodeOf(await run.container.wait({ condition: "not-running" })) };
    } catch {
      await delay(PAUSE_MS, undefined, { signal: over });
    }
  }
  return UNKNOWN;
}

/** undefined: the engine does not know, or the program would not die. */
export async function exitCode(run: DockerRun): Promise<number | undefined> {
  if (!run.ended) throw new Error("sandbox: wait before start");
  const over = new AbortController();
  const never = new Promise<never>(() => undefined);
  const lost = run.logs ? run.logs.done.then(() => afterLogs(run, over.signal)).catch(() => never) : never;
  try {
    const ended = run.ended.then((code) => ({ code })).catch(() => UNKNOWN);
    return (await Promise.race<Ending>([ended, lost, run.hopeless.then(() => UNKNOWN)])).code;
  } finally {
    over.abort();
  }
}
