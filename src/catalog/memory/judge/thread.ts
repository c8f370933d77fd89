/**
 * The judging thread as control sees it: started when needed, told each released table once, ended when it was not asked for
 * a while, when it holds more than it may, or when it takes too long.
 *
 * Rule: a judgement that could not be made is said to be none, never a pass.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { packageRoot } from "../../../store/index.js";
import type { JudgeAnswer, Judged, JudgeRequest, KeptTable, SentTables } from "./messages.js";

export interface ThreadLimits {
  /** Of tables that it keeps as they were sent. */
  keptBytes: number;
  /** Of arrays that it keeps unpacked. */
  openBytes: number;
  heapMb: number;
  deadlineMs: number;
  idleMs: number;
}

const LIMITS: ThreadLimits = {
  keptBytes: 512 * 1024 ** 2,
  openBytes: 256 * 1024 ** 2,
  heapMb: 1_024,
  deadlineMs: 60_000,
  idleMs: 60_000,
};

const ENTRY = "dist/catalog/memory/judge/main.js";

/** What is judged; the tables named in it are opened when the thread does not hold them. */
export type Judgement = Omit<JudgeRequest, "id">;

/** Tables read and sent at a time. */
const TOGETHER = 16;

export class JudgingThread {
  private worker: Worker | undefined;
  private readonly sent = new Set<string>();
  private sentBytes = 0;
  private last: Promise<unknown> = Promise.resolve();
  private idle: NodeJS.Timeout | undefined;
  private next = 1;

  constructor(private readonly limits: ThreadLimits = LIMITS) {}

  /** In turn. */
  judge(judgement: Judgement, open: (id: string) => Promise<KeptTable>): Promise<Judged> {
    const turn = this.last.then(() => this.perform(judgement, open));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.last;
    await this.end();
  }

  private async perform(judgement: Judgement, open: (id: string) => Promise<KeptTable>): Promise<Judged> {
    clearTimeout(this.idle);
    if (this.sentBytes > this.limits.keptBytes) await this.end();
    const worker = this.worker ?? this.start();
    await this.send(worker, judgement, open);
    const judged = await this.ask(worker, { ...judgement, id: this.next++ });
    // The thread lets go of these, also of one that it held as released: it may be asked to go out again.
    for (const id of judgement.passing) this.sent.delete(id);
    this.rest();
    return judged;
  }

  /** What it was not sent yet, some at a time. */
  private async send(
    worker: Worker,
    { asked, beside, released, passing, verdicts, columns }: Judgement,
    open: (id: string) => Promise<KeptTable>,
  ): Promise<void> {
    const isPassing = new Set(passing);
    const ids = new Set([asked.id, ...beside.map((b) => b.id), ...released]);
    const unsent = [...ids].filter((id) => !this.sent.has(id));
    for (let at = 0; at < unsent.length; at += TOGETHER) {
      const tables = await Promise.all(unsent.slice(at, at + TOGETHER).map(open));
      worker.postMessage({ tables, compared: verdicts === "both", columns } satisfies SentTables);
      for (const { told, units } of tables) {
        if (isPassing.has(told.id)) continue;
        this.sent.add(told.id);
        this.sentBytes += (units?.byteLength ?? 0) + 200 * told.facts.cells.length;
      }
    }
  }

  private async ask(worker: Worker, request: JudgeRequest): Promise<Judged> {
    const judged: Judged = {};
    // It may have ended over what it was sent.
    if (this.worker !== worker) return judged;
    const whole = await new Promise<boolean>((resolve) => {
      const finish = (result: boolean): void => {
        clearTimeout(timer);
        worker.off("message", heard);
        worker.off("exit", gone);
        resolve(result);
      };
      const timer = setTimeout(() => finish(false), this.limits.deadlineMs);
      const gone = () => finish(false);
      const heard = (message: JudgeAnswer): void => {
        if (message.id !== request.id) return;
        if ("requester" in message) judged.requester = message.requester;
        else if ("auditors" in message) judged.auditors = message.auditors;
        if (!("requester" in message)) finish("auditors" in message);
      };
      worker.on("message", heard);
      worker.on("exit", gone);
      worker.postMessage(request);
    });
    // One that did not answer may hold anything: it is ended, and the next begins anew.
    if (!whole) await this.end();
    return judged;
  }

  private start(): Worker {
    const worker = new Worker(join(packageRoot(), ENTRY), {
      workerData: { maxOpenBytes: this.limits.openBytes },
      resourceLimits: { maxOldGenerationSizeMb: this.limits.heapMb },
      stdout: true,
      stderr: true,
    });
    // Its death is seen where it is waited for.
    worker.on("error", () => undefined);
    worker.once("exit", () => {
      if (this.worker === worker) this.forget();
    });
    worker.unref();
    this.worker = worker;
    return worker;
  }

  private rest(): void {
    this.idle = setTimeout(() => void this.end(), this.limits.idleMs);
    this.idle.unref();
  }

  private async end(): Promise<void> {
    clearTimeout(this.idle);
    const { worker } = this;
    this.forget();
    await worker?.terminate();
  }

  private forget(): void {
    this.worker = undefined;
    this.sent.clear();
    this.sentBytes = 0;
  }
}
