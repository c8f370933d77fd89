/** States of a collaboration in one domain, what moves them, and why one goes on no more. Pure. */
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

export const MOVES = ["join", "complete", "suspend", "resume", "withdraw", "end"] as const;
export type Move = (typeof MOVES)[number];

// biome-ignore format: one state a line
export const COLLABORATION_TABLE: Record<CollaborationState, Partial<Record<Move, CollaborationState>>> = {
  invited: { join: "joined", withdraw: "withdrawn", end: "ended" },
  joined: { complete: "active", suspend: "suspended", withdraw: "withdrawn", end: "ended" },
  active: { suspend: "suspended", withdraw: "withdrawn", end: "ended" },
  suspended: { resume: "joined", withdraw: "withdrawn", end: "ended" },
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

/** Why a collaboration is suspended, or over, in this domain. */
export const STOPS = [
  /** Its own operator said so. */
  "operator",
  /** Its owner's grant, or the data, no longer allow it. */
  "consent",
  /** The board showed what cannot be; the ledger has the evidence. */
  "evidence",
  /** A key of it was revoked here. */
  "revoked",
  "withdrawn",
  "ended",
  /** One of its domains has another key now. */
  "rotated",
] as const;
export type Stop = (typeof STOPS)[number];

export interface Stopped {
  why: Stop;
  /** Name of the domain whose doing it was; absent: this one's. */
  by?: string;
  /** What this domain's people wrote of it. */
  note?: string;
}

/** From which stops an operator may go on: what the board showed stays shown. */
export const RESUMABLE: ReadonlySet<Stop> = new Set(["operator", "consent", "revoked"]);
