/** `glovebox job`: what was asked for, and what became of it. */
import type { Command } from "commander";
import { addCommand, addGroup, type Context, type Terminal } from "./command.js";
import { inside, type Saved, saveStream } from "./download.js";
import { followJob } from "./follow.js";
import { addSafe } from "./job-safe.js";
import { exitOf, type Job, jobSheet, jobTable, type Output, outputTable, progressOf } from "./job-view.js";
import { readAll } from "./paged.js";

export const jobPath = (id: string): string => `/api/v1/jobs/${encodeURIComponent(id)}`;

export function addJob(program: Command, terminal: Terminal): void {
  const group = addGroup(program, terminal, {
    name: "job",
    about: ["What was asked for, and what became of it", "任务"],
    example: "glovebox job list",
  });
  addCommand(group, terminal, {
    usage: "list",
    about: ["List the jobs that you may see", "任务列表"],
    example: "glovebox job list",
    async act(context) {
      const items = await readAll<Job>(context.client(), "/api/v1/jobs");
      return { json: { items }, text: () => jobTable(context, items) };
    },
  });
  addCommand(group, terminal, {
    usage: "show <id>",
    about: ["Show a job", "查看任务"],
    example: "glovebox job show job_01K…",
    async act(context, [id]) {
      const job = await context.client().get<Job>(jobPath(id!));
      return { json: job, text: () => jobSheet(context, job) };
    },
  });
  addCommand(group, terminal, {
    usage: "wait <id>",
    about: ["Wait until a job shows its end", "等待任务结束"],
    example: "glovebox job wait job_01K…",
    async act(context, [id]) {
      const job = await waitFor(context, id!);
      return { json: job, text: () => jobSheet(context, job), exit: exitOf(job) };
    },
  });
  for (const [step, about, about_zh] of [
    ["cancel", "Cancel a job", "取消任务"],
    ["close", "Close a held job you are done with", "关闭待放行任务"],
  ] as const) {
    addCommand(group, terminal, {
      usage: `${step} <id>`,
      about: [about, about_zh],
      example: `glovebox job ${step} job_01K…`,
      async act(context, [id]) {
        const job = await context.client().post<Job>(`${jobPath(id!)}/${step}`);
        return { json: job, text: () => jobSheet(context, job) };
      },
    });
  }
  addOutputs(group, terminal);
  addSafe(group, terminal);
}

/** Follows a job with a line of progress. */
export async function waitFor(context: Context, id: string): Promise<Job> {
  return followJob(context.client(), id, context.signal, (job) =>
    context.progress.show(progressOf(context, job)),
  );
}

function addOutputs(group: Command, terminal: Terminal): void {
  addCommand<{ output?: string }>(group, terminal, {
    usage: "outputs <id>",
    about: ["List a job's outputs; those of a dry run can be downloaded", "查看任务产出；试运行产出可下载"],
    example: "glovebox job outputs job_01K… -o results",
    flags: (command) => command.option("-o, --output <dir>", "download a dry run's outputs into this folder"),
    async act(context, [id], { output }) {
      const { items } = await context.client().get<{ items: Output[] }>(`${jobPath(id!)}/outputs`);
      if (output === undefined) return { json: { items }, text: () => outputTable(context, items) };
      const saved: Saved[] = [];
      for (const { name } of items) saved.push(await fetchOutput(context, id!, name, output));
      return { json: { items, saved }, text: () => saved.map((s) => s.path).join("\n") };
    },
  });
}

async function fetchOutput(context: Context, id: string, name: string, dir: string): Promise<Saved> {
  const answer = await context.client().open("GET", `${jobPath(id)}/outputs/${encodeURIComponent(name)}`);
  return saveStream(answer, inside(dir, name));
}
