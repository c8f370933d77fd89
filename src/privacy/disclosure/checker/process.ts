/** One checker process, from its start to its death; it answers one question. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Evidence } from "../../../vocabulary/index.js";
import { GloveboxError } from "../../../vocabulary/index.js";
import type { DisclosurePolicy } from "../policy.js";
import type { Frame } from "./frames.js";
import { encodeHeader, FrameReader, READY } from "./frames.js";

/** All bodies of one answer: canonical bytes, and streams to search. */
const MAX_ANSWER_BODIES = 256 * 1024 * 1024;

export interface Question {
  name: string;
  source: Readable;
  bytes: number;
  policy: DisclosurePolicy;
  evidence?: Evidence;
}

/** How a process failed to answer; see rules/limits.ts. */
export type GaveUp = "time" | "ended" | "answer";

export class CheckerProcess {
  /** Rejects with engine_unavailable. */
  readonly ready: Promise<void>;
  private readonly gone: Promise<void>;
  private readonly frames = new FrameReader(MAX_ANSWER_BODIES);
  private onFrame: (frame: Frame) => void = () => {};
  private onGaveUp: (how: GaveUp) => void = () => {};

  constructor(
    private readonly child: ChildProcess,
    startMs: number,
  ) {
    this.gone = new Promise((resolve) => {
      child.once("error", () => {
        this.onGaveUp("ended");
        if (child.pid === undefined) resolve();
      });
      child.once("exit", () => resolve());
      // an answer may still be in the pipe when the process has exited; when the pipe is closed there is none
      child.once("close", () => this.onGaveUp("ended"));
    });
    child.stderr?.resume();
    // a process that dies while it is written to: its end is what counts
    child.stdin?.on("error", () => {});
    child.stdout?.on("error", () => {});
    child.stdout?.on("data", (chunk: Buffer) => this.read(chunk));
    this.ready = this.awaitReady(startMs);
    // a spare that dies is noticed when it is wanted
    this.ready.catch(() => {});
  }

  private read(chunk: Buffer): void {
    try {
      const frame = this.frames.push(chunk);
      if (frame !== undefined) this.onFrame(frame);
    } catch {
      this.onGaveUp("answer");
    }
  }

  private next(ms: number): Promise<Frame | GaveUp> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve("time"), ms);
      const settle = (outcome: Frame | GaveUp) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      this.onFrame = settle;
      this.onGaveUp = settle;
    });
  }

  private async awaitReady(ms: number): Promise<void> {
    const first = await this.next(ms);
    const header = typeof first === "string" ? {} : (first.header as Partial<typeof READY>);
    if (header.checker === READY.checker) return;
    throw new GloveboxError("engine_unavailable", { detail: "No checker process could be started." });
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** @throws what `source` throws; a source of another length than stated is an `internal` error */
  ask(question: Question, wallMs: number): Promise<Frame | GaveUp> {
    const answer = this.next(wallMs);
    // a failed source ends the check at once; an answer or an end may come before all was sent
    return Promise.race([answer, this.send(question).then(() => answer)]);
  }

  private async send({ name, source, bytes, policy, evidence = "unverified" }: Question): Promise<void> {
    const stdin = this.child.stdin!;
    for (const part of encodeHeader({ name, policy, evidence }, [bytes])) stdin.write(part);
    let sent = 0;
    for await (const chunk of source) {
      if (stdin.destroyed) return;
      sent += (chunk as Buffer).length;
      if (sent > bytes) break;
      if (!stdin.write(chunk)) await Promise.race([once(stdin, "drain").catch(() => {}), this.gone]);
    }
    if (sent !== bytes)
      throw new GloveboxError("internal", { detail: "an output is not as long as recorded" });
  }

  /** Kills it and waits until it is gone. Its pipes may be held by a child of its own, so they are cut. */
  async end(): Promise<void> {
    if (this.alive) this.child.kill("SIGKILL");
    await this.gone;
    for (const pipe of [this.child.stdin, this.child.stdout, this.child.stderr]) pipe?.destroy();
  }
}
