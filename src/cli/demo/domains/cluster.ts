/**
 * The nodes of the example: each `glovebox up` in a process of its own, on a folder of its own, so that one can be killed
 * as a machine that loses its power, and started again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../../store/index.js";
import { GloveboxError } from "../../../vocabulary/index.js";

const READY_WITHIN_MS = 60_000;
const END_WITHIN_MS = 15_000;

interface Ready {
  url: string;
  redis_pid: number | null;
}

export class DomainNode {
  private child: ChildProcess | undefined;
  private redis: number | null = null;
  url = "";

  private constructor(
    readonly name: string,
    private readonly dataDir: string,
    private readonly port: number,
    private readonly more: readonly string[],
  ) {}

  /** @param more further arguments of `glovebox up` */
  static async start(folder: string, name: string, more: readonly string[] = []): Promise<DomainNode> {
    const node = new DomainNode(name, join(folder, name), await freePort(), more);
    await node.begin();
    return node;
  }

  get adminToken(): string {
    return readFileSync(join(this.dataDir, "admin.token"), "utf8").trim();
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** On the same folder and port: others know where it is. */
  async begin(): Promise<void> {
    const words = ["up", "--data-dir", this.dataDir, "--port", String(this.port), "--domain", this.name];
    const quiet = ["--workers", "0", "--log-level", "error", "--json"];
    const program = join(packageRoot(), "bin", "glovebox");
    this.child = spawn(process.execPath, [program, ...words, ...quiet, ...this.more], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { url, redis_pid } = await firstLine(this.child, this.name);
    this.url = url;
    this.redis = redis_pid;
  }

  /** Without warning, at whatever it was doing. */
  async kill(): Promise<void> {
    const { child } = this;
    child?.kill("SIGKILL");
    if (child && child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  async close(): Promise<void> {
    const { child } = this;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
      await gone;
      clearTimeout(late);
    }
    // One whose node was killed lives on until the next start takes it over.
    if (child?.signalCode === "SIGKILL" && this.redis !== null) endProcess(this.redis);
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It is gone.
  }
}

async function firstLine(child: ChildProcess, name: string): Promise<Ready> {
  const lines = createInterface({ input: child.stdout! });
  const late = setTimeout(() => child.kill("SIGKILL"), READY_WITHIN_MS);
  const ended = once(child, "exit").then(() => undefined);
  const [line] = (await Promise.race([once(lines, "line"), ended])) ?? [];
  clearTimeout(late);
  const said = typeof line === "string" ? (JSON.parse(line) as Partial<Ready>) : {};
  if (said.url === undefined)
    throw new GloveboxError("internal", { detail: `the node of ${name} did not start` });
  return { url: said.url, redis_pid: said.redis_pid ?? null };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
