/** Jobs and outputs as people read them. */
import type { Context } from "./command.js";
import { EXIT, type ExitCode } from "./failure.js";
import { type Bilingual, moment, plain, sheet, size, table } from "./terminal.js";

export interface Job {
  id: string;
  kind: string;
  mode: string;
  state: string;
  failure?: { class: string; limit?: string; detail?: string };
  datasets: string[];
  principal: string;
  purpose: string;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  ahead?: number;
  waiting_for?: string;
  verdict?: string;
  signals: { bits: number; left: number | null };
}

export interface Output {
  id: string;
  name: string;
  media_type?: string;
  bytes?: number;
  sha256?: string;
  verdict?: string | null;
  evidence?: string;
  shows?: string;
  findings?: { rule: string; verdict: string; message: string; message_zh?: string }[];
}

const STATES: Record<string, string> = {
  queued: "排队中",
  running: "运行中",
  checking: "检查中",
  held: "待放行",
  done: "已完成",
  failed: "失败",
  cancelled: "已取消",
  ended: "已结束",
};

/** Whose fault a failure is, and what to do. */
const FAULTS: Record<string, Bilingual> = {
  program_failed: [
    "Your program ended with an error. Rehearse it with --dry-run: its log is shown at once.",
    "程序出错退出。请用 --dry-run 试运行查看日志。",
  ],
  limit_exceeded: [
    "Your program met a limit. Ask for more with --memory, --wall, --disk or --pids, or do less.",
    "程序超出限制。可用 --memory、--wall、--disk、--pids 提高限额，或减少计算。",
  ],
  system_failed: [
    "The platform failed, not your program; it was tried three times. Tell the admin.",
    "平台故障，非程序原因，已重试三次。请联系管理员。",
  ],
  refused: [
    "It was stopped by policy: a grant ended, or the dataset was suspended. Ask its owner.",
    "因授权终止或数据暂停而停止，请联系数据提供方。",
  ],
};

const TOO_LARGE: Bilingual = [
  "The table is larger than what is let out. Use fewer or coarser groups.",
  "表格超出可放行的大小。请减少分组或使用更粗的分组。",
];

export function exitOf(job: Job): ExitCode {
  if (job.state === "failed") return job.failure?.class === "refused" ? EXIT.refused : EXIT.failed;
  return job.state === "cancelled" ? EXIT.failed : EXIT.done;
}

export const stateOf = (context: Context, job: Job): string =>
  context.say(job.state, `${STATES[job.state] ?? job.state}（${job.state}）`);

/** One line for the progress display. */
export function progressOf(context: Context, job: Job): string {
  const ahead = job.state === "queued" && job.ahead !== undefined;
  const waiting = ahead ? context.say(`, ${job.ahead} ahead`, `，前面还有 ${job.ahead} 个`) : "";
  return `${job.id} ${stateOf(context, job)}${waiting}`;
}

export function jobSheet(context: Context, job: Job): string {
  const left = job.signals.left ?? context.say("unlimited", "不限");
  const lines = sheet(context.language, [
    [["job", "任务"], job.id],
    [["state", "状态"], stateOf(context, job)],
    [["failure", "失败原因"], failureOf(job)],
    [["verdict", "检查结论"], job.verdict],
    [["mode", "模式"], job.mode],
    [["datasets", "数据资源"], job.datasets.join(", ")],
    [["purpose", "目的"], job.purpose],
    [["by", "提交人"], job.principal],
    [["submitted", "提交时间"], moment(job.created_at)],
    [["started", "开始"], moment(job.started_at)],
    [["ended", "结束"], moment(job.ended_at)],
    [["ahead", "前方排队"], job.ahead],
    [
      ["signals", "信号"],
      context.say(`${job.signals.bits} bits, ${left} left`, `${job.signals.bits} 比特，剩余 ${left}`),
    ],
  ]);
  const next = nextOf(context, job);
  return next ? `${lines}\n\n${next}` : lines;
}

function failureOf(job: Job): string | undefined {
  if (!job.failure) return undefined;
  const { limit, detail } = job.failure;
  return `${job.failure.class}${limit ? ` (${limit})` : ""}${detail ? `: ${detail}` : ""}`;
}

/** What the reader does next. */
function nextOf(context: Context, job: Job): string | undefined {
  if (job.failure) {
    const fault = job.failure.limit === "output" ? TOO_LARGE : FAULTS[job.failure.class];
    return fault?.[context.language === "zh" ? 1 : 0];
  }
  if (job.mode === "dry_run" && job.state === "done") {
    return context.say(
      `Next: glovebox job outputs ${job.id} -o DIR, then run it without --dry-run.`,
      `下一步：glovebox job outputs ${job.id} -o 目录，然后去掉 --dry-run 正式运行。`,
    );
  }
  if (job.state === "held" || job.state === "ended") {
    const request = context.say(
      `Next: glovebox release request ${job.id} FILE… --why TEXT`,
      `下一步：glovebox release request ${job.id} 文件… --why 理由`,
    );
    return job.verdict === "fail" ? `${request}\n${saferOf(context, job)}` : request;
  }
  return undefined;
}

/** What fails may be a table with small cells, of which a safe version can be had. */
const saferOf = (context: Context, job: Job): string =>
  context.say(
    `Its checks failed. Of a table there is a safe version: glovebox job safe ${job.id} FILE (or --how round, --how coarsen).`,
    `检查未通过。表格可申请安全版本：glovebox job safe ${job.id} 文件（或 --how round、--how coarsen）。`,
  );

export const submitted = (context: Context, job: Job) =>
  context.say(
    `Submitted ${job.id} (${job.state}). Next: glovebox job wait ${job.id}`,
    `已提交 ${job.id}（${job.state}）。下一步：glovebox job wait ${job.id}`,
  );

export function jobTable(context: Context, items: readonly Job[]): string {
  const heads = [
    ["id", "编号"],
    ["state", "状态"],
    ["mode", "模式"],
    ["datasets", "数据资源"],
    ["by", "提交人"],
    ["submitted", "提交时间"],
  ] as const;
  const rows = items.map((j) => [
    j.id,
    stateOf(context, j),
    j.mode,
    j.datasets.join(", "),
    j.principal,
    moment(j.created_at),
  ]);
  return table(context.language, heads, rows);
}

const isComputedTable = ({ evidence, media_type }: Output): boolean =>
  media_type === "text/csv" && (evidence === "verified" || evidence === "recomputed");

export function outputTable(context: Context, items: readonly Output[]): string {
  const heads = [
    ["name", "名称"],
    ["type", "类型"],
    ["size", "大小"],
    ["verdict", "结论"],
    ["evidence", "依据"],
    ["id", "编号"],
  ] as const;
  const rows = items.map((o) => [
    o.name,
    o.media_type,
    o.bytes === undefined ? "" : size(o.bytes),
    o.verdict,
    o.evidence,
    o.id,
  ]);
  const shown = items.flatMap((o) =>
    o.shows === undefined ? [] : [context.say(`${o.name} shows ${o.shows}`, `${o.name} 展示：${o.shows}`)],
  );
  const findings = items.flatMap((o) =>
    (o.findings ?? [])
      .filter((f) => f.verdict !== "pass")
      .map((f) => `${o.name}: ${f.verdict} ${f.rule}: ${context.say(f.message, f.message_zh ?? f.message)}`),
  );
  const failed = items.filter((o) => o.verdict === "fail" && isComputedTable(o));
  const safer = failed.map(({ name }) =>
    context.say(
      `${name} can be had in a safe version: glovebox table … --protect suppress, protect= in a program, or glovebox job safe.`,
      `${name} 可申请安全版本：glovebox table … --protect suppress、程序中的 protect=，或 glovebox job safe。`,
    ),
  );
  return [
    table(context.language, heads, rows),
    ...(shown.length > 0 ? ["", ...shown.map(plain)] : []),
    ...(findings.length > 0 ? ["", ...findings.map(plain)] : []),
    ...(safer.length > 0 ? ["", ...safer.map(plain)] : []),
  ].join("\n");
}
