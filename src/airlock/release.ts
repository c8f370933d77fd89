/** Releases in the words in which they are asked about, and how they are seen. */
import type { FindingView } from "../jobs/index.js";
import type {
  DatasetId,
  Evidence,
  GrantId,
  JobId,
  OutputId,
  PrincipalId,
  ReleaseId,
  ReviewId,
  Verdict,
} from "../vocabulary/index.js";

export const RELEASE_STATES = [
  "pending",
  "submitted",
  "partially_reviewed",
  "reviewed",
  "approved",
  "released",
  "returned",
  "rejected",
  "withdrawn",
] as const;
export type ReleaseState = (typeof RELEASE_STATES)[number];

export const VOTES = ["approved", "changes_requested", "undecided"] as const;
export type Vote = (typeof VOTES)[number];
export const DECISIONS = ["approve", "return", "reject"] as const;
export type Decision = (typeof DECISIONS)[number];

export interface ReleaseInput {
  job: string;
  /** Ids of held outputs of the job. */
  outputs: string[];
  justification: string;
}

export interface ReviewInput {
  files: Record<string, { sha256: string; vote: Vote }>;
  decision: Decision;
  comment?: string;
  /** Why a file goes out although a check failed. */
  overrides?: Record<string, string>;
  /** Base64 Ed25519 over the statement (statement.ts). */
  signature: string;
}

/** What a reviewer signs. */
export type Statement = Omit<ReviewInput, "signature"> & { release: string };

export interface ReleaseFile {
  name: string;
  output: OutputId;
  /** Of the canonical bytes; hex. */
  sha256: string;
}

export interface Review {
  id: ReviewId;
  reviewer: PrincipalId;
  round: number;
  statement: Statement;
  /** Base64, 32 random bytes: keeps the ledger's entry of the vote from telling the vote. */
  salt: string;
  public_key: string;
  signature: string;
  /** Its round came to an end by its reviews; a round that was taken back never does. */
  complete: boolean;
  created_at: number;
}

/** A dataset that a release's job read, and who stands for it. */
export interface ReleaseDataset {
  dataset: DatasetId;
  name: string;
  owner: PrincipalId;
  /** Named by the owner, holding the role, not revoked. */
  auditors: readonly PrincipalId[];
  grant: GrantId;
  /** Who gave the grant. */
  granted_by: PrincipalId | null;
}

export interface Release {
  id: ReleaseId;
  job: JobId;
  /** Who asks for the release. */
  principal: PrincipalId;
  /** Whose job it was. */
  author: PrincipalId;
  justification: string;
  state: ReleaseState;
  /** Moves on with each submission and each taking back; reviews count in their own round only. */
  round: number;
  files: readonly ReleaseFile[];
  datasets: readonly ReleaseDataset[];
  /** Of all rounds, oldest first. */
  reviews: readonly Review[];
  created_at: number;
  submitted_at: number | null;
  released_at: number | null;
  rev: number;
}

/** How much of a message there is room for, and how many records of the data that would be. */
export interface Room {
  bytes: number;
  records: number;
}

export interface ReleaseRoom {
  /** What a record was reckoned at. */
  record_bytes: number;
  /** In all outputs of the job. */
  job: Room;
  /** In all files that went out to the requester from these datasets so far. */
  to_date: Room & { files: number };
}

export interface ReleaseFileView {
  name: string;
  output: OutputId;
  sha256?: string;
  media_type?: string;
  bytes?: number;
  verdict?: Verdict;
  evidence?: Evidence;
  /** Of what the node computed: what it shows, in words. */
  shows?: string;
  /** To auditors. */
  room?: Room;
  /** To auditors, what needs a human first. */
  findings?: FindingView[];
}

export interface ReviewView {
  reviewer: string;
  round: number;
  decision: Decision;
  files: Statement["files"];
  comment?: string;
  overrides?: Record<string, string>;
  created_at: string;
}

export interface ReleaseView {
  id: ReleaseId;
  job: JobId;
  state: ReleaseState;
  justification: string;
  principal: string;
  round: number;
  files: ReleaseFileView[];
  /** Reviews of this round that are in, and how many more are needed at least. */
  reviews_in: number;
  reviews_needed: number;
  /** By whom it was let out, once it was. */
  approved_by?: "reviewers" | "policy";
  reviews: ReviewView[];
  /** To auditors. */
  room?: ReleaseRoom;
  created_at: string;
  submitted_at?: string;
  released_at?: string;
  rev: number;
}
