/**
 * Safe versions of tables, made in processes of their own, so that solving never blocks the node.
 *
 * Rules: a process makes one table and is killed; it has a limit on memory, on processor time and on time, and none of
 * them decides how a table looks: the work is bounded by counts (suppress/protect.ts), and a process that meets a limit
 * all the same gives no table at all. What rounding draws comes from a secret that the process does not have.
 */
import type { ChildProcess } from "node:child_process";
import { createHmac } from "node:crypto";
import { GloveboxError } from "../../../vocabulary/index.js";
import type { Protect } from "../../expression/index.js";
import { encodeFrame, FrameReader } from "../checker/frames.js";
import type { TableFacts } from "../facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { MAX_NUMBERS } from "./limits.js";
import type { SafeQuestion } from "./safe.js";

/** The compiled program of a protector process, from the package's root. */
export const PROTECTOR_ENTRY = "dist/privacy/disclosure/protect/main.js";

/** Starts one confined process running PROTECTOR_ENTRY, with stdin and stdout as binary pipes. */
export type SpawnProtector = (memoryMb: number, cpuSeconds: number) => ChildProcess;

export interface ProtectorCaps {
  memoryMb: number;
  cpuSeconds: number;
  wallMs: number;
  /** Tables made at once. */
  concurrency: number;
}

export const PROTECTOR_CAPS: ProtectorCaps = {
  memoryMb: 1_024,
  cpuSeconds: 120,
  wallMs: 300_000,
  concurrency: 1,
};

export interface ToProtect {
  facts: TableFacts;
  down: number;
  policy: DisclosurePolicy;
  protect: Protect;
  /** Of the dataset: what rounding by chance is drawn from. */
  secret: Buffer;
}

export interface Protector {
  /** @throws too_large where the table is too large to be made safe; engine_unavailable when closed */
  protect(input: ToProtect): Promise<TableFacts>;
  close(): Promise<void>;
}

export function createProtector(options: {
  spawn: SpawnProtector;
  caps?: Partial<ProtectorCaps>;
}): Protector {
  return new ProcessProtector(options.spawn, { ...PROTECTOR_CAPS, ...options.caps });
}

/** 48 bits of an HMAC over what the cell counts: the units themselves, what is counted of them, and how many it is. */
export function chancesOf(facts: TableFacts, secret: Buffer): number[] {
  return facts.cells.map(({ drawn, measure, value }) => {
    const { statistic, of } = facts.measures[measure]!;
    const what = JSON.stringify([drawn ?? "", statistic, of ?? null, value]);
    return createHmac("sha256", secret).update(what).digest().readUIntBE(0, 6) / 2 ** 48;
  });
}

const tooLarge = (): GloveboxError =>
  new GloveboxError("too_large", { detail: "the table is larger than what is made safe" });

class ProcessProtector implements Protector {
  private readonly busy = new Set<ChildProcess>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private closed = false;

  constructor(
    private readonly spawn: SpawnProtector,
    private readonly caps: ProtectorCaps,
  ) {}

  async protect({ facts, down, policy, protect, secret }: ToProtect): Promise<TableFacts> {
    if (facts.cells.length > MAX_NUMBERS) throw tooLarge();
    const chances = protect.how === "round" && protect.random ? chancesOf(facts, secret) : [];
    await this.enter();
    try {
      return await this.ask({ facts, down, policy, protect, chances });
    } finally {
      this.leave();
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const wake of this.waiting.splice(0)) wake();
    await Promise.all([...this.busy].map(end));
  }

  private async enter(): Promise<void> {
    if (this.running < this.caps.concurrency) this.running++;
    // Who leaves hands its place on.
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.running--;
    else next();
  }

  private async ask(question: SafeQuestion): Promise<TableFacts> {
    if (this.closed) throw closedError();
    const child = this.spawn(this.caps.memoryMb, this.caps.cpuSeconds);
    this.busy.add(child);
    try {
      const answer = await answerOf(child, question, this.caps.wallMs);
      if (this.closed) throw closedError();
      if (answer === undefined) throw tooLarge();
      return answer;
    } finally {
      this.busy.delete(child);
      await end(child);
    }
  }
}

const closedError = (): GloveboxError =>
  new GloveboxError("engine_unavailable", { detail: "The protector is closed." });

/** Undefined where the process met a limit or broke. */
function answerOf(
  child: ChildProcess,
  question: SafeQuestion,
  wallMs: number,
): Promise<TableFacts | undefined> {
  const reader = new FrameReader(0);
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(undefined), wallMs);
    const settle = (facts: TableFacts | undefined) => {
      clearTimeout(timer);
      resolve(facts);
    };
    child.once("error", () => settle(undefined));
    child.once("close", () => settle(undefined));
    child.stdin?.on("error", () => {});
    child.stdout?.on("error", () => {});
    child.stderr?.resume();
    child.stdout?.on("data", (chunk: Buffer) => {
      try {
        const frame = reader.push(chunk);
        if (frame !== undefined) settle((frame.header as { facts: TableFacts }).facts);
      } catch {
        settle(undefined);
      }
    });
    for (const part of encodeFrame(question)) child.stdin?.write(part);
  });
}

/** Kills it and waits until it is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
}
