/**
 * Safe versions of tables: how long suppression takes, and what it hides beyond the least that would do. Tables of 20×20,
 * 50×50 and 10×10×10 random counts with totals, a twentieth of the cells too small; the same at every run. Loss is in cells
 * of middling size (docs/suppression.md), beside the bound that the integer program proved, and beside what the quick
 * heuristic alone would lose. Seconds are of processor time: the work is counted, so they are the same whoever else runs.
 */
import { availableParallelism, loadavg } from "node:os";
import type { Result } from "../src/cli/bench.js";
import { LIMITS, suppressTable } from "../src/privacy/disclosure/suppress/protect.js";
import { Solver } from "../src/privacy/disclosure/suppress/solver.js";
import { defaultPolicy } from "../src/privacy/index.js";
import { randomOf, randomTable } from "./parts/random-tables.js";

export const name = "suppress";

const TABLES = [
  { sizes: [20, 20], small: 0.05 },
  { sizes: [20, 20], small: 0.1 },
  { sizes: [50, 50], small: 0.05 },
  { sizes: [10, 10, 10], small: 0.05 },
];
const HEURISTIC = { ...LIMITS, optimum_numbers: 0 };

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const solver = await Solver.open();
  const tables = quick ? TABLES.slice(0, 1) : TABLES;
  return [
    ...tables.flatMap((table) => measured(solver, table)),
    { name: `load at the end, on ${availableParallelism()} processors`, value: loadavg()[0] ?? 0, unit: "" },
  ];
}

function measured(solver: Solver, { sizes, small }: (typeof TABLES)[number]): Result[] {
  const shape = { down: 1, margins: true, empty: 0.1, threshold: 10, most: 200 } as const;
  const facts = randomTable({ ...shape, sizes, small }, randomOf(1));
  const policy = defaultPolicy(3);
  const what = `${sizes.join("×")}, ${Math.round(small * 100)} % small`;
  const timed = (limits: typeof LIMITS) => {
    const began = process.cpuUsage();
    const { facts: made, choice } = suppressTable(solver, facts, 1, policy, limits);
    const { user, system } = process.cpuUsage(began);
    const { protection } = made;
    if (protection?.how !== "suppress" || !protection.withstood)
      throw new Error("the table was not protected");
    return { seconds: (user + system) / 1e6, protection, choice };
  };
  const quickly = timed(HEURISTIC);
  const best = timed(LIMITS);
  const { primary, secondary, method, loss, bound } = best.protection;
  return [
    { name: `${what}: heuristic and attack`, value: quickly.seconds, unit: "s" },
    { name: `${what}: integer program and attack (${method})`, value: best.seconds, unit: "s" },
    {
      name: `${what}: cells hidden beside ${primary} that may not be shown`,
      value: secondary,
      unit: "cells",
    },
    {
      name: `${what}: loss of the heuristic`,
      value: quickly.choice.loss,
      unit: "",
      peer: { name: "least", value: bound },
      ratio: quickly.choice.loss / bound,
    },
    {
      name: `${what}: loss`,
      value: loss,
      unit: "",
      peer: { name: "least", value: bound },
      ratio: loss / bound,
      asked: { at_most: 1.15 },
    },
  ];
}
