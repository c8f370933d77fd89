/**
 * A few engine processes, started when needed, kept warm, replaced when they die.
 *
 * Rules: a process does one request at a time; whoever waits is served in order; the queue is bounded. A process
 * that dies takes nothing with it but the request it was reading; one that died idle costs nothing.
 */
import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { GloveboxError } from "../../vocabulary/index.js";
import { type Answer, EngineProcess } from "./exchange.js";
import type { EngineRequest, RequestOf } from "./protocol.js";

export interface PoolOptions {
  spawn: () => ChildProcess;
  processes: number;
  /** How many requests may wait. */
  queue: number;
  /** From the first byte in to the last byte out. */
  deadlineMs: number;
}

/** How many processes may die before one takes a request. */
const ATTEMPTS = 4;

interface Waiting {
  take: (process: EngineProcess) => void;
  refuse: (error: GloveboxError) => void;
}

export class EnginePool {
  private readonly idle: EngineProcess[] = [];
  private readonly all = new Set<EngineProcess>();
  private readonly waiting: Waiting[] = [];
  /** Who waits for one process and no other: each is told whether it lives. */
  private readonly pinned = new Map<EngineProcess, ((alive: boolean) => void)[]>();
  private closed = false;

  constructor(private readonly options: PoolOptions) {}

  /** The processes that live now: for figures and tests. */
  get size(): number {
    return this.all.size;
  }

  async ask<Op extends EngineRequest["op"]>(request: RequestOf<Op>, inputs: Readable[]): Promise<Answer<Op>> {
    return this.askAny(request, inputs);
  }

  /** As `ask`, and says which process answered. */
  async askAny<Op extends EngineRequest["op"]>(
    request: RequestOf<Op>,
    inputs: Readable[],
  ): Promise<Answer<Op> & { process: EngineProcess }> {
    // A source may fail while it waits; its error is seen when it is read.
    for (const input of inputs) input.on("error", () => undefined);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const process = await this.acquire();
      if (await process.offer(request, this.options.deadlineMs))
        return { ...(await process.complete<Op>(request.op, inputs, () => this.release(process))), process };
    }
    throw new GloveboxError("engine_unavailable", { detail: "no engine process could be started" });
  }

  /** Asks this process and no other, when it is free. Undefined where it died before it took the request. */
  async askOf<Op extends EngineRequest["op"]>(
    process: EngineProcess,
    request: RequestOf<Op>,
    inputs: () => Readable[] = () => [],
  ): Promise<Answer<Op> | undefined> {
    if (!(await this.acquireThis(process))) return undefined;
    if (!(await process.offer(request, this.options.deadlineMs))) return undefined;
    return process.complete<Op>(request.op, inputs(), () => this.release(process));
  }

  private async acquireThis(process: EngineProcess): Promise<boolean> {
    if (this.closed) throw this.closing();
    const at = this.idle.indexOf(process);
    if (at >= 0) {
      this.idle.splice(at, 1);
      return process.alive;
    }
    if (!process.alive) return false;
    const queue = this.pinned.get(process) ?? [];
    if (queue.length >= this.options.queue)
      throw new GloveboxError("engine_unavailable", { detail: "too many requests wait for an engine" });
    this.pinned.set(process, queue);
    return new Promise((take) => queue.push(take));
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const { refuse } of this.waiting.splice(0)) refuse(this.closing());
    const idle = new Set(this.idle.splice(0));
    await Promise.all(
      [...this.all].map((process) => {
        if (idle.has(process)) return process.stop();
        process.kill();
        return process.gone;
      }),
    );
  }

  private closing(): GloveboxError {
    return new GloveboxError("engine_unavailable", { detail: "the engines are being stopped" });
  }

  private acquire(): Promise<EngineProcess> | EngineProcess {
    if (this.closed) throw this.closing();
    for (let free = this.idle.pop(); free; free = this.idle.pop()) if (free.alive) return free;
    if (this.all.size < this.options.processes) return this.start();
    if (this.waiting.length >= this.options.queue)
      throw new GloveboxError("engine_unavailable", { detail: "too many requests wait for an engine" });
    return new Promise((take, refuse) => this.waiting.push({ take, refuse }));
  }

  private start(): EngineProcess {
    const process = new EngineProcess(this.options.spawn());
    this.all.add(process);
    void process.gone.then(() => {
      this.all.delete(process);
      for (const take of this.pinned.get(process) ?? []) take(false);
      this.pinned.delete(process);
      this.next();
    });
    return process;
  }

  private release(process: EngineProcess): void {
    if (process.alive && !this.closed) {
      const take = this.pinned.get(process)?.shift();
      if (take) {
        take(true);
        return;
      }
      this.idle.push(process);
    }
    this.next();
  }

  /** Serves who waits longest, if a process is free or may be started. */
  private next(): void {
    if (this.closed || this.waiting.length === 0) return;
    const free = this.idle.some((process) => process.alive);
    if (!free && this.all.size >= this.options.processes) return;
    const { take, refuse } = this.waiting.shift()!;
    try {
      take(this.acquire() as EngineProcess);
    } catch (error) {
      refuse(error instanceof GloveboxError ? error : this.closing());
    }
  }
}
