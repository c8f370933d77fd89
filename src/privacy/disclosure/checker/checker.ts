/**
 * The node's side of checking: one process a file, one process waiting.
 *
 * Rules: a process reads one file and is killed, so a hostile file cannot touch the next. A file can cost no
 * more than the caps and never hangs a check: time-out, crash and malformed answer are each a `fail` of the
 * file. Only a process that cannot be started at all is the machine's fault. Empty logs need no process.
 */

import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Evidence } from "../../../vocabulary/index.js";
import { GloveboxError } from "../../../vocabulary/index.js";
import type { Canonical } from "../canonical.js";
import { mediaTypeOf } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeUnread, withoutBytes } from "../rebuild.js";
import { checkerGaveUp } from "../rules/limits.js";
import { AnswerHeader } from "./answer.js";
import type { Frame } from "./frames.js";
import { CheckerProcess } from "./process.js";

export interface CheckInput {
  /** The output's declared name; its extension decides which parser reads it. */
  name: string;
  source: Readable;
  /** Exact length of source. */
  bytes: number;
  policy: DisclosurePolicy;
  /** Default "unverified": nobody but the program vouches for the file. */
  evidence?: Evidence;
}

/** Starts one confined process running CHECKER_ENTRY, with stdin and stdout as binary pipes. */
export type SpawnChecker = (memoryMb: number, cpuSeconds: number) => ChildProcess;

/** The compiled program of a checker process, from the package's root. */
export const CHECKER_ENTRY = "dist/privacy/disclosure/checker/main.js";

export interface CheckerCaps {
  memoryMb: number;
  cpuSeconds: number;
  /** From the question to the answer. */
  wallMs: number;
  /** From the start of a process to its readiness. */
  startMs: number;
  /** Files checked at once. */
  concurrency: number;
}

export const DEFAULT_CAPS: CheckerCaps = {
  memoryMb: 768,
  cpuSeconds: 30,
  wallMs: 45_000,
  startMs: 20_000,
  concurrency: 2,
};

export interface Checker {
  /**
   * Never rejects because of what a file holds: a hostile file yields findings with `fail`.
   * @throws engine_unavailable when no checker process can be started, or the checker is closed
   */
  canonicalise(input: CheckInput): Promise<Canonical>;
  /** Ends all processes; checks under way end with engine_unavailable. */
  close(): Promise<void>;
}

export function createChecker(options: { spawn: SpawnChecker; caps?: Partial<CheckerCaps> }): Checker {
  return new ProcessChecker(options.spawn, { ...DEFAULT_CAPS, ...options.caps });
}

class ProcessChecker implements Checker {
  private spare: CheckerProcess | undefined;
  private readonly busy = new Set<CheckerProcess>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private closed = false;

  constructor(
    private readonly spawn: SpawnChecker,
    private readonly caps: CheckerCaps,
  ) {
    this.refill();
  }

  async canonicalise(input: CheckInput): Promise<Canonical> {
    const unread = judgeUnread(input.name, input.bytes, input.policy);
    if (unread !== undefined) {
      input.source.destroy();
      return unread;
    }
    await this.enter();
    try {
      return await this.checkInProcess(input);
    } finally {
      this.leave();
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const wake of this.waiting.splice(0)) wake();
    const all = [...this.busy, ...(this.spare === undefined ? [] : [this.spare])];
    this.spare = undefined;
    await Promise.all(all.map((p) => p.end()));
  }

  private async enter(): Promise<void> {
    if (this.running < this.caps.concurrency) this.running++;
    // who leaves hands its place on
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.running--;
    else next();
  }

  private start(): CheckerProcess {
    const child = this.spawn(this.caps.memoryMb, this.caps.cpuSeconds);
    return new CheckerProcess(child, this.caps.startMs);
  }

  private refill(): void {
    if (this.closed || this.spare !== undefined) return;
    try {
      this.spare = this.start();
    } catch {
      // the next check tries again and says why
      this.spare = undefined;
    }
  }

  /** The waiting process where it is well, else a fresh one. */
  private async ready(): Promise<CheckerProcess> {
    const spare = this.spare;
    this.spare = undefined;
    if (spare !== undefined && (await this.becomesReady(spare).catch(() => false))) return spare;
    const fresh = this.start();
    await this.becomesReady(fresh);
    return fresh;
  }

  private async becomesReady(process: CheckerProcess): Promise<boolean> {
    this.busy.add(process);
    try {
      await process.ready;
      if (process.alive && !this.closed) return true;
      throw new GloveboxError("engine_unavailable", { detail: "The checker has ended." });
    } catch (error) {
      this.busy.delete(process);
      await process.end();
      throw error;
    }
  }

  private async checkInProcess(input: CheckInput): Promise<Canonical> {
    if (this.closed) throw new GloveboxError("engine_unavailable", { detail: "The checker is closed." });
    const process = await this.ready();
    // the next one starts while this one reads
    this.refill();
    try {
      const outcome = await process.ask(input, this.caps.wallMs);
      if (this.closed) throw new GloveboxError("engine_unavailable", { detail: "The checker is closed." });
      return typeof outcome === "string"
        ? withoutBytes(input.name, checkerGaveUp(outcome))
        : accept(input, outcome);
    } finally {
      this.busy.delete(process);
      await process.end();
    }
  }
}

/** The answer as a Canonical; what can be computed here is, and is not taken from the checker. */
function accept(input: CheckInput, frame: Frame): Canonical {
  const parsed = AnswerHeader.safeParse(frame.header);
  const malformed = () => withoutBytes(input.name, checkerGaveUp("answer"));
  if (!parsed.success) return malformed();
  const { rebuilt, capacity_bytes, findings, text_names, table } = parsed.data;
  const canonical = rebuilt ? frame.bodies[0] : undefined;
  const contents = frame.bodies.slice(rebuilt ? 1 : 0);
  const tooLong = canonical !== undefined && canonical.length > input.policy.max_output_bytes;
  if (contents.length !== text_names.length || tooLong || rebuilt !== (canonical !== undefined))
    return malformed();
  // without bytes there must be a reason
  if (canonical === undefined && !findings.some((f) => f.verdict === "fail")) return malformed();
  return {
    media_type: mediaTypeOf(input.name)!.media_type,
    canonical,
    bytes: canonical?.length ?? 0,
    sha256: canonical === undefined ? undefined : createHash("sha256").update(canonical).digest("hex"),
    findings,
    capacity_bytes,
    texts: contents.map((content, i) => ({ name: text_names[i]!, content })),
    ...(table === undefined ? {} : { table }),
  };
}
