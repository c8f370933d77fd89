/** Where values could show: folders, the database, Redis, processes, containers, logs. Each only reads. */
import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join, relative } from "node:path";
import Database from "better-sqlite3";
import type { Redis } from "ioredis";
import { dockerCall } from "../../../scripts/setup/docker-http.mjs";
import type { Piece, Surface } from "./sweep.js";

const piece = (name: string, bytes: Buffer | string): Piece => ({
  name,
  bytes: typeof bytes === "string" ? Buffer.from(bytes) : bytes,
});

/** What was gathered elsewhere: answers, events, lines. */
export const collected = (
  name: string,
  pieces: () => Iterable<readonly [string, Buffer | string]>,
): Surface => ({
  name,
  *pieces() {
    for (const [what, bytes] of pieces()) yield piece(what, bytes);
  },
});

/** Every file below a folder, its name, and where links lead. `skip`: paths from the folder that are somewhere else's. */
export function folder(name: string, root: string, skip: RegExp = /^$/): Surface {
  function* below(path: string): Generator<Piece> {
    for (const entry of readdirSync(path)) {
      const full = join(path, entry);
      const shown = relative(root, full);
      const stat = lstatSync(full, { throwIfNoEntry: false });
      if (!stat || skip.test(shown)) continue;
      yield piece(shown, shown);
      if (stat.isDirectory()) yield* below(full);
      else if (stat.isSymbolicLink()) yield piece(shown, readlinkSync(full));
      else if (stat.isFile() && stat.size > 0) yield { name: shown, bytes: contentOf(full) };
    }
  }
  return {
    name,
    *pieces() {
      yield piece("listing", `${root}: ${readdirSync(root).join(" ")}`);
      yield* below(root);
    },
  };
}

/** A file that is gone before it is read held nothing after. */
async function* contentOf(file: string, start = 0): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file, { start, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Every row of every table as text and bytes: a value that its pages split in the file is whole here. */
export function database(name: string, file: string): Surface {
  return {
    name,
    *pieces() {
      const db = new Database(file, { readonly: true });
      try {
        const tables = db
          .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
          .pluck()
          .all() as string[];
        for (const table of tables)
          for (const row of db.prepare(`SELECT * FROM "${table}"`).raw().iterate() as Iterable<unknown[]>)
            for (const cell of row)
              if (cell !== null) yield piece(table, Buffer.isBuffer(cell) ? cell : String(cell));
      } finally {
        db.close();
      }
    },
  };
}

/** How each type of value is read whole. A type that is not here fails the sweep. */
const READ: Record<string, (redis: Redis, key: string) => Promise<unknown>> = {
  string: (redis, key) => redis.getBuffer(key),
  list: (redis, key) => redis.lrangeBuffer(key, 0, -1),
  set: (redis, key) => redis.smembersBuffer(key),
  zset: (redis, key) => redis.zrangeBuffer(key, 0, -1),
  hash: (redis, key) => redis.callBuffer("HGETALL", key),
  stream: (redis, key) => redis.xrangeBuffer(key, "-", "+"),
};

function* buffersIn(value: unknown): Generator<Buffer> {
  if (Buffer.isBuffer(value)) yield value;
  else if (Array.isArray(value)) for (const inner of value) yield* buffersIn(inner);
  else if (value !== null && value !== undefined) yield Buffer.from(String(value));
}

/** All keys of a Redis by their types, and what it remembers of its clients and of slow commands. */
export function redisKeys(name: string, redis: Redis): Surface {
  return {
    name,
    async *pieces() {
      for (const key of await redis.keysBuffer("*")) {
        const type = await redis.type(key);
        const read = READ[type];
        if (!read) throw new Error(`a Redis key of type ${type}, which the sweep cannot read`);
        yield piece("a key", key);
        for (const bytes of buffersIn(await read(redis, key as unknown as string)))
          yield piece(key.toString("latin1"), bytes);
      }
      for (const call of [
        ["SLOWLOG", "GET", "-1"],
        ["CLIENT", "LIST"],
        ["INFO", "everything"],
        ["CONFIG", "GET", "*"],
      ]) {
        const [command = "", ...args] = call;
        for (const bytes of buffersIn(await redis.callBuffer(command, ...args)))
          yield piece(call.join(" "), bytes);
      }
    },
  };
}

/** What the machine shows of processes to whoever looks. Their memory is theirs. */
export function processes(name: string, pids: () => readonly number[]): Surface {
  return {
    name,
    *pieces() {
      for (const pid of pids())
        for (const file of ["cmdline", "environ", "comm", "status", "limits", "mountinfo", "maps"]) {
          const bytes = readable(`/proc/${pid}/${file}`);
          if (bytes && bytes.length > 0) yield piece(`${pid} ${file}`, bytes);
        }
    },
  };
}

function readable(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

export interface ContainerSeen {
  Id: string;
  GraphDriver: { Data: Record<string, string> };
  Config: { Env: string[] };
  HostConfig: { LogConfig: { Type: string }; MemorySwap: number; Memory: number };
}

/**
 * A container as its engine and the machine keep it: what it says of it, what it changed of its image, the folders
 * on the disk, its own settings and any log. Not its mounts, which are staging.
 */
export function container(name: string, socketPath: string, id: string): Surface {
  return {
    name,
    async *pieces() {
      const text = await dockerCall(socketPath, "GET", `/containers/${id}/json`);
      yield piece("inspect", text);
      const seen = JSON.parse(text) as ContainerSeen;
      for (const path of [`/containers/${id}/changes`, `/containers/${id}/top`])
        yield piece(path.split("/").at(-1)!, await dockerCall(socketPath, "GET", path).catch(() => "none"));
      const { UpperDir, WorkDir } = seen.GraphDriver.Data;
      for (const part of [UpperDir, WorkDir, join(await engineRoot(socketPath), "containers", id)]) {
        if (part === undefined || !existsSync(part)) continue;
        for (const inner of folder(name, part).pieces() as Iterable<Piece>) yield inner;
      }
    },
  };
}

export async function engineRoot(socketPath: string): Promise<string> {
  return (JSON.parse(await dockerCall(socketPath, "GET", "/info")) as { DockerRootDir: string })
    .DockerRootDir;
}

/** The container's whole file system as `docker export` gives it: image and all. */
export function exported(name: string, socketPath: string, id: string): Surface {
  async function* bytes(): AsyncGenerator<Buffer> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath, path: `/containers/${id}/export`, agent: false }, resolve)
        .once("error", reject)
        .end();
    });
    if (answer.statusCode !== 200) throw new Error(`the export answered ${answer.statusCode}`);
    yield* answer as AsyncIterable<Buffer>;
  }
  return { name, pieces: () => [{ name: "export", bytes: bytes() }] };
}

/** What a file has got since now. */
export function grown(name: string, file: string): Surface {
  const from = lstatSync(file).size;
  return {
    name,
    *pieces() {
      yield { name: file.split("/").at(-1)!, bytes: contentOf(file, from) };
    },
  };
}

/** Where the memory of a process may go: nowhere, or to swap as far as its control group lets it. */
export function mayBeSwapped(pid: number): boolean {
  const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
  const path = groups.find((line) => /^\d+:memory:|^0::/.test(line))?.split(":")[2] ?? "/";
  const unified = readable(join("/sys/fs/cgroup", path, "memory.swap.max"));
  const old = readable(join("/sys/fs/cgroup/memory", path, "memory.swappiness"));
  return unified?.toString().trim() !== "0" && old?.toString().trim() !== "0";
}

export interface Mount {
  at: string;
  type: string;
  options: string;
}

/** Mounts as a process sees them. */
export const mountsOf = (pid: number): Mount[] =>
  readFileSync(`/proc/${pid}/mountinfo`, "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const [before = "", after = ""] = line.split(" - ");
      const [, , , , at = "", options = ""] = before.split(" ");
      const [type = "", , more = ""] = after.split(" ");
      return { at, type, options: `${options},${more}` };
    });

/** Limits of a process on core files, soft and hard. */
export const coreLimit = (pid: number): string =>
  /^Max core file size\s+(\S+)\s+(\S+)/m
    .exec(readFileSync(`/proc/${pid}/limits`, "utf8"))
    ?.slice(1)
    .join(" ") ?? "";
