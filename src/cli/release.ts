/** `glovebox release`: letting outputs out. */
import type { Command } from "commander";
import { addCommand, addGroup, type Context, type Terminal } from "./command.js";
import { saveStream } from "./download.js";
import { Refusal, Usage } from "./failure.js";
import { jobPath } from "./job.js";
import type { Output } from "./job-view.js";
import { readAll } from "./paged.js";
import { type Release, releasePath, releaseSheet, releaseTable } from "./release-view.js";
import { addReview } from "./review.js";
import { size, widthOf } from "./terminal.js";

export function addRelease(program: Command, terminal: Terminal): void {
  const group = addGroup(program, terminal, {
    name: "release",
    about: ["Letting outputs out", "放行"],
    example: "glovebox release list",
  });
  addRequest(group, terminal);
  addCommand(group, terminal, {
    usage: "list",
    about: ["List the releases that concern you", "相关放行列表"],
    example: "glovebox release list",
    async act(context) {
      const items = await readAll<Release>(context.client(), "/api/v1/releases");
      return { json: { items }, text: () => releaseTable(context.language, items) };
    },
  });
  addCommand(group, terminal, {
    usage: "show <id>",
    about: ["Show a release, its files and its reviews", "查看放行"],
    example: "glovebox release show rel_01K…",
    async act(context, [id]) {
      const release = await context.client().get<Release>(releasePath(id!));
      return { json: release, text: () => releaseSheet(context.language, release, widthOf(context.stdout)) };
    },
  });
  for (const [step, about, about_zh] of [
    ["submit", "Hand a release to its reviewers", "提交审核"],
    ["withdraw", "Withdraw a release", "撤回放行"],
  ] as const) {
    addCommand(group, terminal, {
      usage: `${step} <id>`,
      about: [about, about_zh],
      example: `glovebox release ${step} rel_01K…`,
      async act(context, [id]) {
        const release = await take(context, id!, step);
        return {
          json: release,
          text: () => releaseSheet(context.language, release, widthOf(context.stdout)),
        };
      },
    });
  }
  addReview(group, terminal);
  addDownload(group, terminal);
}

/** `request` submits at once: asking for it again finds it done. */
async function take(context: Context, id: string, step: "submit" | "withdraw"): Promise<Release> {
  const client = context.client();
  try {
    return await client.post<Release>(`${releasePath(id)}/${step}`);
  } catch (error) {
    const conflict = error instanceof Refusal && error.code === "state_conflict";
    const release = conflict && step === "submit" ? await client.get<Release>(releasePath(id)) : undefined;
    if (release && ["submitted", "approved", "released"].includes(release.state)) return release;
    throw error;
  }
}

function addRequest(group: Command, terminal: Terminal): void {
  addCommand<{ why: string; draft?: boolean }>(group, terminal, {
    usage: "request <job> <files...>",
    about: ["Request that outputs of your job be let out", "申请放行产出"],
    example: 'glovebox release request job_01K… model.json --why "coefficients over 7,874 people"',
    flags: (command) =>
      command
        .requiredOption("--why <text>", "the justification, for the reviewers")
        .option("--draft", "do not hand it to the reviewers yet"),
    async act(context, [job, ...files], { why, draft }) {
      const client = context.client();
      const outputs = await outputIds(context, job!, files);
      const asked = await client.post<Release>("/api/v1/releases", { job, outputs, justification: why });
      const release = draft ? asked : await client.post<Release>(`${releasePath(asked.id)}/submit`);
      return { json: release, text: () => releaseSheet(context.language, release, widthOf(context.stdout)) };
    },
  });
}

/** Outputs may be named by name or id. @throws Usage for names that the job does not have. */
async function outputIds(context: Context, job: string, files: readonly string[]): Promise<string[]> {
  const { items } = await context.client().get<{ items: Output[] }>(`${jobPath(job)}/outputs`);
  return files.map((file) => {
    const output = items.find((o) => o.id === file || o.name === file);
    if (output) return output.id;
    const names = items.map((o) => o.name).join(", ");
    throw new Usage(
      `The job has no output ${file}; it has: ${names}.`,
      `任务没有产出 ${file}；现有：${names}。`,
    );
  });
}

function addDownload(group: Command, terminal: Terminal): void {
  addCommand<{ output?: string }>(group, terminal, {
    usage: "download <id>",
    about: ["Download a release's bundle", "下载放行证据包"],
    example: "glovebox release download rel_01K… -o results",
    flags: (command) => command.option("-o, --output <dir>", "folder to put it in", "."),
    async act(context, [id], { output }) {
      const answer = await context.client().open("GET", `${releasePath(id!)}/bundle`);
      const saved = await saveStream(answer, `${output ?? "."}/${id}.zip`);
      return {
        json: saved,
        text: () =>
          context.say(
            `${saved.path} (${size(saved.bytes)}). Next: glovebox verify ${saved.path}`,
            `${saved.path}（${size(saved.bytes)}）。下一步：glovebox verify ${saved.path}`,
          ),
      };
    },
  });
}
