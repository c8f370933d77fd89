/**
 * One container that waits for its run: made, started, its interpreter up, its usual packages imported.
 *
 * Rules. Everything of the container's is as for a cold run of its class (docker/settings): the same settings, a user
 * of its own, a disk of its own. While it waits it holds nothing of anybody's. It is given one run and none after;
 * whatever goes wrong before the program began, the run's files go back and the container is destroyed. The channel is
 * a FIFO that this process holds open: when it dies, the waiting interpreter reads its end and goes.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { packageRoot } from "../../store/index.js";
import { readHeld, weigh } from "../cgroup.js";
import type { DockerExecutor } from "../docker/executor.js";
import { type DockerRun, letRead } from "../docker/run.js";
import { type ContainerSettings, READY_LABEL, RUN_LABEL } from "../docker/settings.js";
import { readyGroupPrefix, runName, waitingName } from "../docker/sweep.js";
import type { RunSpec } from "../executor.js";
import { ownerTag } from "../owner.js";
import { classKey, packageOf, type ReadyClass } from "./class.js";
import { ORDER_END } from "./order.js";
import type { Pooled } from "./pool.js";

const run = promisify(execFile);
const MIB = 1024 * 1024;

const WAITER = join(packageRoot(), "dist", "sandbox", "ready", "waiter.py");
/** Python imports a module of this name at the end of its own start. */
const MODULE = "usercustomize.py";
const CHANNEL = "order";
/** As long as the longest name of a program may be. */
const PLACEHOLDER = "glovebox-waits-".padEnd(512, "_");
const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 25;
/** What one that waits holds, where its control group does not say. */
const USUALLY_HELD = 64 * MIB;

const { O_WRONLY, O_NONBLOCK } = constants;

export class Waiting implements Pooled {
  private channel: number | undefined;

  private constructor(
    private readonly docker: DockerExecutor,
    readonly key: string,
    readonly run: DockerRun,
    channel: number,
  ) {
    this.channel = channel;
  }

  /** Makes one and resolves when it waits. */
  static async make(docker: DockerExecutor, ready: ReadyClass): Promise<Waiting> {
    const made = await makeContainer(docker, ready);
    try {
      if (made.group !== undefined) weigh(made.group, "idle");
      await docker.launch(made);
      const channel = await opened(made);
      try {
        await forgetTheWay(made);
        return new Waiting(docker, classKey(ready), made, channel);
      } catch (error) {
        closeSync(channel);
        throw error;
      }
    } catch (error) {
      await docker.remove(made).catch(() => undefined);
      throw error;
    }
  }

  /** Looked up each time: the kernel adds a group's pages up late, and right after a start says too few. */
  get heldBytes(): number {
    const held = this.run.group === undefined ? undefined : readHeld(this.run.group);
    return held ?? USUALLY_HELD;
  }

  get ended(): Promise<unknown> {
    return this.run.ended ?? Promise.resolve();
  }

  /** Gives it a run: from here on it is that run's, and `begin` starts the program. Throws with the files put back. */
  async give(spec: RunSpec, order: Buffer): Promise<DockerRun> {
    const { dataDir, workDir } = this.run.spec;
    const moves = [
      { from: spec.dataDir, to: dataDir },
      { from: spec.workDir, to: workDir },
    ];
    // All to their end, whichever fails: what was moved must be where it is looked for.
    const done = await Promise.allSettled([
      this.run.container.rename({ name: runName(spec.runId) }),
      ...moves.map(({ from, to }) => moveAll(from, to).then(() => letRead(to))),
    ]);
    try {
      const failed = done.find((one) => one.status === "rejected");
      if (failed) throw failed.reason;
      this.write(order);
    } catch (error) {
      for (const { from, to } of moves) await moveAll(to, from);
      throw error;
    }
    const { cpus } = this.run.spec.limits;
    this.run.spec = { ...spec, dataDir, workDir, limits: { ...spec.limits, cpus } };
    this.run.begin = () => this.begin();
    return this.run;
  }

  private begin(): void {
    this.write(Buffer.from(ORDER_END));
    this.close();
  }

  private write(bytes: Buffer): void {
    if (this.channel === undefined) throw new Error("sandbox: a waiting container is given one run");
    if (writeSync(this.channel, bytes) !== bytes.length)
      throw new Error("sandbox: an order was not taken whole");
  }

  /** Without an order sent, the interpreter ends. Any number of times. */
  close(): void {
    if (this.channel === undefined) return;
    closeSync(this.channel);
    this.channel = undefined;
  }

  async destroy(): Promise<void> {
    this.close();
    await this.docker.remove(this.run);
  }
}

/** Within one file system, so nothing is copied and what is open stays so. */
async function moveAll(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) await rename(join(from, name), join(to, name));
}

async function makeContainer(docker: DockerExecutor, ready: ReadyClass): Promise<DockerRun> {
  const { staging, node } = docker.options;
  const id = randomBytes(10).toString("hex");
  const staged = await staging.dir("ready");
  const [data, work] = [join(staged.path, "data"), join(staged.path, "work")];
  try {
    await Promise.all([mkdir(data), mkdir(work)]);
    const settings = {
      package: packageOf(ready.limits) ?? "",
      room: PLACEHOLDER.length,
      channel: `/work/${CHANNEL}`,
    };
    const waiter = `SETTINGS = ${JSON.stringify(settings)}\n${await readFile(WAITER, "utf8")}`;
    await Promise.all([
      writeFile(join(work, MODULE), waiter),
      run("mkfifo", ["-m", "0444", join(work, CHANNEL)]),
    ]);
  } catch (error) {
    await staged.wipe();
    throw error;
  }
  const spec: RunSpec = {
    runId: id,
    node,
    image: ready.image,
    command: ["python3", PLACEHOLDER],
    env: {},
    dataDir: data,
    workDir: work,
    limits: { ...ready.limits, wall_s: 1 },
    outputs: [],
  };
  const change = (settings: ContainerSettings) => waitingSettings(settings, id);
  const made = await docker.make(spec, { staged, group: readyGroupPrefix(node) + id, change });
  made.ready = true;
  return made;
}

function waitingSettings(settings: ContainerSettings, id: string): ContainerSettings {
  const { Labels, Env } = settings;
  const { [RUN_LABEL]: _, ...labels } = Labels;
  return {
    ...settings,
    name: waitingName(id),
    Env: [...Env, "PYTHONPATH=/work"],
    Labels: { ...labels, [READY_LABEL]: ownerTag() ?? "" },
  };
}

/** Opens the channel as soon as the interpreter waits at its other end, and not before. */
async function opened(made: DockerRun): Promise<number> {
  const path = join(made.spec.workDir, CHANNEL);
  let over = false;
  void made.ended
    ?.catch(() => undefined)
    .then(() => {
      over = true;
    });
  for (const until = performance.now() + READY_WITHIN_MS; performance.now() < until && !over; ) {
    try {
      return openSync(path, O_WRONLY | O_NONBLOCK);
    } catch (error) {
      // ENXIO: nobody reads yet.
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
    }
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`sandbox: a container ${over ? "ended before it waited" : "did not come to wait in time"}`);
}

/** It waits: takes away what told it how, and lets it weigh as any run. */
async function forgetTheWay(made: DockerRun): Promise<void> {
  await Promise.all([MODULE, CHANNEL].map((name) => rm(join(made.spec.workDir, name))));
  if (made.group !== undefined) weigh(made.group, "normal");
}
