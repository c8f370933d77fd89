/**
 * One engine process as the node sees it: a request goes in with its inputs, a result comes back with its outputs.
 *
 * Rules: every header is parsed; an engine that breaks the protocol, dies or is too slow is killed and its request
 * fails as `engine_unavailable`; its stderr is never read by anyone.
 */
import type { ChildProcess } from "node:child_process";
import { Readable } from "node:stream";
import { GloveboxError } from "../../vocabulary/index.js";
import { FRAME, FrameReader, FrameWriter, WireError } from "./frames.js";
import {
  type EngineFailure,
  type EngineRequest,
  type EngineResult,
  engineReady,
  engineResponse,
  RESULTS,
} from "./protocol.js";

const parsed = (payload: Buffer): unknown => JSON.parse(payload.toString("utf8"));

export interface Answer<Op extends keyof typeof RESULTS> {
  result: EngineResult<Op>;
  /** To be read in this order; a later one waits for the earlier ones. */
  outputs: Readable[];
}

const unavailable = (detail: string, cause?: unknown) =>
  new GloveboxError("engine_unavailable", { detail }, cause);

function errorOf({ code, detail, errors }: EngineFailure): GloveboxError {
  return new GloveboxError(code, errors.length > 0 ? { detail, errors } : { detail });
}

/** The failure of an input's own source, told apart from a failure of the engine. */
class SourceError extends Error {}

async function* fromSource(source: Readable): AsyncGenerator<Buffer> {
  try {
    yield* source as AsyncIterable<Buffer>;
  } catch (error) {
    throw new SourceError("the source broke off", { cause: error });
  }
}

export class EngineProcess {
  /** False once it cannot take a request any more. */
  alive = true;
  readonly gone: Promise<void>;
  private readonly reader: FrameReader;
  private readonly writer: FrameWriter;
  private readonly child: ChildProcess;
  private timer: NodeJS.Timeout | undefined;
  private late = false;

  constructor(child: ChildProcess) {
    if (!child.stdin || !child.stdout) throw unavailable("the engine has no pipes");
    this.child = child;
    this.reader = new FrameReader(child.stdout);
    this.writer = new FrameWriter(child.stdin);
    child.stdin.on("error", () => this.kill());
    // It may quote rows; it is emptied so that it never blocks, and kept nowhere.
    child.stderr?.resume();
    this.gone = new Promise((resolve) => {
      const end = () => {
        this.alive = false;
        resolve();
      };
      child.once("exit", end);
      child.once("error", end);
    });
  }

  kill(): void {
    this.alive = false;
    this.child.kill("SIGKILL");
    // What it had still to say is not wanted, and unread it would keep the pipe open.
    this.child.stdin?.destroy();
    this.child.stdout?.destroy();
  }

  /** Ends it when it has nothing to do: it exits when its stdin ends. */
  async stop(): Promise<void> {
    this.alive = false;
    this.child.stdin?.end();
    const timer = setTimeout(() => this.kill(), 2000);
    await this.gone;
    clearTimeout(timer);
  }

  /**
   * Hands it the request and none of its inputs. False where it died before it took it: then another may have it.
   * The deadline runs from here.
   */
  async offer(request: EngineRequest, deadlineMs: number): Promise<boolean> {
    this.late = false;
    this.timer = setTimeout(() => {
      this.late = true;
      this.kill();
    }, deadlineMs);
    try {
      await this.writer.header(request);
      const frame = await this.reader.next();
      if (frame?.type === FRAME.header && engineReady.safeParse(parsed(frame.payload)).success) return true;
    } catch {
      // It is gone, or speaks another language: either way it is not to be used.
    }
    clearTimeout(this.timer);
    this.kill();
    return false;
  }

  /**
   * The rest of an accepted request. `settled` is called when the process is free again or dead.
   * @throws what the engine says, or engine_unavailable; a failing source's own error passes through.
   */
  async complete<Op extends EngineRequest["op"]>(
    op: Op,
    inputs: Readable[],
    settled: () => void,
  ): Promise<Answer<Op>> {
    const settle = () => {
      clearTimeout(this.timer);
      for (const input of inputs) input.destroy();
      settled();
    };
    try {
      const { result, count } = await this.answer(op, inputs);
      if (count === 0) settle();
      return { result, outputs: this.outputs(count, settle) };
    } catch (error) {
      // After a refusal in good order the process is free for the next request.
      if (!(error instanceof GloveboxError)) this.kill();
      settle();
      if (error instanceof SourceError) throw error.cause;
      if (error instanceof GloveboxError) throw error;
      throw unavailable(this.late ? "the engine took too long" : "the engine ended unexpectedly", error);
    }
  }

  private async answer<Op extends EngineRequest["op"]>(op: Op, inputs: Readable[]) {
    let answered = false;
    const sending = this.send(inputs, () => answered);
    // Its failure is awaited below; until then it must not count as unhandled.
    sending.catch(() => undefined);
    const frame = await Promise.race([
      this.reader.next(),
      sending.then(() => new Promise<never>(() => undefined)),
    ]);
    answered = true;
    if (frame?.type !== FRAME.header) throw new WireError("no answer");
    const response = engineResponse.parse(parsed(frame.payload));
    // A source that has stalled must not keep a refusal waiting.
    if (!response.ok) for (const input of inputs) input.destroy();
    await sending.catch((error) => {
      if (response.ok || !(error instanceof SourceError)) throw error;
    });
    if (!response.ok) throw errorOf(response.failure);
    const result = RESULTS[op].parse(response.result) as EngineResult<Op>;
    return { result, count: response.outputs.length };
  }

  private async send(inputs: Readable[], stopped: () => boolean): Promise<void> {
    try {
      for (const input of inputs) {
        if (stopped()) break;
        await this.writer.stream(fromSource(input), stopped);
      }
    } catch (error) {
      if (!stopped()) throw error;
    }
    if (stopped()) await this.writer.write(FRAME.abort);
  }

  private outputs(count: number, settle: () => void): Readable[] {
    let before: Promise<void> = Promise.resolve();
    const streams: Readable[] = [];
    for (let i = 0; i < count; i++) {
      const turn = before;
      let done: () => void = () => undefined;
      before = new Promise((resolve) => {
        done = resolve;
      });
      const finished = () => {
        done();
        if (i === count - 1) settle();
      };
      streams.push(this.output(turn, finished, settle));
    }
    return streams;
  }

  private output(turn: Promise<void>, finished: () => void, broken: () => void): Readable {
    const { reader } = this;
    let ended = false;
    async function* frames(): AsyncGenerator<Buffer> {
      await turn;
      for (;;) {
        const frame = await reader.next().catch(() => undefined);
        if (frame?.type === FRAME.data) yield frame.payload;
        else if (frame?.type === FRAME.end) break;
        else throw unavailable("the engine ended unexpectedly");
      }
      ended = true;
      finished();
    }
    const stream = Readable.from(frames(), { objectMode: false });
    stream.once("close", () => {
      if (ended) return;
      this.kill();
      broken();
    });
    return stream;
  }
}
