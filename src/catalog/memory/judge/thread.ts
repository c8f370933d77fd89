/**
 * The judging thread as control sees it: started when needed, told each released table once, ended when it was not asked for
 * a while, when it holds more than it may, or when it takes too long.
 *
 * Rule: a judgement that could not be made is said to be none, never a pass.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { packageRoot } from "../../../store/index.js";
import type { JudgeAnswer, Judged, JudgeRequest, KeptTable } from "./messages.js";

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
export type Judgement = Omit<JudgeRequest, "id" | "tables">;

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
    const passing = new Set(judgement.passing);
    const ids = [judgement.asked.id, ...judgement.beside.map((b) => b.id), ...judgement.released];
    const tables: KeptTable[] = [];
    for (const id of new Set(ids)) {
      if (this.sent.has(id)) continue;
      const table = await open(id);
      tables.push(table);
      if (passing.has(id)) continue;
      this.sent.add(id);
      this.sentBytes += (table.units?.byteLength ?? 0) + 200 * table.told.facts.cells.length;
    }
    const judged = await this.ask(worker, { ...judgement, id: this.next++, tables });
    // The thread lets go of these, also of one that it held as released: it may be asked to go out again.
    for (const id of judgement.passing) this.sent.delete(id);
    this.rest();
    return judged;
  }

  private async ask(worker: Worker, request: JudgeRequest): Promise<Judged> {
    const judged: Judged = {};
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
    this.worker = undefined;
    this.sent.clear();
    this.sentBytes = 0;
    await worker?.terminate();
  }
}
