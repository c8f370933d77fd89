/** The states of an upload, as a table. Pure. An upload that ended is no longer there; the ledger has its end. */
import { GloveboxError } from "../../vocabulary/index.js";

export const UPLOAD_STATES = ["receiving", "complete", "taken", "ended"] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];
export type UploadAction = "fill" | "take" | "terminate" | "expire";

export interface UploadTransition {
  from: UploadState;
  action: UploadAction;
  to: UploadState;
  by: "owner" | "system";
  /** Empty: bytes that arrive decide nothing. */
  entry: string;
  label: string;
  label_zh: string;
}

const terminate = {
  action: "terminate",
  to: "ended",
  by: "owner",
  entry: "upload.ended",
  label: "Give up",
  label_zh: "放弃上传",
} as const;
const expire = {
  action: "expire",
  to: "ended",
  by: "system",
  entry: "upload.ended",
  label: "Expired, or its dataset or principal is gone",
  label_zh: "上传过期",
} as const;

export const UPLOAD_TRANSITIONS: readonly UploadTransition[] = [
  {
    from: "receiving",
    action: "fill",
    to: "complete",
    by: "owner",
    entry: "",
    label: "The last byte arrives",
    label_zh: "接收完毕",
  },
  {
    from: "complete",
    action: "take",
    to: "taken",
    by: "owner",
    entry: "upload.taken",
    label: "It becomes a version",
    label_zh: "导入为新版本",
  },
  { ...terminate, from: "receiving" },
  { ...terminate, from: "complete" },
  { ...expire, from: "receiving" },
  { ...expire, from: "complete" },
];

/** `receiving` and `complete` differ by what came; only what follows from a decision is stored. */
export function uploadState(row: {
  taken: boolean;
  received: number;
  length: number;
}): Exclude<UploadState, "ended"> {
  if (row.taken) return "taken";
  return row.received < row.length ? "receiving" : "complete";
}

/** @throws state_conflict saying what it is instead. */
export function uploadTransition(from: UploadState, action: UploadAction): UploadTransition {
  const row = UPLOAD_TRANSITIONS.find((t) => t.from === from && t.action === action);
  if (row) return row;
  const why: Partial<Record<UploadState, string>> = {
    receiving: "the upload is not complete yet",
    taken: "the upload has become a version",
  };
  throw new GloveboxError("state_conflict", { detail: why[from] ?? `the upload is ${from}`, state: from });
}
