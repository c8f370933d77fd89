/** `glovebox run`: submits a program to run beside the data. */
import { randomUUID } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Command } from "commander";
import { addCommand, type Context, many, type Outcome, type Terminal } from "./command.js";
import { Usage } from "./failure.js";
import { jobPath, waitFor } from "./job.js";
import { exitOf, type Job, jobSheet, type Output, submitted } from "./job-view.js";
import { purposeOf } from "./purpose.js";

interface RunFlags {
  dataset: string[];
  image: string;
  out?: string[];
  claim?: string[];
  include?: string[];
  purpose?: string;
  dryRun?: boolean;
  wait?: boolean;
  cpus?: string;
  memory?: string;
  pids?: string;
  disk?: string;
  wall?: string;
  isolation?: string;
  idempotencyKey?: string;
}

/** What starts a script of each image. */
const INTERPRETERS: Record<string, string> = { python: "python3", r: "Rscript" };

export function addRun(program: Command, terminal: Terminal): void {
  addCommand<RunFlags>(program, terminal, {
    usage: "run <script> [args...]",
    about: [
      "Run a program beside the data; its outputs are held for release",
      "在数据旁运行程序，产出待放行",
    ],
    example: "glovebox run --dataset flchain --image python --out model.json --wait fit.py",
    flags: runFlags,
    act: (context, [script, ...args], flags) => run(context, script!, args, flags),
  });
}

function runFlags(command: Command): void {
  command
    .passThroughOptions()
    .requiredOption("--dataset <name...>", "datasets that the job reads", many)
    .option("--image <name>", "image that it runs in", "python")
    .option("--out <file...>", "files that it may bring out", many)
    .option("--claim <file>", 'what outputs are, for the node to compute: JSON of {"t1.csv": {…}}', many)
    .option("--include <file...>", "further files it needs, beside the script", many)
    .option("--purpose <text>", "what for (the purpose of your grant)")
    .option("--dry-run", "rehearse on the synthetic twin: its log is shown at once")
    .option("--wait", "wait until it shows its end")
    .option("--cpus <n>", "processors")
    .option("--memory <mb>", "memory in MB")
    .option("--pids <n>", "processes and threads")
    .option("--disk <mb>", "size of /out in MB")
    .option("--wall <s>", "seconds until it is stopped")
    .option("--isolation <level>", "at least this isolation, beyond what the data ask for")
    .option("--idempotency-key <key>", "the same key and job is submitted once");
}

async function run(context: Context, script: string, args: string[], flags: RunFlags): Promise<Outcome> {
  const client = context.client();
  const files = readFiles([script, ...(flags.include ?? [])]);
  const purpose = flags.purpose ?? (await purposeOf(context, flags.dataset, ["sandbox"]));
  const name = basename(script);
  const claims = Object.assign({}, ...(flags.claim ?? []).map(claimsIn)) as Record<string, unknown>;
  const spec = {
    kind: "sandbox",
    purpose,
    datasets: flags.dataset,
    image: flags.image,
    files,
    command: [interpreterOf(flags.image), name, ...args],
    outputs: [...new Set([...(flags.out ?? []), ...Object.keys(claims)])],
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
    limits: limitsOf(flags),
    mode: flags.dryRun ? "dry_run" : "real",
    ...(flags.isolation === undefined ? {} : { isolation: flags.isolation }),
  };
  const key = flags.idempotencyKey ?? randomUUID();
  const job = await client.post<Job>("/api/v1/jobs", spec, { "idempotency-key": key });
  if (!flags.wait) return { json: job, text: () => submitted(context, job) };
  const shown = await waitFor(context, job.id);
  const logs = flags.dryRun ? await readLogs(context, shown.id) : undefined;
  return {
    json: logs === undefined ? shown : { ...shown, logs },
    text: () => [jobSheet(context, shown), ...logLines(logs)].join("\n"),
    exit: exitOf(shown),
  };
}

function readFiles(paths: readonly string[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (const path of paths) {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
      throw new Usage(`There is no file ${path}.`, `文件 ${path} 不存在。`);
    }
    const name = basename(path);
    if (Object.hasOwn(files, name)) throw new Usage(`Two files are called ${name}.`, `文件名 ${name} 重复。`);
    files[name] = textOf(path, readFileSync(path));
  }
  return files;
}

/** By output, as the node reads them. @throws Usage */
function claimsIn(path: string): Record<string, unknown> {
  const [text = ""] = Object.values(readFiles([path]));
  try {
    const claims: unknown = JSON.parse(text);
    if (typeof claims === "object" && claims !== null && !Array.isArray(claims))
      return claims as Record<string, unknown>;
  } catch {
    // Told below, in words.
  }
  throw new Usage(
    `${path} is no JSON object of outputs and their claims: {"t1.csv": {"kind": "table", …}}.`,
    `${path} 不是由产出名和声明组成的 JSON 对象：{"t1.csv": {"kind": "table", …}}。`,
  );
}

function textOf(path: string, content: Buffer): string {
  const text = content.toString("utf8");
  if (Buffer.from(text).equals(content)) return text;
  throw new Usage(
    `${path} is not text; put it in an archive and submit it over the API.`,
    `${path} 不是文本文件；请打包后通过 API 提交。`,
  );
}

function interpreterOf(image: string): string {
  const interpreter = INTERPRETERS[image];
  if (interpreter) return interpreter;
  const known = Object.keys(INTERPRETERS).join(", ");
  throw new Usage(`--image must be one of ${known}.`, `--image 须为 ${known} 之一。`);
}

function limitsOf(flags: RunFlags): Record<string, number> {
  const named = {
    cpus: flags.cpus,
    memory_mb: flags.memory,
    pids: flags.pids,
    disk_mb: flags.disk,
    wall_s: flags.wall,
  };
  const limits: Record<string, number> = {};
  for (const [name, text] of Object.entries(named)) {
    if (text === undefined) continue;
    const value = Number(text);
    if (!Number.isFinite(value) || value <= 0) {
      throw new Usage(`The limit ${name} must be a positive number.`, `限制 ${name} 须为正数。`);
    }
    limits[name] = value;
  }
  return limits;
}

const LOGS = ["stdout.log", "stderr.log"];

/** A dry run's logs, which are shown at once. */
async function readLogs(context: Context, id: string): Promise<Record<string, string>> {
  const client = context.client();
  const { items } = await client.get<{ items: Output[] }>(`${jobPath(id)}/outputs`);
  const logs: Record<string, string> = {};
  for (const { name } of items) {
    if (LOGS.includes(name)) logs[name] = await client.text(`${jobPath(id)}/outputs/${name}`);
  }
  return logs;
}

/** A log is a program's own text: shown line by line, without what could repaint the terminal. */
function logLines(logs: Record<string, string> = {}): string[] {
  return Object.entries(logs)
    .filter(([, content]) => content.trim() !== "")
    .flatMap(([name, content]) => ["", `── ${name}`, content.trimEnd().replace(/[^\P{Cc}\n\t]/gu, " ")]);
}
