/** One upload, sent to its end and made a version, however often the connection breaks meanwhile. */
import { createReadStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Transform, type TransformCallback } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "./client.js";
import type { Context } from "./command.js";
import type { Content } from "./content-view.js";
import { Refusal, Unreachable } from "./failure.js";
import { size } from "./terminal.js";

export interface Upload {
  id: string;
  state: "receiving" | "complete" | "taken";
  length: number;
  offset: number;
  sha256?: string;
  version?: string;
}

export interface SentFile {
  path: string;
  bytes: number;
  media: string;
}

const PATIENCE_MS = 180_000;
/** Longer than a node waits for a sender that fell silent. */
const CONFLICT_PATIENCE_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;

export const pathOfUpload = ({ id }: Upload) => `/api/v1/uploads/${id}`;
export const share = (part: number, all: number): string =>
  `${all === 0 ? 100 : Math.floor((100 * part) / all)} %`;

/** Counts what passes and tells. */
class Counting extends Transform {
  private bytes = 0;
  constructor(private readonly tell: (bytes: number) => void) {
    super();
  }
  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.bytes += chunk.length;
    this.tell(this.bytes);
    callback(null, chunk);
  }
}

export class Sending {
  private since = Date.now();
  private waits = FIRST_PAUSE_MS;

  constructor(
    private readonly context: Context,
    private readonly client: Client,
    private readonly file: SentFile,
    private upload: Upload,
  ) {}

  private get path(): string {
    return pathOfUpload(this.upload);
  }

  async send(): Promise<void> {
    while (this.upload.state === "receiving") {
      const before = this.upload.offset;
      await this.persistently(() => this.part(), CONFLICT_PATIENCE_MS);
      this.upload = await this.persistently(() => this.client.get<Upload>(this.path));
      if (this.upload.offset > before) this.advanced();
    }
  }

  /** All that is left, in one request. */
  private async part(): Promise<void> {
    const { offset } = this.upload;
    const { signal } = this.context;
    const began = Date.now();
    const counting = new Counting((bytes) => this.show(offset, bytes, Date.now() - began));
    const source = createReadStream(this.file.path, { start: offset, highWaterMark: 1 << 20 });
    source.once("error", (error) => counting.destroy(error));
    const answer = await this.client.open("PATCH", this.path, {
      signal,
      body: {
        media: "application/offset+octet-stream",
        content: source.pipe(counting),
        bytes: this.file.bytes - offset,
      },
      headers: { "tus-resumable": "1.0.0", "upload-offset": String(offset) },
    });
    answer.resume();
  }

  private show(offset: number, sent: number, ms: number): void {
    const { say, progress } = this.context;
    const [done, all] = [offset + sent, this.file.bytes];
    const rate = ms > 1000 ? `, ${size(Math.round((1000 * sent) / ms))}/s` : "";
    const state = `${share(done, all)} (${size(done)} / ${size(all)}${rate})`;
    progress.show(say(`sending ${this.file.path} … ${state}`, `正在上传 ${this.file.path}……${state}`));
  }

  async take(query: string): Promise<Content> {
    const { say, progress } = this.context;
    progress.show(say("the node reads, types and encrypts it …", "节点正在读取、识别类型并加密……"));
    return this.persistently(async () => {
      try {
        const { signal } = this.context;
        const answer = await this.client.open("POST", `${this.path}/content${query}`, { signal });
        return JSON.parse(await whole(answer)) as Content;
      } catch (error) {
        if (isOther(error)) await this.giveUp();
        throw error;
      }
    });
  }

  /** The file changed while it was sent: what the node has is of no use. */
  private async giveUp(): Promise<void> {
    await this.client.open("DELETE", this.path).then((answer) => answer.resume());
  }

  private advanced(): void {
    this.since = Date.now();
    this.waits = FIRST_PAUSE_MS;
  }

  /**
   * Again and again while the node is away; while sending also when there is a conflict, for the node still holds the
   * connection that broke for alive, or kept more than was known here.
   */
  private async persistently<T>(act: () => Promise<T>, conflictMs = 0): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        const patience = isConflict(error) ? conflictMs : patienceWith(error);
        if (this.context.signal.aborted || Date.now() - this.since > patience) throw error;
        const { say, progress } = this.context;
        progress.show(say("the connection broke; trying again …", "连接中断，正在重试……"));
        await pause(this.waits, undefined, { signal: this.context.signal });
        this.waits = Math.min(2 * this.waits, MAX_PAUSE_MS);
        await this.lookAgain();
      }
    }
  }

  private async lookAgain(): Promise<void> {
    const before = this.upload.offset;
    this.upload = await this.client.get<Upload>(this.path).catch((error: unknown) => {
      if (patienceWith(error) > 0) return this.upload;
      throw error;
    });
    if (this.upload.offset > before) this.advanced();
  }
}

const isOther = (error: unknown): boolean =>
  error instanceof Refusal && (error.problem.errors ?? []).some(({ path }) => path === "sha256");

/** How long a failure may last that can pass by itself. */
function patienceWith(error: unknown): number {
  if (error instanceof Unreachable) return PATIENCE_MS;
  const passing = error instanceof Refusal && ["engine_unavailable", "rate_limited"].includes(error.code);
  return passing ? PATIENCE_MS : 0;
}

export const isConflict = (error: unknown): boolean =>
  error instanceof Refusal && error.code === "state_conflict";

async function whole(answer: IncomingMessage): Promise<string> {
  try {
    return await text(answer);
  } catch (error) {
    throw new Unreachable("The connection broke.", "连接中断。", error);
  }
}
