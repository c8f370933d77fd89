/**
 * A real node as a test runs it: `glovebox up` in a process of its own, on a free port and a folder of its own, that
 * can be stopped, killed without warning, and started again on the same folder.
 *
 * The first line on stdout of `up --json` is `{url, pid, workers: [pid…], redis_pid, data_dir}`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { type Answer, call, type Sent } from "./http.js";
import { ended, killGroup, terminate } from "./processes.js";
import { type TempDir, tempDir } from "./temp.js";

export interface NodeOptions {
  /** A folder to start on; without it, a temporary one that destroy() removes. */
  dataDir?: string;
  workers?: number;
  env?: Record<string, string>;
  /** More arguments of `glovebox up`. */
  args?: string[];
  /** Where it is started; where this process was, if not said. */
  cwd?: string;
  /** A command that becomes the node, such as `["prlimit", "--core=unlimited"]`. */
  under?: string[];
}

/** What the node said when it was ready. */
export interface Ready {
  url: string;
  pid: number;
  workers: number[];
  /** Process id of its private Redis; null where it uses another. */
  redis_pid: number | null;
}

export interface RunningNode extends Ready {
  dataDir: string;
  adminToken: string;
  http(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** What it wrote on stderr so far. */
  stderr(): string;
  /** Asks it to end and waits; the folder stays. Resolves to its exit code. */
  stop(): Promise<number | null>;
  /** Ends the control process without warning; its workers and Redis are on their own. */
  kill9(): Promise<void>;
  /** A new process on the same folder, after stop() or kill9(). */
  restart(more?: Pick<NodeOptions, "workers" | "env" | "args">): Promise<RunningNode>;
  /** Kills all that this node started, and removes a temporary folder. */
  destroy(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;

export async function startNode(options: NodeOptions = {}): Promise<RunningNode> {
  const temporary = options.dataDir === undefined ? tempDir("node") : undefined;
  const dataDir = options.dataDir ?? join(temporary?.path ?? "", "data");
  return launch({ ...options, dataDir }, temporary);
}

async function launch(options: NodeOptions & { dataDir: string }, temporary?: TempDir): Promise<RunningNode> {
  const { dataDir, workers = 1, env = {}, args = [], cwd, under = [] } = options;
  const program = join(packageRoot, "bin", "glovebox");
  if (!existsSync(join(packageRoot, "dist", "cli", "main.js")))
    throw new Error("dist is not built; run: npm run setup");
  const words = ["up", "--data-dir", dataDir, "--port", "0", "--workers", String(workers), "--json", ...args];
  // A group of its own, so that destroy() reaches workers whose control was killed.
  const [command = "", ...rest] = [...under, process.execPath, program, ...words];
  const child = spawn(command, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const stderr = lastOutput(child);
  const ready = await firstLine(child, stderr);
  const node: RunningNode = {
    ...ready,
    dataDir,
    adminToken: readFileSync(join(dataDir, "admin.token"), "utf8").trim(),
    http: (method, path, sent) => call(ready.url, method, path, sent),
    stderr,
    async stop() {
      await terminate(child, 30_000);
      return child.exitCode;
    },
    async kill9() {
      child.kill("SIGKILL");
      await ended(child);
    },
    restart: (more = {}) => launch({ ...options, ...more }, temporary),
    async destroy() {
      if (child.exitCode === null && child.signalCode === null) await terminate(child, 10_000);
      if (child.pid !== undefined) killGroup(child.pid);
      temporary?.remove();
    },
  };
  return node;
}

/** Collects the end of stderr, for the message of a failed start and for tests that look for what must not be there. */
function lastOutput(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-4_000_000);
  });
  return () => text;
}

function firstLine(child: ChildProcess, stderr: () => string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill("SIGKILL");
      reject(new Error(`glovebox up ${why}\n${stderr().slice(-4000)}`));
    };
    const late = setTimeout(() => fail(`was not ready within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS);
    child.once("exit", (code, signal) => fail(`ended with ${code ?? signal} before it was ready`));
    if (!child.stdout) return fail("has no stdout");
    const lines = createInterface({ input: child.stdout });
    lines.once("line", (line) => {
      clearTimeout(late);
      child.removeAllListeners("exit");
      try {
        resolve(JSON.parse(line) as Ready);
      } catch {
        fail(`said something else than where it is: ${line.slice(0, 200)}`);
      }
    });
  });
}
