/**
 * Trials: whether a level works on this machine, found by running a real small program under it.
 *
 * Rules. The program reads /data, writes /out and tells what it sees of its kernel and its user; only a run that ended
 * well, brought its file back whole and shows no objection counts. An answer is remembered with the versions of all
 * that it stood on: a good one until one of them changes, a bad one for ten minutes at most, since a machine under
 * load may be slow once. A trial that does not end in time is a bad one.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { packageRoot } from "../../store/index.js";
import type { Clock } from "../../vocabulary/index.js";
import type { Exit, Prepared, RunSpec } from "../executor.js";
import type { LevelKind, LevelTools, OpenedLevel, Sight } from "../levels.js";

export type TrialAnswer = { ok: true; ms: number } | { ok: false; why: string };

export interface Trials {
  answer(
    kind: LevelKind,
    versions: Readonly<Record<string, string>>,
    opened: OpenedLevel,
    tools: LevelTools,
  ): Promise<TrialAnswer>;
}

const BAD_FOR_MS = 10 * 60_000;
const LIMITS = { cpus: 1, memory_mb: 256, pids: 32, disk_mb: 8, wall_s: 600 };
const PROGRAM = "cat /data/trial > /out/trial; head -n 1 /proc/self/uid_map; cat /proc/version; id -u";
/** Beyond a trial's time, for its executor to end what hangs. */
const END_GRACE_MS = 10_000;

const remembered = z.object({
  key: z.string(),
  at: z.number(),
  answer: z.union([
    z.object({ ok: z.literal(true), ms: z.number() }),
    z.object({ ok: z.literal(false), why: z.string() }),
  ]),
});

export function openTrials(folder: string | undefined, clock: Clock): Trials {
  return {
    answer: async (kind, versions, opened, tools) => {
      const key = keyOf(versions);
      const file = folder && join(folder, `${kind.level}.json`);
      const known = file && recall(file, key, clock.now());
      if (known) return known;
      const answer = await tryLevel(kind, opened, tools);
      if (file) note(file, { key, at: clock.now(), answer });
      return answer;
    },
  };
}

/** The node's own code counts: a flag that it passes otherwise is another trial. */
function ownVersion(): string {
  const parts = ["package.json", "dist/.stamp"].map((name) => {
    try {
      return readFileSync(join(packageRoot(), name), "utf8");
    } catch {
      return "";
    }
  });
  return parts.join("\n");
}

function keyOf(versions: Readonly<Record<string, string>>): string {
  const all = { ...versions, kernel: release(), own: ownVersion() };
  return createHash("sha256")
    .update(JSON.stringify(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest("hex");
}

function recall(file: string, key: string, now: number): TrialAnswer | undefined {
  let found: z.output<typeof remembered>;
  try {
    found = remembered.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined; // none yet, or one that a newer version wrote
  }
  const stale = found.key !== key || (!found.answer.ok && now - found.at > BAD_FOR_MS);
  return stale ? undefined : found.answer;
}

/** A memory that cannot be written costs the next process a trial and nothing else. */
function note(file: string, entry: z.output<typeof remembered>): void {
  try {
    mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(entry), { mode: 0o600 });
    renameSync(draft, file);
  } catch {
    return;
  }
}

let count = 0;

async function tryLevel(kind: LevelKind, opened: OpenedLevel, tools: LevelTools): Promise<TrialAnswer> {
  const images = await opened.images.list();
  const image = images.find(({ name }) => name === "python") ?? images[0];
  if (!image) return { ok: false, why: "no sandbox image is built" };
  const [data, work] = [await tools.staging.dir("trial"), await tools.staging.dir("trial")];
  const token = randomBytes(32).toString("hex");
  await writeFile(join(data.path, "trial"), token);
  const spec: RunSpec = {
    runId: `trial_${process.pid}_${++count}`,
    node: tools.node,
    image,
    command: ["sh", "-c", PROGRAM],
    env: {},
    dataDir: data.path,
    workDir: work.path,
    limits: LIMITS,
    outputs: ["trial"],
  };
  try {
    return await inTime(kind, opened, spec, token);
  } catch (error) {
    return { ok: false, why: `its trial failed: ${error instanceof Error ? error.message : "an error"}` };
  } finally {
    await Promise.all([data.wipe(), work.wipe()]);
  }
}

async function inTime(
  kind: LevelKind,
  opened: OpenedLevel,
  spec: RunSpec,
  token: string,
): Promise<TrialAnswer> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), kind.trialMs);
  const calm = new AbortController();
  const seconds = Math.round(kind.trialMs / 1000);
  const tooLate: TrialAnswer = { ok: false, why: `its trial did not end within ${seconds} s` };
  try {
    return await Promise.race([
      runTrial(kind, opened, spec, token, over.signal).then((answer) =>
        over.signal.aborted ? tooLate : answer,
      ),
      delay(kind.trialMs + END_GRACE_MS, tooLate, { signal: calm.signal }),
    ]);
  } finally {
    clearTimeout(timer);
    calm.abort();
  }
}

async function runTrial(
  kind: LevelKind,
  { executor }: OpenedLevel,
  spec: RunSpec,
  token: string,
  signal: AbortSignal,
): Promise<TrialAnswer> {
  const began = performance.now();
  const prepared = await executor.prepare(spec);
  try {
    await executor.start(prepared);
    const exit = await executor.wait(prepared, signal);
    const ms = Math.round(performance.now() - began);
    const problem = await problemOf(kind, executor.collect.bind(executor), prepared, exit, token);
    return problem === undefined ? { ok: true, ms } : { ok: false, why: problem };
  } finally {
    await executor.remove(prepared);
  }
}

async function problemOf(
  kind: LevelKind,
  collect: OpenedLevel["executor"]["collect"],
  prepared: Prepared,
  exit: Exit,
  token: string,
): Promise<string | undefined> {
  if (exit.outcome !== "exited" || exit.exitCode !== 0) {
    // Nobody's program but ours: its last line is no secret.
    const said = exit.stderr.toString("utf8").trim().split("\n").at(-1)?.slice(0, 200);
    const how = exit.outcome === "exited" ? `exit code ${exit.exitCode}` : exit.outcome;
    return `its trial ended with ${how}${said ? `: ${said}` : ""}`;
  }
  let brought: string | undefined;
  for await (const file of collect(prepared)) brought = (await buffer(file.open())).toString("utf8");
  if (brought !== token) return "its trial did not bring back what it was given";
  const sight = sightOf(exit.stdout.toString("utf8"));
  return sight === undefined
    ? "its trial did not say what it saw"
    : kind.objection(sight, { kernel: hostKernel() });
}

function sightOf(stdout: string): Sight | undefined {
  const [map, kernel, uid] = stdout.trim().split("\n");
  if (map === undefined || kernel === undefined || uid === undefined) return undefined;
  return { uidMap: map.trim().split(/\s+/), kernel, uid: Number(uid) };
}

const hostKernel = (): string => readFileSync("/proc/version", "utf8").trim();
