/** A redis-server of one test, on a unix socket in a folder of its own; it can be killed, restarted and wiped. */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { ended, terminate, until } from "./processes.js";
import { tempDir } from "./temp.js";

export interface PrivateRedis {
  /** Path of the unix socket. */
  path: string;
  pid(): number;
  /** Ends it without warning; its append-only file stays. */
  kill9(): Promise<void>;
  /** Starts it again after kill9(), on the same socket and files; after `wipe` it comes back empty. */
  restart(options?: { wipe?: boolean }): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export async function privateRedis(): Promise<PrivateRedis> {
  const folder = tempDir("redis");
  const path = join(folder.path, "redis.sock");
  let child = await start(folder.path, path);
  return {
    path,
    pid: () => child.pid ?? 0,
    async kill9() {
      child.kill("SIGKILL");
      await ended(child);
    },
    async restart({ wipe = false } = {}) {
      if (wipe) rmSync(join(folder.path, "appendonlydir"), { recursive: true, force: true });
      child = await start(folder.path, path);
    },
    async stop() {
      await terminate(child);
      folder.remove();
    },
  };
}

async function start(folder: string, path: string): Promise<ChildProcess> {
  rmSync(path, { force: true });
  const args = ["--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", folder];
  args.push("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction");
  const child = spawn("redis-server", args, { stdio: "ignore" });
  let failure: Error | undefined;
  child.once("error", (cause) => {
    failure = new Error("redis-server cannot be started; run: npm run setup", { cause });
  });
  await until(async () => {
    if (failure) throw failure;
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    return answersPing(path);
  }, "redis-server to answer");
  return child;
}

/** While it loads its append-only file, redis-server listens but answers with an error. */
function answersPing(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write("PING\r\n"));
    socket.once("data", (reply) => {
      socket.destroy();
      resolve(reply.toString().startsWith("+PONG"));
    });
    socket.once("error", () => resolve(false));
  });
}
