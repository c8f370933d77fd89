/**
 * What each isolation level costs: a program of nothing, prepare to collect, at every level that this machine offers,
 * against level `container`. In turns, so that all meet the same machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Result } from "../../src/cli/bench.js";
import {
  levelMemory,
  type OpenedLevel,
  openLevels,
  openStaging,
  type Staging,
} from "../../src/sandbox/index.js";
import type { IsolationLevel } from "../../src/vocabulary/index.js";

const LIMITS = { cpus: 1, memory_mb: 256, pids: 64, disk_mb: 64, wall_s: 120 };
const NODE = "bench-levels";
/** Under emulation a run takes seconds. */
const SLOW_MS = 3000;
const SLOW_ROUNDS = 3;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function oneRun({ executor, images }: OpenedLevel, staging: Staging, runId: string): Promise<number> {
  const [data, work] = [await staging.dir("data"), await staging.dir("work")];
  writeFileSync(join(data.path, "rows.csv"), "a,b\n1,2\n");
  const image = await images.resolve("python");
  const began = performance.now();
  const prepared = await executor.prepare({
    runId,
    node: NODE,
    image,
    command: ["python3", "-c", "pass"],
    env: {},
    dataDir: data.path,
    workDir: work.path,
    limits: LIMITS,
    outputs: ["a.csv"],
  });
  await executor.start(prepared);
  const { outcome, exitCode } = await executor.wait(prepared);
  if (outcome !== "exited" || exitCode !== 0) throw new Error(`a run ended with ${outcome}`);
  for await (const file of executor.collect(prepared)) file.open().resume();
  const ms = performance.now() - began;
  await executor.remove(prepared);
  await Promise.all([data.wipe(), work.wipe()]);
  return ms;
}

/** One result for each level that this machine offers. */
export async function levelResults(rounds: number): Promise<Result[]> {
  const root = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const staging = openStaging(root);
  const levels = openLevels({ staging, node: NODE, memory: levelMemory() });
  try {
    await levels.settled;
    const times = new Map<IsolationLevel, number[]>(levels.available.map((level) => [level, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [level, known] of times) {
        if (known.length >= SLOW_ROUNDS && median(known) > SLOW_MS) continue;
        known.push(await oneRun(levels.open(level), staging, `bench_${process.pid}_${level}_${round}`));
      }
    }
    const base = median(times.get("container") ?? []);
    return [...times].map(([level, known]): Result => {
      const value = median(known);
      const peer = { name: "level container", value: base };
      return { name: `level ${level}, prepare to collect`, value, unit: "ms", peer, ratio: value / base };
    });
  } finally {
    await levels.sweep(new Set());
    await staging.close();
    rmSync(root, { recursive: true, force: true });
  }
}
