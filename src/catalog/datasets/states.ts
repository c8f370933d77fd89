/**
 * The states of a dataset, as a table: the docs page, the permission check, the ledger entry and the console's
 * button all read it. Every action is the owner's own; nobody else moves a dataset, the admin included.
 */
import { GloveboxError } from "../../vocabulary/index.js";
import type { DatasetState } from "./schemas.js";

export type DatasetAction = "assess" | "publish" | "suspend" | "retire";

export interface DatasetTransition {
  from: DatasetState;
  action: DatasetAction;
  to: DatasetState;
  by: "owner";
  /** What must hold besides; see policy.ts. */
  guard?: "content" | "in_step";
  entry: string;
  /** A transactional event, for rooms that must act on it. */
  emits?: "dataset.suspended" | "dataset.retired";
  label: string;
  label_zh: string;
}

const assess = { action: "assess", by: "owner", guard: "content", entry: "dataset.assessed" } as const;
const publish = {
  action: "publish",
  to: "published",
  by: "owner",
  guard: "in_step",
  entry: "dataset.published",
} as const;
const retire = {
  action: "retire",
  to: "retired",
  by: "owner",
  entry: "dataset.retired",
  emits: "dataset.retired",
  label: "Retire for good",
  label_zh: "注销",
} as const;

export const DATASET_TRANSITIONS: readonly DatasetTransition[] = [
  { ...assess, from: "draft", to: "assessed", label: "Assess", label_zh: "评估" },
  { ...assess, from: "assessed", to: "assessed", label: "Assess again", label_zh: "重新评估" },
  { ...assess, from: "suspended", to: "suspended", label: "Assess again", label_zh: "重新评估" },
  { ...publish, from: "assessed", label: "Publish", label_zh: "发布" },
  { ...publish, from: "suspended", label: "Publish again", label_zh: "恢复发布" },
  {
    from: "published",
    action: "suspend",
    to: "suspended",
    by: "owner",
    entry: "dataset.suspended",
    emits: "dataset.suspended",
    label: "Suspend",
    label_zh: "暂停",
  },
  { ...retire, from: "published" },
  { ...retire, from: "suspended" },
];

/** @throws state_conflict naming what is possible instead. */
export function datasetTransition(from: DatasetState, action: DatasetAction): DatasetTransition {
  const row = DATASET_TRANSITIONS.find((t) => t.from === from && t.action === action);
  if (row) return row;
  const possible = DATASET_TRANSITIONS.filter((t) => t.from === from).map((t) => t.action);
  throw new GloveboxError("state_conflict", {
    detail: `cannot ${action} a dataset that is ${from}; possible: ${possible.join(", ") || "nothing"}`,
    state: from,
  });
}
