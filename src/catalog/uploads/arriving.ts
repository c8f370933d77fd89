/**
 * A part as it arrives: cut off when its sender falls silent, refused past the end of the content, hashed on its way
 * where a checksum was announced.
 */
import { createHash, type Hash } from "node:crypto";
import type { Readable } from "node:stream";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";

export const CHECKSUMS = ["sha256", "sha1"] as const;
export interface Checksum {
  algorithm: (typeof CHECKSUMS)[number];
  digest: Buffer;
}

export class Arriving {
  private readonly hash: Hash | undefined;

  constructor(
    private readonly source: Readable,
    private readonly limits: { bytes: number; idleMs: number },
    private readonly checksum: Checksum | undefined,
  ) {
    this.hash = checksum && createHash(checksum.algorithm);
    // One that breaks off before it is read must find a listener; who reads it gets the error.
    source.on("error", () => {});
  }

  /** @throws too_large past the end; invalid_input when the sender breaks off. */
  async *pieces(): AsyncIterable<Buffer> {
    let left = this.limits.bytes;
    const silent = setTimeout(() => this.source.destroy(new Error("silent")), this.limits.idleMs);
    try {
      // Left open when this stops early: the sender is still to be answered.
      const arriving = this.source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const piece of arriving) {
        if (piece.length > left)
          throw new GloveboxError("too_large", { detail: "the part goes beyond the length of the content" });
        left -= piece.length;
        this.hash?.update(piece);
        yield piece;
        silent.refresh();
      }
    } catch (error) {
      if (error instanceof GloveboxError) throw error;
      throw invalidInput("body", "ended early; what came is kept", error);
    } finally {
      clearTimeout(silent);
    }
  }

  /** Once all of it came. @throws checksum_mismatch */
  requireSum(): void {
    if (!this.checksum || this.hash?.digest().equals(this.checksum.digest)) return;
    throw new GloveboxError("checksum_mismatch", { detail: "the part is not what its Upload-Checksum says" });
  }
}
