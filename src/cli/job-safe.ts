/** `glovebox job safe`: a safe version of a table that was held, as a new job. */
import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { addCommand, type Terminal } from "./command.js";
import { Usage } from "./failure.js";
import { jobPath, waitFor } from "./job.js";
import { exitOf, type Job, jobSheet, submitted } from "./job-view.js";

export interface SafeFlags {
  how: string;
  base?: string;
  random?: boolean;
  drop?: string;
  merge?: string;
}

/** What is asked for, as the node reads it. @throws Usage */
export function safeOf({ how, base, random, drop, merge }: SafeFlags): object {
  const rounds = base !== undefined || random === true;
  const coarsens = drop !== undefined || merge !== undefined;
  if ((rounds && how !== "round") || (coarsens && how !== "coarsen"))
    throw new Usage(
      "--base and --random are for round, --drop and --merge for coarsen.",
      "--base、--random 用于 round，--drop、--merge 用于 coarsen。",
    );
  return {
    how,
    ...(base === undefined ? {} : { base: Number(base) }),
    ...(random ? { random } : {}),
    ...(drop === undefined ? {} : { drop }),
    ...(merge === undefined ? {} : { merge }),
  };
}

export function addSafe(group: Command, terminal: Terminal): void {
  addCommand<SafeFlags & { wait?: boolean }>(group, terminal, {
    usage: "safe <id> <file>",
    about: ["Ask for a safe version of a table, as a new job", "申请表格的安全版本（新任务）"],
    example: "glovebox job safe job_01K… table.csv --wait",
    flags: (command) =>
      command
        .option("--how <how>", "suppress, round, or coarsen", "suppress")
        .option("--base <n>", "round to multiples of it (5)")
        .option("--random", "round up or down by chance")
        .option("--drop <grouping>", "coarsen by leaving it out")
        .option("--merge <grouping>", "coarsen by joining its bins two by two")
        .option("--wait", "wait until it shows its end"),
    async act(context, [id, file], { wait, ...flags }) {
      const client = context.client();
      const path = `${jobPath(id!)}/outputs/${encodeURIComponent(file!)}/safe`;
      const job = await client.post<Job>(path, safeOf(flags), { "idempotency-key": randomUUID() });
      if (!wait) return { json: job, text: () => submitted(context, job) };
      const shown = await waitFor(context, job.id);
      return { json: shown, text: () => jobSheet(context, shown), exit: exitOf(shown) };
    },
  });
}
