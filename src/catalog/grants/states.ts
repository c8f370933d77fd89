/**
 * The states of a grant, as a table: the docs page, the permission check, the ledger entry and the console's button
 * all read it. Only the dataset's owner decides; the node itself ends what is past its time, and what belongs to a
 * principal who was revoked.
 */
import { GloveboxError } from "../../vocabulary/index.js";
import type { GrantState } from "./schemas.js";

export type GrantAction = "approve" | "refuse" | "revoke" | "expire";

export interface GrantTransition {
  from: GrantState;
  action: GrantAction;
  to: GrantState;
  by: "owner" | "system";
  entry: string;
  /** A transactional event, for rooms that must act on it. */
  emits?: "grant.revoked" | "grant.expired";
  label: string;
  label_zh: string;
}

export const GRANT_TRANSITIONS: readonly GrantTransition[] = [
  {
    from: "requested",
    action: "approve",
    to: "active",
    by: "owner",
    entry: "grant.approved",
    label: "Approve",
    label_zh: "批准",
  },
  {
    from: "requested",
    action: "refuse",
    to: "refused",
    by: "owner",
    entry: "grant.refused",
    label: "Refuse",
    label_zh: "拒绝",
  },
  {
    from: "active",
    action: "revoke",
    to: "revoked",
    by: "owner",
    entry: "grant.revoked",
    emits: "grant.revoked",
    label: "Revoke",
    label_zh: "撤销",
  },
  {
    from: "active",
    action: "expire",
    to: "expired",
    by: "system",
    entry: "grant.expired",
    emits: "grant.expired",
    label: "Expires by itself",
    label_zh: "到期失效",
  },
];

/** @throws state_conflict naming what is possible instead. */
export function grantTransition(from: GrantState, action: GrantAction): GrantTransition {
  const row = GRANT_TRANSITIONS.find((t) => t.from === from && t.action === action);
  if (row) return row;
  const possible = GRANT_TRANSITIONS.filter((t) => t.from === from && t.by === "owner").map((t) => t.action);
  throw new GloveboxError("state_conflict", {
    detail: `cannot ${action} a grant that is ${from}; possible: ${possible.join(", ") || "nothing"}`,
    state: from,
  });
}
