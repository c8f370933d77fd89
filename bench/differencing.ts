/**
 * How long a table takes to be judged with the thousand that were released before it, none like another, by their descriptions
 * and unit by unit: right after the node started (each earlier one is opened), and from then on; and how long an engine takes
 * to say which units its cells stand on.
 */
import { availableParallelism, loadavg } from "node:os";
import { cpuUsage } from "node:process";
import type { Result } from "../src/cli/bench.js";
import { openRemembered } from "./parts/remembered.js";

export const name = "differencing";

const TABLES = 1_000;
const ASKED_MS = 5_000;
const UNITS = { quick: [100_000], full: [7_874, 100_000, 1_000_000] };

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const results: Result[] = [];
  for (const units of quick ? UNITS.quick : UNITS.full) results.push(...(await measure(units)));
  results.push({
    name: `load at the end, on ${availableParallelism()} processors`,
    value: loadavg()[0] ?? 0,
    unit: "",
  });
  return results;
}

async function measure(units: number): Promise<Result[]> {
  const over = `${TABLES.toLocaleString("en")} tables over ${units.toLocaleString("en")} units`;
  const remembered = await openRemembered(units, TABLES);
  try {
    const { catalog, held } = remembered;
    const judged = async (i: number): Promise<{ wall: number; worked: number }> => {
      const table = await held(i);
      const [began, before] = [performance.now(), cpuUsage()];
      await catalog.memory.judge(table, [], 10);
      const { user, system } = cpuUsage(before);
      return { wall: performance.now() - began, worked: (user + system) / 1_000 };
    };
    const asked = (name: string, value: number): Result => ({
      name,
      value,
      unit: "ms",
      peer: { name: "ms asked", value: ASKED_MS },
      ratio: value / ASKED_MS,
      asked: { at_most: 1 },
    });
    const first = await judged(TABLES);
    const next: Awaited<ReturnType<typeof judged>>[] = [];
    for (let i = 1; i <= 5; i++) next.push(await judged(TABLES + i));
    const median = (of: "wall" | "worked") => next.map((n) => n[of]).sort((a, b) => a - b)[2] ?? Number.NaN;
    const table = await held(TABLES + 9);
    await catalog.memory.unitsOf(table);
    const began = performance.now();
    await catalog.memory.unitsOf(table);
    const finding = performance.now() - began;
    return [
      asked(`${over}: the first judged`, first.wall),
      { name: `${over}: the first judged, processor time`, value: first.worked, unit: "ms" },
      asked(`${over}: the next, median`, median("wall")),
      { name: `${over}: the next, processor time, median`, value: median("worked"), unit: "ms" },
      { name: `${over}: an engine finds its units`, value: finding, unit: "ms" },
      { name: `${over}: kept for a table`, value: remembered.bytes, unit: "B" },
    ];
  } finally {
    await remembered.end();
  }
}
