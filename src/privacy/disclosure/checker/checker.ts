/** The parent's side of a checker process. */
import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import type { Evidence } from "../../../vocabulary/index.js";
import type { Canonical } from "../canonical.js";
import type { DisclosurePolicy } from "../policy.js";

export interface CheckInput {
  /** The output's declared name; its extension decides which parser reads it. */
  name: string;
  source: Readable;
  bytes: number;
  policy: DisclosurePolicy;
  /** Default "unverified": nobody but the program vouches for the file. */
  evidence?: Evidence;
}

/** Starts one confined process running CHECKER_ENTRY, with stdin and stdout as binary pipes. */
export type SpawnChecker = (memoryMb: number, cpuSeconds: number) => ChildProcess;

export interface Checker {
  /**
   * Never rejects because of what a file holds: a hostile file yields findings with `fail`.
   * @throws engine_unavailable when no checker process can be started at all.
   */
  canonicalise(input: CheckInput): Promise<Canonical>;
  /** Ends waiting processes; checks under way end with engine_unavailable. */
  close(): Promise<void>;
}
