/**
 * The thread of sums as control sees it: started when needed, one step after the other, ended when it was not asked for a
 * while. Steps take tens of milliseconds of a processor each, during which control answers everybody else.
 *
 * Rules: a thread that dies or does not answer has told nothing: whoever asked takes its step again, on another one. What
 * a step draws is told to its caller alone, and counts from when it is kept (member/secrets.ts).
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { Malformed, type SecretShare, WrongShares } from "../../privacy/index.js";
import { packageRoot } from "../../store/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { Given, Made, Operation, SumsAnswer, SumsParameters } from "./messages.js";

export interface SumsLimits {
  heapMb: number;
  /** Of one step. */
  deadlineMs: number;
  idleMs: number;
}

const LIMITS: SumsLimits = { heapMb: 1_024, deadlineMs: 60_000, idleMs: 120_000 };
const ENTRY = "dist/federated/sums/main.js";

interface Waiting {
  worker: Worker;
  heard(answer: SumsAnswer): void;
  gone(): void;
}

export class SumsThread {
  private worker: Worker | undefined;
  private known: SumsParameters | undefined;
  private waiting: Waiting | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private idle: NodeJS.Timeout | undefined;
  private next = 1;

  constructor(private readonly limits: SumsLimits = LIMITS) {}

  async parameters(): Promise<SumsParameters> {
    if (this.known === undefined) await this.turn(() => this.started());
    return this.known!;
  }

  /** @param label names the attempt */
  keyShare(label: Uint8Array): Promise<{ secret: SecretShare; content: Uint8Array }> {
    return this.ask("keyShare", [label]);
  }

  /** @throws Malformed */
  collective(shares: readonly Uint8Array[]): Promise<Uint8Array> {
    return this.ask("collective", [shares]);
  }

  encrypt(label: Uint8Array, collective: Uint8Array, slots: BigInt64Array): Promise<Uint8Array> {
    return this.ask("encrypt", [label, collective, slots]);
  }

  /** @throws Malformed */
  addUp(ciphertexts: readonly Uint8Array[]): Promise<Uint8Array> {
    return this.ask("addUp", [ciphertexts]);
  }

  share(sum: Uint8Array, secret: SecretShare): Promise<Uint8Array> {
    return this.ask("share", [sum, secret]);
  }

  /** @throws Malformed, WrongShares */
  open(sum: Uint8Array, shares: readonly Uint8Array[]): Promise<BigInt64Array> {
    return this.ask("open", [sum, shares]);
  }

  /** After the step that is under way. */
  async close(): Promise<void> {
    await this.last;
    await this.end();
  }

  /** At once: a step that is under way is not answered. */
  async end(): Promise<void> {
    clearTimeout(this.idle);
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private ask<O extends Operation>(operation: O, given: Given<O>): Promise<Made<O>> {
    return this.turn(async () => {
      const worker = await this.started();
      const id = this.next++;
      const answer = await this.answerOf(worker, () => {
        const own = copied(given);
        worker.postMessage({ id, operation, given: own.value }, own.buffers);
      });
      if ("made" in answer) return answer.made as Made<O>;
      if ("malformed" in answer) throw new Malformed(answer.malformed);
      if ("wrong" in answer) throw new WrongShares();
      if ("refused" in answer) throw new GloveboxError(answer.refused.code, answer.refused.params);
      throw new GloveboxError("internal", { detail: "a step of a sum failed" });
    });
  }

  private turn<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.idle);
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined).then(() => this.rest());
    return turn;
  }

  private async started(): Promise<Worker> {
    if (this.worker !== undefined) return this.worker;
    const worker = new Worker(join(packageRoot(), ENTRY), {
      resourceLimits: { maxOldGenerationSizeMb: this.limits.heapMb },
      stdout: true,
      stderr: true,
    });
    // Its death is seen where it is waited for.
    worker.on("error", () => undefined);
    worker.on("message", (answer: SumsAnswer) => this.waiting?.heard(answer));
    worker.on("exit", () => {
      if (this.worker === worker) this.worker = undefined;
      if (this.waiting?.worker === worker) this.waiting.gone();
    });
    this.worker = worker;
    const answer = await this.answerOf(worker, () => undefined);
    if ("parameters" in answer) this.known = answer.parameters;
    return worker;
  }

  /** The process lives as long as somebody waits, and not for the thread's sake. */
  private async answerOf(worker: Worker, send: () => void): Promise<SumsAnswer> {
    let late: NodeJS.Timeout | undefined;
    worker.ref();
    try {
      return await new Promise<SumsAnswer>((heard, reject) => {
        const gone = () =>
          reject(new GloveboxError("engine_unavailable", { detail: "the thread of sums ended" }));
        late = setTimeout(gone, this.limits.deadlineMs);
        this.waiting = { worker, heard, gone };
        send();
      });
    } catch (error) {
      // One that did not answer may hold anything: the next begins anew.
      await this.end();
      throw error;
    } finally {
      clearTimeout(late);
      this.waiting = undefined;
      worker.unref();
    }
  }

  private rest(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => void this.end(), this.limits.idleMs);
    this.idle.unref();
  }
}

/** Bytes are copied once and handed over: a view of a larger buffer would take all of it along. */
function copied<T>(given: T): { value: T; buffers: ArrayBuffer[] } {
  const buffers: ArrayBuffer[] = [];
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (!ArrayBuffer.isView(value)) return value;
    const own =
      value instanceof BigInt64Array
        ? new BigInt64Array(value)
        : value instanceof Int8Array
          ? new Int8Array(value)
          : new Uint8Array(value as Uint8Array);
    buffers.push(own.buffer);
    return own;
  };
  return { value: copy(given) as T, buffers };
}
