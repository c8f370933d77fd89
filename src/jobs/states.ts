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
  "give_up",
  "collect",
  "finish",
  "damage",
  "hold",
  "fail",
  "stop",
  "cancel",
  "refuse",
  "close",
] as const;
export type JobEventName = (typeof JOB_EVENTS)[number];

// biome-ignore format: one row a line
export const JOB_TRANSITIONS: readonly Transition<JobState, JobEventName>[] = [
  { from: "queued", event: "claim", to: "running", who: ["worker"], guard: "fair share, backoff over, isolation offered, no dry run beside a real run", entry: "run.leased", label: "A worker takes it", label_zh: "执行器领取" },
  { from: "queued", event: "cancel", to: "cancelled", who: ["requester", "owner", "admin"], guard: "", entry: "job.cancelled", label: "Cancel", label_zh: "取消" },
  { from: "queued", event: "refuse", to: "failed", who: ["node"], guard: "a grant, dataset or principal ended, or it waited too long", entry: "job.failed", label: "Refuse", label_zh: "拒绝" },
  { from: "running", event: "lose", to: "queued", who: ["node"], guard: "fewer than three runs", entry: "job.requeued", label: "Its run was lost: try again", label_zh: "运行丢失，重试" },
  { from: "running", event: "give_up", to: "failed", who: ["node"], guard: "three runs failed by the system's fault, or the wall clock passed", entry: "job.failed", label: "Give up", label_zh: "放弃" },
  { from: "running", event: "collect", to: "checking", who: ["worker"], guard: "a real job; the run's fencing number is the newest", entry: "job.collected", label: "Its outputs are in the vault", label_zh: "产出已入库" },
  { from: "running", event: "finish", to: "done", who: ["worker"], guard: "a dry run that exited with 0", entry: "job.done", label: "Rehearsed", label_zh: "演练完成" },
  { from: "running", event: "fail", to: "failed", who: ["worker"], guard: "a dry run that did not", entry: "job.failed", label: "Rehearsal failed", label_zh: "演练失败" },
  { from: "running", event: "cancel", to: "cancelled", who: ["requester", "owner", "admin"], guard: "the run was killed or lost", entry: "job.cancelled", label: "Cancel", label_zh: "取消" },
  { from: "running", event: "refuse", to: "failed", who: ["node"], guard: "the run was killed or lost after a grant, dataset or principal ended", entry: "job.failed", label: "Refuse", label_zh: "拒绝" },
  { from: "checking", event: "hold", to: "held", who: ["node"], guard: "the program exited with 0 and every output has a verdict", entry: "job.held", label: "Checked: held for release", label_zh: "检查完毕，待放行" },
  { from: "checking", event: "fail", to: "failed", who: ["node"], guard: "the program failed or met a limit; its logs have a verdict", entry: "job.failed", label: "Failed", label_zh: "失败" },
  { from: "checking", event: "stop", to: "cancelled", who: ["node"], guard: "the run was killed on request; its logs have a verdict", entry: "job.cancelled", label: "Stopped", label_zh: "已停止" },
  { from: "checking", event: "damage", to: "queued", who: ["node"], guard: "what was collected cannot be read back; fewer than three runs", entry: "job.requeued", label: "What was collected is damaged: try again", label_zh: "采集结果损坏，重试" },
  { from: "checking", event: "give_up", to: "failed", who: ["node"], guard: "the check could not be carried out three times", entry: "job.failed", label: "Give up", label_zh: "放弃" },
  { from: "checking", event: "refuse", to: "failed", who: ["node"], guard: "a grant, dataset or principal ended; its logs have a verdict", entry: "job.failed", label: "Refuse", label_zh: "拒绝" },
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
