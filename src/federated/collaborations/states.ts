/** States of a collaboration in one domain, and what moves them. Pure. */
import { GloveboxError } from "../../vocabulary/index.js";

export const COLLABORATION_STATES = [
  "invited",
  "joined",
  "active",
  "suspended",
  "withdrawn",
  "ended",
] as const;
export type CollaborationState = (typeof COLLABORATION_STATES)[number];

export const MOVES = ["join", "complete", "suspend", "withdraw", "end"] as const;
export type Move = (typeof MOVES)[number];

// biome-ignore format: one state a line
export const COLLABORATION_TABLE: Record<CollaborationState, Partial<Record<Move, CollaborationState>>> = {
  invited: { join: "joined", withdraw: "withdrawn", end: "ended" },
  joined: { complete: "active", suspend: "suspended", withdraw: "withdrawn", end: "ended" },
  active: { suspend: "suspended", withdraw: "withdrawn", end: "ended" },
  suspended: { withdraw: "withdrawn", end: "ended" },
  withdrawn: {},
  ended: {},
};

/** @throws state_conflict */
export function moved(state: CollaborationState, move: Move): CollaborationState {
  const next = COLLABORATION_TABLE[state][move];
  if (next === undefined)
    throw new GloveboxError("state_conflict", { detail: `the collaboration is ${state}`, state });
  return next;
}
