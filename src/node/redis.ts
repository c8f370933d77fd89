/**
 * The node's private Redis: a child on a unix socket, transport only. It may be killed or wiped at any moment;
 * it is started again, and nothing is lost, since every decision is in SQLite.
 */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RedisAddress } from "../jobs/index.js";
import { GloveboxError } from "../vocabulary/index.js";
import { KeptChild } from "./children.js";

/** Linux allows 107 bytes in a unix socket's path; a long data directory gets a short one under the temp folder. */
const LONGEST_SOCKET_PATH = 100;

function socketPath(directory: string, dataDir: string): string {
  const beside = join(directory, "redis.sock");
  if (Buffer.byteLength(beside) <= LONGEST_SOCKET_PATH) return beside;
  const short = join(tmpdir(), `glovebox-${createHash("sha256").update(dataDir).digest("hex").slice(0, 12)}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  return join(short, "redis.sock");
}

/** Starts the private Redis in `<data-dir>/redis` and waits until its socket answers. */
export async function startRedis(
  dataDir: string,
  onDeath: (name: string, how: string) => void,
): Promise<{ address: RedisAddress; child: KeptChild }> {
  const directory = join(dataDir, "redis");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const path = socketPath(directory, dataDir);
  const pidfile = join(directory, "redis.pid");
  await endLeftOver(pidfile, directory);
  // biome-ignore format: one setting a line
  const args = [
    "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", directory,
    "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no",
    "--pidfile", pidfile,
  ];
  const child = new KeptChild(
    { name: "redis", command: "redis-server", args, env: { PATH: process.env.PATH } },
    onDeath,
  );
  child.start();
  try {
    await answers(path, 10_000);
  } catch (e) {
    await child.stop(1000);
    throw new GloveboxError(
      "engine_unavailable",
      { detail: "redis-server did not start; run `glovebox doctor`" },
      e,
    );
  }
  return { address: { path }, child };
}

/** A Redis whose control was killed still writes to the same files: it is ended before the next one starts. */
async function endLeftOver(pidfile: string, directory: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const pid = liveRedis(pidfile, directory);
    if (pid === undefined) return;
    process.kill(pid, "SIGKILL");
    await new Promise((done) => setTimeout(done, 20));
  }
}

function liveRedis(pidfile: string, directory: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidfile, "utf8").trim());
    const named = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("redis-server");
    return named && readlinkSync(`/proc/${pid}/cwd`) === directory ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function answers(path: string, withinMs: number): Promise<void> {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      await new Promise<void>((done, fail) => {
        const socket = connect(path, () => {
          socket.destroy();
          done();
        });
        socket.once("error", fail);
      });
      return;
    } catch (e) {
      if (Date.now() > until) throw e;
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}
