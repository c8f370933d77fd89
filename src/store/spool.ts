/**
 * The spool: files that grow while they are being sent, encrypted from their first byte, and read once they are whole.
 * File: magic 8 ‖ the file's data key, sealed for this name ‖ frames (frames.ts).
 *
 * Rules: a frame of any length may follow any other, for a sender may break off anywhere. What lies behind the mark
 * after a crash is cut off and written anew. The caller keeps the mark, told only of bytes that are synced; plaintext
 * never reaches the disk.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { GloveboxError } from "../vocabulary/index.js";
import { syncDirectory } from "./durable.js";
import { damagedSpool, FRAME, OpenFrames, sealFrame } from "./frames.js";
import type { Keys } from "./keys.js";
import { SEAL_OVERHEAD } from "./sealer.js";
import { namingFull, requireRoom } from "./space.js";

/** How far a file is: bytes of plaintext, and the file's length with them. */
export interface SpoolMark {
  bytes: number;
  sealed: number;
}

export interface Spool {
  /** An empty file under this name, which must be new. @throws insufficient_storage */
  create(name: string): Promise<SpoolMark>;
  /**
   * Writes on from the mark; what lies behind it is cut off. `onSynced` is told of every few megabytes, and of the last
   * byte, once they would survive a power cut. A source that breaks off fails the call after what came was synced and told.
   * @throws insufficient_storage, with what was told of kept.
   */
  append(
    name: string,
    from: SpoolMark,
    source: AsyncIterable<Buffer>,
    onSynced: (mark: SpoolMark) => void,
  ): Promise<SpoolMark>;
  /** Plaintext up to the mark; the stream fails on a changed byte. */
  read(name: string, mark: SpoolMark): Readable;
  /** Whether the file reaches to the mark. */
  reaches(name: string, mark: SpoolMark): boolean;
  remove(name: string): void;
  list(): string[];
}

const MAGIC = Buffer.from("GBXSPL01");
const KEY_BYTES = 32;
const HEADER = MAGIC.length + SEAL_OVERHEAD + KEY_BYTES;
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;
const NAME = /^[a-zA-Z0-9_]{1,64}$/;

/** One append: gathers frames, writes them, syncs now and then. */
class Appending {
  private waiting: Buffer[] = [];
  private held = 0;
  private unsynced = 0;
  private diskFailed = false;

  constructor(
    private readonly file: FileHandle,
    private readonly key: Buffer,
    private mark: SpoolMark,
    private readonly folder: string,
    private readonly onSynced: (mark: SpoolMark) => void,
  ) {}

  async run(source: AsyncIterable<Buffer>): Promise<SpoolMark> {
    await this.disk(() => requireRoom(this.folder));
    try {
      for await (const piece of source) {
        this.waiting.push(piece);
        this.held += piece.length;
        while (this.held >= FRAME) await this.disk(() => this.writeFrame(FRAME));
      }
    } catch (error) {
      await this.rest().catch(() => {});
      throw error;
    }
    await this.rest();
    return this.mark;
  }

  /** What came and was not written or not synced yet. Where the disk failed, bytes are missing before what is held. */
  private async rest(): Promise<void> {
    if (!this.diskFailed && this.held > 0) await this.disk(() => this.writeFrame(this.held));
    await this.sync();
  }

  private async disk(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.diskFailed = true;
      throw error;
    }
  }

  private async writeFrame(length: number): Promise<void> {
    const plain = this.cut(length);
    const frame = sealFrame(this.key, plain, this.mark.bytes);
    for (let at = 0; at < frame.length; ) {
      const { bytesWritten } = await this.file.write(frame, at, frame.length - at, this.mark.sealed + at);
      at += bytesWritten;
    }
    this.mark = { bytes: this.mark.bytes + length, sealed: this.mark.sealed + frame.length };
    this.unsynced += length;
    if (this.unsynced < SYNC_EVERY_BYTES) return;
    await this.sync();
    await requireRoom(this.folder);
  }

  private async sync(): Promise<void> {
    if (this.unsynced === 0) return;
    await this.file.datasync();
    this.unsynced = 0;
    this.onSynced(this.mark);
  }

  private cut(length: number): Buffer {
    const all = this.waiting.length === 1 ? this.waiting[0]! : Buffer.concat(this.waiting);
    const rest = all.subarray(length);
    this.waiting = rest.length > 0 ? [rest] : [];
    this.held = rest.length;
    return all.subarray(0, length);
  }
}

class FileSpool implements Spool {
  constructor(
    private readonly folder: string,
    private readonly keys: Pick<Keys, "sealer">,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async create(name: string): Promise<SpoolMark> {
    const path = this.path(name);
    try {
      await requireRoom(this.folder);
      const file = await open(path, "wx", 0o600);
      try {
        const sealed = this.keys.sealer.seal(randomBytes(KEY_BYTES), `spool:${name}`);
        await file.writeFile(Buffer.concat([MAGIC, sealed]));
        await file.sync();
      } finally {
        await file.close();
      }
      syncDirectory(this.folder);
      return { bytes: 0, sealed: HEADER };
    } catch (error) {
      throw namingFull(error);
    }
  }

  async append(
    name: string,
    from: SpoolMark,
    source: AsyncIterable<Buffer>,
    onSynced: (mark: SpoolMark) => void,
  ): Promise<SpoolMark> {
    if (!this.reaches(name, from)) throw damagedSpool();
    const key = this.dataKey(name);
    const file = await open(this.path(name), "r+");
    let reached = from;
    try {
      await file.truncate(from.sealed);
      const telling = (mark: SpoolMark) => {
        onSynced(mark);
        reached = mark;
      };
      return await new Appending(file, key, from, this.folder, telling).run(source);
    } catch (error) {
      // Room for others; what was not told of is sent again.
      await file.truncate(reached.sealed).catch(() => {});
      throw namingFull(error);
    } finally {
      await file.close();
    }
  }

  read(name: string, mark: SpoolMark): Readable {
    if (!this.reaches(name, mark)) throw damagedSpool();
    // A stream's range cannot be empty.
    if (mark.bytes === 0) return Readable.from([]);
    const frames = new OpenFrames(this.dataKey(name), mark.bytes);
    const file = createReadStream(this.path(name), {
      start: HEADER,
      end: mark.sealed - 1,
      highWaterMark: 4 * FRAME,
    });
    // Errors reach the reader through `frames`, which pipeline destroys with them.
    return pipeline(file, frames, () => {});
  }

  reaches(name: string, mark: SpoolMark): boolean {
    const info = statSync(this.path(name), { throwIfNoEntry: false });
    return info?.isFile() === true && info.size >= mark.sealed;
  }

  remove(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  list(): string[] {
    return readdirSync(this.folder).filter((name) => NAME.test(name));
  }

  private dataKey(name: string): Buffer {
    const header = Buffer.alloc(HEADER);
    const fd = openSync(this.path(name), "r");
    try {
      if (readSync(fd, header, 0, HEADER, 0) !== HEADER) throw damagedSpool();
    } finally {
      closeSync(fd);
    }
    if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw damagedSpool();
    return this.keys.sealer.open(header.subarray(MAGIC.length), `spool:${name}`);
  }

  private path(name: string): string {
    if (!NAME.test(name)) throw new GloveboxError("internal", { detail: "a spooled file has no such name" });
    return join(this.folder, name);
  }
}

/** Only the holder of the data directory's lock may open it. */
export function openSpool(dataDir: string, keys: Pick<Keys, "sealer">): Spool {
  return new FileSpool(join(dataDir, "spool"), keys);
}
