/**
 * The Executor: what every isolation level offers to a worker, and all that a worker knows of it.
 *
 * Rules. The order of calls is prepare → start → wait → collect → remove; `kill` may come at any moment after
 * prepare, `remove` after anything and any number of times. Nothing of the program's making is read before its
 * death. Whatever a program writes (names, counts, sizes, exit codes) is hostile and data-dependent: it never
 * enters an error, a log line or a label.
 */
import type { Readable } from "node:stream";
import type { IsolationLevel, LimitName } from "../vocabulary/index.js";

/** An image as it lies in an engine's store. `layers` (RootFS.Layers) identify its content: ids change with each import. */
export interface ImageRef {
  /** What a job calls it: "python". */
  name: string;
  /** What the engine calls it: an immutable id, never a tag. */
  reference: string;
  layers: string[];
  /** Digest of the recipe that built it. */
  recipe: string;
  /** Digest of the list of installed packages with versions. */
  packages?: string;
}

/** Hard limits of one run. Files in /out and /tmp lie in memory: they count towards `disk_mb` and `memory_mb` both. */
export interface Limits {
  cpus: number;
  memory_mb: number;
  pids: number;
  /** /out and /tmp together. */
  disk_mb: number;
  wall_s: number;
}

export interface RunSpec {
  runId: string;
  /** Whose run it is: sweeps touch the containers and mounts of their own node only. */
  node: string;
  image: ImageRef;
  command: string[];
  /** Only GLOVEBOX_* names; everything else a program sees in its environment is the executor's own. */
  env: Record<string, string>;
  /** Host folder that becomes /data, read-only. */
  dataDir: string;
  /** Host folder that becomes /work, the working folder, read-only. */
  workDir: string;
  limits: Limits;
  /** Exact names; nothing else that the program writes is kept. */
  outputs: string[];
  /** Largest kept output in bytes; by default what fits on the disk. */
  maxOutputBytes?: number;
}

/** A run made ready. Opaque to callers: an executor reads its own handles only. */
export interface Prepared {
  readonly runId: string;
  readonly level: IsolationLevel;
  /** True: it was given a container that had been started beforehand and waited. */
  readonly ready?: boolean;
}

export const OUTCOMES = ["exited", "memory", "wall", "disk", "pids", "log", "killed", "system"] as const;
/** How a run ended: by itself, at a limit, by `kill`, or because the platform failed. */
export type Outcome = (typeof OUTCOMES)[number];

/** The limit that an outcome means, if any. */
export function limitOf(outcome: Outcome): LimitName | undefined {
  return outcome === "exited" || outcome === "killed" || outcome === "system" ? undefined : outcome;
}

export interface Exit {
  outcome: Outcome;
  /** Of the program, where it ended by itself; 128 + signal where a signal ended it. */
  exitCode?: number;
  /** Milliseconds since 1970, by the executor's clock. */
  startedAt: number;
  endedAt: number;
  /** The first bytes of each, at most the log cap. */
  stdout: Buffer;
  stderr: Buffer;
  logsTruncated: boolean;
}

export interface CollectedFile {
  name: string;
  bytes: number;
  /** At most `bytes` bytes; may be called once, before `remove`. */
  open(): Readable;
}

export const REFUSAL_REASONS = [
  "undeclared",
  "missing",
  "not_a_file",
  "linked",
  "too_large",
  "unreadable",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Something that was not collected. Only declared names are named: all others were chosen by the program. */
export interface Refusal {
  name?: string;
  reason: RefusalReason;
  count: number;
}

/** What a dead run left. `refusals` is complete once the iteration has ended. */
export interface Collection extends AsyncIterable<CollectedFile> {
  readonly refusals: readonly Refusal[];
}

/** One control of an isolation level on this machine, for `doctor`. */
export interface ProbeItem {
  name: string;
  ok: boolean;
  note: string;
}
export interface Probe {
  level: IsolationLevel;
  /** Runs can be executed at this level. Items that are not ok may still weaken or slow it, and say how. */
  available: boolean;
  items: ProbeItem[];
}

export interface Executor {
  readonly level: IsolationLevel;
  probe(): Promise<Probe>;
  prepare(spec: RunSpec): Promise<Prepared>;
  start(prepared: Prepared): Promise<void>;
  /** Resolves when the program and all its processes are dead. An aborted signal kills: outcome "killed". */
  wait(prepared: Prepared, signal?: AbortSignal): Promise<Exit>;
  kill(prepared: Prepared): Promise<void>;
  collect(prepared: Prepared): Collection;
  remove(prepared: Prepared): Promise<void>;
  /** Removes what crashed workers of this node left, but for the runs in `keep`; returns the removed run ids. */
  sweep(keep: ReadonlySet<string>): Promise<string[]>;
}
