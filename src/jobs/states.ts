/**
 * The states of jobs and runs, as tables. The services change a state only by a row of these; the documents,
 * the ledger entry's kind and the console's buttons read the same rows.
 *
 * Rule: done, failed and cancelled are final, and so are ended and lost. A state never changes outside a row.
 */
import { GloveboxError } from "../vocabulary/index.js";
import { JOB_STATES, type JobState, RUN_STATES, type RunState } from "./job.js";

/** Who can bring an event about. `owner` is the owner of one of the job's datasets. */
export type Party = "requester" | "owner" | "admin" | "worker" | "node";

export interface Transition<S extends string, E extends string> {
  from: S;
  event: E;
  to: S;
  who: readonly Party[];
  /** What must hold besides, in words. */
  guard: string;
  /** Kind of the ledger entry that the change writes. */
  entry: string;
  label: string;
  label_zh: string;
}

export const JOB_EVENTS = [
  "claim",
  "lose",
  "collect",
  "finish",
  "hold",
  "fail",
  "cancel",
  "refuse",
  "close",
] as const;
export type JobEventName = (typeof JOB_EVENTS)[number];

// biome-ignore format: one row a line
export const JOB_TRANSITIONS: readonly Transition<JobState, JobEventName>[] = [
  { from: "queued", event: "claim", to: "running", who: ["worker", "node"], guard: "a worker, or the node for a declared table; fair share, backoff over, isolation offered, no dry run beside a real run", entry: "run.leased", label: "A worker takes it", label_zh: "执行器领取" },
  { from: "queued", event: "cancel", to: "cancelled", who: ["requester", "owner", "admin"], guard: "no run of it began", entry: "job.cancelled", label: "Cancel", label_zh: "取消" },
  { from: "queued", event: "refuse", to: "failed", who: ["node"], guard: "no run of it began; a grant, dataset or principal ended, or it waited too long", entry: "job.failed", label: "Refuse", label_zh: "拒绝" },
  { from: "queued", event: "collect", to: "checking", who: ["node"], guard: "a real job that waits for another run is to stop", entry: "job.collected", label: "Stop instead of another run", label_zh: "停止，不再重试" },
  { from: "running", event: "lose", to: "queued", who: ["node"], guard: "fewer than three runs, and it is not to stop", entry: "job.requeued", label: "Its run was lost: try again", label_zh: "运行丢失，重试" },
  { from: "running", event: "collect", to: "checking", who: ["worker", "node"], guard: "its run is over; of a dry run, one that went well", entry: "job.collected", label: "Its run is over", label_zh: "运行结束，开始检查" },
  { from: "running", event: "fail", to: "failed", who: ["worker", "node"], guard: "a dry run that did not", entry: "job.failed", label: "Rehearsal failed", label_zh: "演练失败" },
  { from: "running", event: "cancel", to: "cancelled", who: ["requester", "owner", "admin"], guard: "a dry run; it was killed or lost", entry: "job.cancelled", label: "Cancel", label_zh: "取消" },
  { from: "running", event: "refuse", to: "failed", who: ["node"], guard: "a dry run; it was killed or lost after a grant, dataset or principal ended", entry: "job.failed", label: "Refuse", label_zh: "拒绝" },
  { from: "checking", event: "hold", to: "held", who: ["node"], guard: "a real job; the program exited with 0 and every output has a verdict", entry: "job.held", label: "Checked: held for release", label_zh: "检查完毕，待放行" },
  { from: "checking", event: "finish", to: "done", who: ["node"], guard: "a dry run; every output has a verdict", entry: "job.done", label: "Rehearsed", label_zh: "演练完成" },
  { from: "checking", event: "fail", to: "failed", who: ["node"], guard: "the program failed, met a limit, or could not be run or checked three times; its logs have a verdict", entry: "job.failed", label: "Failed", label_zh: "失败" },
  { from: "checking", event: "cancel", to: "cancelled", who: ["requester", "owner", "admin"], guard: "its run was killed on request; its logs have a verdict", entry: "job.cancelled", label: "Cancel", label_zh: "取消" },
  { from: "checking", event: "refuse", to: "failed", who: ["node"], guard: "a grant, dataset or principal ended; its logs have a verdict", entry: "job.failed", label: "Refuse", label_zh: "拒绝" },
  { from: "checking", event: "lose", to: "queued", who: ["node"], guard: "what was collected cannot be read back; fewer than three runs", entry: "job.requeued", label: "What was collected is damaged: try again", label_zh: "采集结果损坏，重试" },
  { from: "held", event: "close", to: "done", who: ["requester", "node"], guard: "the requester closes it, or its retention ends", entry: "job.done", label: "Close", label_zh: "关闭" },
];

export const RUN_EVENTS = ["stage", "execute", "collect", "end", "lose"] as const;
export type RunEventName = (typeof RUN_EVENTS)[number];

const lost = (from: RunState): Transition<RunState, RunEventName> => ({
  from,
  event: "lose",
  to: "lost",
  who: ["node", "worker"],
  guard: "its lease ended, or the worker gave it back",
  entry: "run.lost",
  label: "Lost",
  label_zh: "丢失",
});
const ended = (from: RunState): Transition<RunState, RunEventName> => ({
  from,
  event: "end",
  to: "ended",
  who: ["worker"],
  guard: "the fencing number is the newest, and control holds all that was uploaded",
  entry: "run.ended",
  label: "Ended",
  label_zh: "结束",
});

// biome-ignore format: one row a line
export const RUN_TRANSITIONS: readonly Transition<RunState, RunEventName>[] = [
  { from: "leased", event: "stage", to: "staged", who: ["worker"], guard: "Views and code are decrypted in staging", entry: "run.staged", label: "Staged", label_zh: "就绪" },
  { from: "staged", event: "execute", to: "executing", who: ["worker"], guard: "the container exists; its image's layers are stated", entry: "run.executing", label: "Executing", label_zh: "执行" },
  { from: "executing", event: "collect", to: "collected", who: ["worker"], guard: "the container is dead", entry: "run.collected", label: "Collected", label_zh: "采集" },
  ended("leased"),
  ended("staged"),
  ended("executing"),
  ended("collected"),
  lost("leased"),
  lost("staged"),
  lost("executing"),
  lost("collected"),
];

export const FINAL_JOB_STATES: readonly JobState[] = JOB_STATES.filter(
  (s) => !JOB_TRANSITIONS.some((t) => t.from === s),
);
export const LIVE_RUN_STATES: readonly RunState[] = RUN_STATES.filter((s) =>
  RUN_TRANSITIONS.some((t) => t.from === s),
);

function step<S extends string, E extends string>(
  table: readonly Transition<S, E>[],
  from: S,
  event: E,
): Transition<S, E> {
  const row = table.find((t) => t.from === from && t.event === event);
  if (!row) throw new GloveboxError("state_conflict");
  return row;
}

/** @throws state_conflict when the table has no such row. */
export const jobStep = (from: JobState, event: JobEventName) => step(JOB_TRANSITIONS, from, event);
/** @throws state_conflict when the table has no such row. */
export const runStep = (from: RunState, event: RunEventName) => step(RUN_TRANSITIONS, from, event);
