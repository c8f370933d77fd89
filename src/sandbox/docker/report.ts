/** What is said of a program that is dead and of the disk it wrote: the same at every level that shares our kernel's files. */
import { setTimeout as delay } from "node:timers/promises";
import { collectFolder } from "../collect.js";
import type { Collection, Exit, RunSpec } from "../executor.js";
import type { Logs } from "./logs.js";
import { type Facts, outcomeOf } from "./outcome.js";
import type { RunDisk } from "./run.js";

interface Reported {
  readonly spec: RunSpec;
  readonly disk: RunDisk;
  readonly logs: Logs | undefined;
  readonly startedAt: number | undefined;
  dead: boolean;
}

/** How long after the program's death its last output may still be on its way. */
const LOG_GRACE_MS = 2000;
const MIB = 1024 * 1024;

async function lastOutput(logs: Logs | undefined): Promise<void> {
  const grace = new AbortController();
  const passed = delay(LOG_GRACE_MS, undefined, { signal: grace.signal }).catch(() => undefined);
  await Promise.race([logs?.done, passed]);
  grace.abort();
}

/**
 * The end of a run, which is dead from now on where there are facts of it.
 * @param code undefined where nobody can say it: then the platform failed, unless a limit explains the end
 */
export async function reportEnd(
  run: Reported,
  facts: Facts | undefined,
  code: number | undefined,
  endedAt: number,
): Promise<Exit> {
  if (facts) await lastOutput(run.logs);
  run.logs?.close();
  run.dead = facts !== undefined;
  const found = facts ? outcomeOf(facts) : "system";
  const outcome = found === "exited" && code === undefined ? "system" : found;
  return {
    outcome,
    exitCode: outcome === "exited" ? code : undefined,
    startedAt: run.startedAt ?? endedAt,
    endedAt,
    stdout: run.logs?.stdout() ?? Buffer.alloc(0),
    stderr: run.logs?.stderr() ?? Buffer.alloc(0),
    logsTruncated: run.logs?.truncated() ?? false,
  };
}

/** What it wrote to /out; never before it is dead. */
export function collectDisk(run: Reported): Collection {
  if (!run.dead) throw new Error("sandbox: collect before the run is dead");
  const { limits, outputs, maxOutputBytes } = run.spec;
  return collectFolder(run.disk.places.out, outputs, maxOutputBytes ?? limits.disk_mb * MIB);
}
