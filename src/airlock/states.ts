/**
 * The states of releases, as a table. The service changes a state only by a row of it; the documents, the ledger
 * entry's kind and the console's buttons read the same rows.
 *
 * Rules: released, rejected and withdrawn are final. No row leads to approved but the one out of reviewed, and the one by
 * the owners' signed policies (by-policy/bars.ts); and none to released but the one out of approved. None of these has a
 * person in it.
 */
import { GloveboxError } from "../vocabulary/index.js";
import { RELEASE_STATES, type ReleaseState } from "./release.js";

/** Who can bring an event about. `reviewer`: an auditor whom `REVIEW_BARS` (policy.ts) does not bar. */
export type Party = "requester" | "reviewer" | "node";

export const RELEASE_EVENTS = [
  "replace",
  "submit",
  "withdraw",
  "review",
  "complete_review",
  "overtake",
  "approve",
  "approve_by_policy",
  "reject",
  "return",
  "release",
] as const;
export type ReleaseEventName = (typeof RELEASE_EVENTS)[number];

export interface ReleaseTransition {
  from: ReleaseState;
  event: ReleaseEventName;
  to: ReleaseState;
  who: readonly Party[];
  /** What must hold besides, in words. */
  guard: string;
  /** Kind of the ledger entry that the change writes. */
  entry: string;
  label: string;
  label_zh: string;
}

// biome-ignore format: one row a line
export const RELEASE_TRANSITIONS: readonly ReleaseTransition[] = [
  { from: "pending", event: "replace", to: "pending", who: ["requester"], guard: "another held output of the same job and media type", entry: "release.changed", label: "Replace a file", label_zh: "替换文件" },
  { from: "pending", event: "submit", to: "submitted", who: ["requester"], guard: "two auditors of each dataset may review it", entry: "release.submitted", label: "Submit for review", label_zh: "提交审核" },
  { from: "pending", event: "withdraw", to: "withdrawn", who: ["requester"], guard: "", entry: "release.withdrawn", label: "Withdraw", label_zh: "撤回" },
  { from: "submitted", event: "approve_by_policy", to: "approved", who: ["node"], guard: "at its submission: verified tables that passed, let out by the signed policy of each owner, and provably apart from all that went out before", entry: "release.approved", label: "Approved by the owner's policy", label_zh: "按数据提供方策略通过" },
  { from: "submitted", event: "replace", to: "returned", who: ["requester"], guard: "another held output of the same job and media type", entry: "release.changed", label: "Replace a file: takes it back from review", label_zh: "替换文件（退出审核）" },
  { from: "submitted", event: "review", to: "partially_reviewed", who: ["reviewer"], guard: "signed votes on the present hashes; more reviews are needed", entry: "release.reviewed", label: "Review", label_zh: "审核" },
  { from: "partially_reviewed", event: "replace", to: "returned", who: ["requester"], guard: "another held output of the same job and media type; this round's votes are void", entry: "release.changed", label: "Replace a file: takes it back from review", label_zh: "替换文件（退出审核，投票作废）" },
  { from: "partially_reviewed", event: "review", to: "partially_reviewed", who: ["reviewer"], guard: "signed votes on the present hashes; more reviews are needed (several owners)", entry: "release.reviewed", label: "Review", label_zh: "审核" },
  { from: "partially_reviewed", event: "complete_review", to: "reviewed", who: ["reviewer"], guard: "signed votes on the present hashes; two reviews for each dataset are in", entry: "release.reviewed", label: "Review", label_zh: "审核" },
  { from: "partially_reviewed", event: "overtake", to: "returned", who: ["node"], guard: "tables of the same data were released since the first vote, and descriptions do not show that they are harmless beside it; this round's votes are void", entry: "release.overtaken", label: "Overtaken by another release", label_zh: "因其他放行而退回（投票作废）" },
  { from: "reviewed", event: "approve", to: "approved", who: ["node"], guard: "all decided approve", entry: "release.approved", label: "Approved", label_zh: "通过" },
  { from: "reviewed", event: "reject", to: "rejected", who: ["node"], guard: "all decided reject", entry: "release.rejected", label: "Rejected", label_zh: "拒绝" },
  { from: "reviewed", event: "return", to: "returned", who: ["node"], guard: "anything else", entry: "release.returned", label: "Returned", label_zh: "退回" },
  { from: "returned", event: "replace", to: "returned", who: ["requester"], guard: "another held output of the same job and media type", entry: "release.changed", label: "Replace a file", label_zh: "替换文件" },
  { from: "returned", event: "submit", to: "submitted", who: ["requester"], guard: "two auditors of each dataset may review it", entry: "release.submitted", label: "Submit again", label_zh: "再次提交" },
  { from: "returned", event: "withdraw", to: "withdrawn", who: ["requester"], guard: "", entry: "release.withdrawn", label: "Withdraw", label_zh: "撤回" },
  { from: "approved", event: "release", to: "released", who: ["node"], guard: "the bundle is in the vault", entry: "release.released", label: "Released", label_zh: "放行" },
];

export const INITIAL_STATE: ReleaseState = "pending";
export const FINAL_RELEASE_STATES: readonly ReleaseState[] = RELEASE_STATES.filter(
  (s) => !RELEASE_TRANSITIONS.some((t) => t.from === s),
);

export const findStep = (from: ReleaseState, event: ReleaseEventName): ReleaseTransition | undefined =>
  RELEASE_TRANSITIONS.find((t) => t.from === from && t.event === event);

/** @throws state_conflict when the table has no such row. */
export function releaseStep(from: ReleaseState, event: ReleaseEventName): ReleaseTransition {
  const row = findStep(from, event);
  if (!row)
    throw new GloveboxError("state_conflict", { detail: `the release is ${from.replaceAll("_", " ")}` });
  return row;
}
