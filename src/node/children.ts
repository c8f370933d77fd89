/**
 * Child processes of the node that must be there as long as it is: a child that dies is started again, after a
 * pause that grows while it keeps dying. What a child prints goes to its handler, never to the node's own stdout.
 */
import { type ChildProcess, spawn } from "node:child_process";

export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** What it writes on stdout and stderr, a line at a time. */
  onLine?: (line: string) => void;
  /** Opens a channel that breaks when this process dies, however it dies: the child notices and goes. */
  tether?: boolean;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A child that lived this long is healthy: its next death starts from the shortest pause again. */
const HEALTHY_AFTER_MS = 30_000;

export class KeptChild {
  private child: ChildProcess | undefined;
  private stopping = false;
  private pause = FIRST_PAUSE_MS;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly spec: ChildSpec,
    private readonly onDeath: (name: string, how: string) => void,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const startedAt = Date.now();
    const child = spawn(this.spec.command, this.spec.args, {
      env: this.spec.env,
      stdio: this.spec.tether ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream?.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = (lines.pop() ?? "").slice(-4096);
        for (const line of lines) this.spec.onLine?.(line);
      });
    }
    let over = false;
    const ended = (how: string) => {
      if (over) return;
      over = true;
      if (this.child === child) this.child = undefined;
      if (this.stopping) return;
      this.onDeath(this.spec.name, how);
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) this.pause = FIRST_PAUSE_MS;
      this.timer = setTimeout(() => this.start(), this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    };
    child.on("error", (e) => ended((e as NodeJS.ErrnoException).code ?? "error"));
    child.on("exit", (code, signal) => ended(signal ?? `exit ${code}`));
  }

  /** Ends the child: SIGTERM first, SIGKILL after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((done) => child.once("exit", () => done()));
    child.kill("SIGTERM");
    const hard = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await gone;
    clearTimeout(hard);
  }
}
