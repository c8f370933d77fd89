/**
 * Reads what a dead program left in its output folder.
 *
 * Rules. The folder is hostile: a name can be a link, a device, a FIFO, a socket, a second name of another file, a
 * hole of a terabyte. Only exact declared names are looked up, in a folder held open, never following a link; only
 * regular files with one name are taken, by the size they say they have; at most that many bytes are read. All else
 * is counted by reason, and a name that the program chose is never repeated.
 */
import { closeSync, constants, createReadStream, fstatSync, openSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { Readable } from "node:stream";
import type { CollectedFile, Collection, Refusal, RefusalReason } from "./executor.js";

const {
  O_RDONLY,
  O_NOFOLLOW,
  O_DIRECTORY,
  O_NONBLOCK,
  O_NOCTTY,
  O_CLOEXEC = 0,
} = constants as typeof constants & {
  O_CLOEXEC?: number;
};

/** Entries counted before we stop: a folder holds no more files than its mount has inodes. */
const MAX_COUNTED = 100_000;

/** A name in a folder that is held open; the kernel resolves nothing above it again. */
const inside = (folder: number, name: string): string => `/proc/self/fd/${folder}/${name}`;

class Refused extends Error {
  constructor(readonly reason: RefusalReason) {
    super(reason);
  }
}

function openFailure(error: unknown): RefusalReason {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "missing";
  // ELOOP: a link; ENXIO: a socket, or a FIFO without a reader; ENODEV: a device.
  return code === "ELOOP" || code === "ENXIO" || code === "ENODEV" ? "not_a_file" : "unreadable";
}

/** An open descriptor of a regular file and its size, or throws why not. */
function openRegular(folder: number, name: string, maxBytes: number): { fd: number; bytes: number } {
  let fd: number;
  try {
    fd = openSync(inside(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  } catch (error) {
    throw new Refused(openFailure(error));
  }
  const stat = fstatSync(fd);
  const reason: RefusalReason | undefined = !stat.isFile()
    ? "not_a_file"
    : stat.nlink !== 1 || stat.dev !== fstatSync(folder).dev
      ? "linked"
      : stat.size > maxBytes
        ? "too_large"
        : undefined;
  if (reason === undefined) return { fd, bytes: stat.size };
  closeSync(fd);
  throw new Refused(reason);
}

function collected(name: string, fd: number, bytes: number): { file: CollectedFile; release: () => void } {
  let taken = false;
  return {
    file: {
      name,
      bytes,
      open: () => {
        if (taken) throw new Error("collect: a file is read once");
        taken = true;
        if (bytes > 0) return createReadStream("", { fd, start: 0, end: bytes - 1, autoClose: true });
        closeSync(fd);
        return Readable.from([]);
      },
    },
    release: () => {
      if (!taken) closeSync(fd);
    },
  };
}

async function countUndeclared(path: string, declared: ReadonlySet<string>): Promise<number> {
  let count = 0;
  // Names as bytes: a name need not be UTF-8, and such a one must not look like a declared one.
  for await (const entry of await opendir(path, { encoding: "latin1" as BufferEncoding, bufferSize: 1024 })) {
    if (!declared.has(entry.name) && ++count >= MAX_COUNTED) break;
  }
  return count;
}

async function* walk(path: string, names: readonly string[], maxBytes: number, refusals: Refusal[]) {
  const folder = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  try {
    for (const name of names) {
      let opened: { fd: number; bytes: number };
      try {
        opened = openRegular(folder, name, maxBytes);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refusals.push({ name, reason: error.reason, count: 1 });
        continue;
      }
      const { file, release } = collected(name, opened.fd, opened.bytes);
      try {
        yield file;
      } finally {
        release();
      }
    }
    const asBytes = new Set(names.map((name) => Buffer.from(name, "utf8").toString("latin1")));
    const undeclared = await countUndeclared(inside(folder, "."), asBytes);
    if (undeclared > 0) refusals.push({ reason: "undeclared", count: undeclared });
  } finally {
    closeSync(folder);
  }
}

/** The declared files of a folder, in the order of their names' declaration. */
export function collectFolder(path: string, names: readonly string[], maxBytes: number): Collection {
  const refusals: Refusal[] = [];
  return { refusals, [Symbol.asyncIterator]: () => walk(path, names, maxBytes, refusals) };
}
