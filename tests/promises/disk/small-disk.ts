/** A small disk of a test's own, that it fills and empties while a node works on it. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "../../harness/index.js";

const MIB = 1024 * 1024;
const BLOCK = Buffer.alloc(MIB, 1);

export class SmallDisk {
  private readonly place = tempDir("disk");
  /** Where the node's data lies. */
  readonly data: string;
  private readonly filler: string;

  constructor(megabytes: number) {
    execFileSync("mount", [
      "-t",
      "tmpfs",
      "-o",
      `size=${megabytes}m,mode=0700`,
      "glovebox-test",
      this.place.path,
    ]);
    this.data = join(this.place.path, "data");
    this.filler = join(this.place.path, "filler");
    mkdirSync(this.data, { mode: 0o700 });
  }

  free(): number {
    const { bavail, bsize } = statfsSync(this.place.path);
    return bavail * bsize;
  }

  /** Takes all but `leave` bytes; 0 takes to the last. */
  fill(leave = 0): void {
    const file = openSync(this.filler, "a");
    try {
      while (this.free() > leave)
        writeSync(file, BLOCK, 0, Math.min(MIB, Math.max(4096, this.free() - leave)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.filler, { force: true });
  }

  end(): void {
    execFileSync("umount", ["-l", this.place.path]);
    this.place.remove();
  }
}
