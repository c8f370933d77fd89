/** The airlock as the other rooms see it. */
import type { Readable } from "node:stream";
import type { Catalog } from "../catalog/index.js";
import type { Jobs } from "../jobs/index.js";
import type { Ledger } from "../ledger/index.js";
import type { Keys, Store, Vault } from "../store/index.js";
import type { Actor, Clock, Page, PageRequest } from "../vocabulary/index.js";
import type { PolicyInput, ReleasePolicyView } from "./by-policy/service.js";
import type { ReleaseInput, ReleaseView, ReviewInput } from "./release.js";

/** What the room works with. */
export interface AirlockParts {
  store: Store;
  ledger: Ledger;
  vault: Vault;
  catalog: Catalog;
  jobs: Jobs;
  keys: Pick<Keys, "sealer">;
  clock: Clock;
}

export interface FileInfo {
  media_type: string;
  bytes: number;
  sha256: string;
}

export interface Airlock {
  create(actor: Actor, input: ReleaseInput): ReleaseView;
  /** Under review, this takes the release back: it is `returned`, and the votes given so far are void. */
  replaceFile(
    actor: Actor,
    id: string,
    name: string,
    input: { output: string },
    ifMatch?: number,
  ): ReleaseView;
  /**
   * To the reviewers; or, where the signed policy of each owner lets it out, approved at once: `completed` then waits for
   * its bundle.
   */
  submit(actor: Actor, id: string, ifMatch?: number): ReleaseView;
  /** Once an approved release is released, or cannot be now: the view then. @throws not_found */
  completed(actor: Actor, id: string): Promise<ReleaseView>;
  /** What an owner lets out without people. @throws not_found */
  policy(actor: Actor, dataset: string): ReleasePolicyView;
  /** Signed by the owner. @throws not_found, forbidden, stale, invalid_input */
  setPolicy(actor: Actor, dataset: string, input: PolicyInput): ReleasePolicyView;
  withdraw(actor: Actor, id: string, ifMatch?: number): ReleaseView;
  /**
   * With the last approval the release is released before this resolves, its bundle in the vault; where the bundle
   * cannot be made now (a full disk), it stays approved, and `tick` releases it.
   */
  review(actor: Actor, id: string, input: ReviewInput, ifMatch?: number): Promise<ReleaseView>;
  get(actor: Actor, id: string): ReleaseView;
  list(actor: Actor, page?: PageRequest): Page<ReleaseView>;
  /** Canonical bytes: for its auditors, and once released for its requester. @throws not_found, forbidden */
  file(actor: Actor, id: string, name: string): { stream: Readable; info: FileInfo };
  /** @throws state_conflict until it is released */
  bundle(actor: Actor, id: string): { stream: Readable; info: FileInfo };
  /** Ends what a crash left approved without a bundle. Call it at the start and about once a second. */
  tick(): Promise<void>;
}
