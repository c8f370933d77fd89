/**
 * A node to be killed: on one folder and one port through all its lives, with people, data and a real program, and
 * with what must hold of each of its jobs afterwards.
 */
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "@jest/globals";
import {
  awaitJob,
  descendants,
  freePort,
  isAlive,
  type Json,
  type RunningNode,
  sandboxJob,
  startNode,
  submitJob,
  until,
  Witness,
  type World,
  world,
} from "../../harness/index.js";

/** What an honest program leaves; each table is far above every threshold. */
export const OUTPUTS = ["by-group.csv", "by-sex.csv", "by-year.csv", "total.json"];
const EXPECTED = ["stderr.log", "stdout.log", ...OUTPUTS].sort();

/** Counts deaths three ways from the raw file, then stays for `seconds`, so that a test can meet it. */
export const program = (seconds: number): string => `
import csv, json, os, time
D, O = os.environ["GLOVEBOX_DATA"], os.environ["GLOVEBOX_OUT"]
with open(f"{D}/flchain.csv", newline="") as f:
    people = list(csv.DictReader(f))
for name, column in (("by-group", "flc.grp"), ("by-sex", "sex"), ("by-year", "sample.yr")):
    counts = {}
    for p in people:
        c = counts.setdefault(p[column], [0, 0])
        c[0] += 1
        c[1] += int(p["death"])
    with open(f"{O}/{name}.csv", "w", newline="") as f:
        w = csv.writer(f)
        w.writerow([column, "count", "deaths"])
        w.writerows([k, *counts[k]] for k in sorted(counts) if min(counts[k]) >= 10)
with open(f"{O}/total.json", "w") as f:
    json.dump({"count": len(people), "deaths": sum(int(p["death"]) for p in people)}, f)
print(len(people))
time.sleep(${seconds})
`;

export interface VictimOptions {
  workers?: number;
  env?: Record<string, string>;
}

export class Victim {
  /** Every process that was this node's at some time. */
  readonly pids = new Set<number>();
  private readonly checkpoints: string[] = [];
  /** Engines and checkers of the control that was killed last. */
  private helpers: number[] = [];
  /** What an undisturbed job of the program left: name to hash of what reviewers see. */
  private undisturbed: Record<string, string> = {};

  private constructor(
    public node: RunningNode,
    readonly people: World,
    readonly witness: Witness,
  ) {
    this.remember();
  }

  static async start(options: VictimOptions = {}): Promise<Victim> {
    const args = ["--port", String(await freePort())];
    const node = await startNode({ ...options, args });
    try {
      const victim = new Victim(node, await world(node), new Witness(node.dataDir));
      await victim.keepCheckpoint();
      return victim;
    } catch (error) {
      await node.destroy();
      throw error;
    }
  }

  /** Ends the node; no worker of any of its lives may be there afterwards. */
  async end(): Promise<void> {
    this.witness.close();
    await this.node.destroy();
    await until(() => workersOf(this.node.dataDir).length === 0, "all workers of the node to be gone");
  }

  private remember(): void {
    for (const pid of descendants(this.node.pid)) this.pids.add(pid);
  }

  /** A client takes the log's head away: what comes later must continue it. */
  async keepCheckpoint(): Promise<void> {
    const { auditors } = this.people;
    const answer = await auditors[0].http("GET", "/api/v1/ledger/checkpoint");
    expect(answer.status).toBe(200);
    this.checkpoints.push(answer.text);
  }

  submit(seconds: number, more: Json = {}): Promise<string> {
    return submitJob(this.people.researcher, this.job(seconds, more));
  }
  job = (seconds: number, more: Json = {}): Json => sandboxJob(program(seconds), OUTPUTS, more);

  /** Ends control without warning. Its workers are on their own; its engines and checkers die with it. */
  async killControl(): Promise<void> {
    this.remember();
    this.helpers = descendants(this.node.pid).filter(isHelper);
    await this.node.kill9();
  }

  /** A new control on the same folder and port; it ends what was just being started when the last one died. */
  async restart(more: VictimOptions = {}): Promise<void> {
    this.node = await this.node.restart(more);
    this.remember();
    await until(() => !this.helpers.some(isAlive), "the killed control's engines and checkers to be gone");
  }

  async killAndRestart(): Promise<void> {
    await this.killControl();
    await this.restart();
  }

  /** The worker processes there are now. */
  workers(): number[] {
    const pids = descendants(this.node.pid).filter(isWorker);
    for (const pid of pids) this.pids.add(pid);
    return pids;
  }

  /** The only worker process. */
  worker(): number {
    const [pid, ...more] = this.workers();
    if (pid === undefined || more.length > 0) throw new Error("there is not one worker");
    return pid;
  }

  /** Resolves when control has started another worker in the place of one that was killed. */
  async anotherWorker(killed: number): Promise<void> {
    await until(() => descendants(this.node.pid).some((p) => p !== killed && isWorker(p)), "another worker");
    this.remember();
  }

  /** The private Redis, unless it is just being started again. */
  redisIfAny = (): number[] => descendants(this.node.pid).filter(isRedis);
  redis(): number {
    const [pid] = this.redisIfAny();
    if (pid === undefined) throw new Error("there is no Redis");
    return pid;
  }

  /** Resolves when control has started another Redis in the place of one that was killed. */
  async anotherRedis(killed: number): Promise<void> {
    await until(() => descendants(this.node.pid).some((p) => p !== killed && isRedis(p)), "another Redis");
  }

  /** The true state of a job once it is over, as one of its auditors sees it. */
  async over(job: string, withinMs = 90_000): Promise<Json> {
    return awaitJob(this.people.auditors[0], job, ["held", "done", "failed", "cancelled"], withinMs);
  }

  /** Runs the program undisturbed, as the measure for all jobs after. */
  async measure(): Promise<void> {
    const job = await this.submit(0);
    expect((await this.over(job)).state).toBe("held");
    this.undisturbed = await this.hashes(job);
    expect(Object.keys(this.undisturbed).sort()).toEqual(EXPECTED);
  }

  private async hashes(job: string): Promise<Record<string, string>> {
    const { items } = await this.people.auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`);
    return Object.fromEntries(items.map((o: Json) => [o.name, o.sha256]));
  }

  /** The job was held once, with one set of outputs, from one run, for one charge, as if nothing had happened. */
  async heldOnce(job: string): Promise<void> {
    const view = await this.over(job);
    expect([job, view.state, view.failure]).toEqual([job, "held", undefined]);
    const runs = this.witness.runs(job);
    expect(runs.map(({ state }) => state).filter((state) => state !== "lost")).toEqual(["ended"]);
    expect(runs.at(-1)?.state).toBe("ended");
    expect(runs.map(({ fence }) => fence)).toEqual(runs.map((_, i) => i + 1));
    const outputs = this.witness.outputs(job);
    expect(outputs.map(({ name }) => name)).toEqual(EXPECTED);
    expect(new Set(outputs.map(({ run }) => run))).toEqual(new Set([runs.at(-1)?.id]));
    expect(outputs.every(({ object, raw_object, verdict }) => object && !raw_object && verdict)).toBe(true);
    expect(await this.hashes(job)).toEqual(this.undisturbed);
    expect(this.witness.charges(job)).toHaveLength(1);
    this.enteredOnce(job, runs.length);
  }

  /** The ledger tells the same story: one submission, a lease a run, one end. */
  private enteredOnce(job: string, runs: number): void {
    const entries = this.witness.entries(job);
    expect(entries).toMatchObject({
      "job.submitted": 1,
      "run.leased": runs,
      "job.collected": 1,
      "job.held": 1,
    });
    expect(entries["job.requeued"] ?? 0).toBe(runs - 1);
    for (const { id, state } of this.witness.runs(job)) {
      expect(this.witness.entries(id)[`run.${state}`]).toBe(1);
    }
    for (const { id } of this.witness.outputs(job)) {
      expect(this.witness.entries(id)).toEqual({ "output.held": 1 });
    }
  }

  /** The log is whole and continues every head that was ever given out; all that is named can be read. */
  async whole(): Promise<void> {
    await this.keepCheckpoint();
    const { ok, problems, checkpoints } = this.witness.audit(this.checkpoints);
    expect({ ok, problems }).toEqual({ ok: true, problems: [] });
    expect(checkpoints).toBeGreaterThanOrEqual(this.checkpoints.length);
    expect(await this.witness.unreadable()).toEqual([]);
    expect(this.witness.count("outputs GROUP BY run, name HAVING count(*) > 1") ?? 0).toBe(0);
  }

  /** Nothing of any run is left on the machine. */
  nothingLeft(): Promise<void> {
    this.remember();
    return this.witness.nothingLeft([...this.pids]);
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Workers of a node, whoever is their parent by now: their settings name its folder. */
function workersOf(dataDir: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => isWorker(pid) && environmentOf(pid).includes(dataDir));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}

const isWorker = (pid: number): boolean => commandOf(pid).includes("jobs/worker/main.js");
const isRedis = (pid: number): boolean => commandOf(pid).startsWith("redis-server");
/** Neither a worker, nor what a worker started, nor Redis: an engine, a checker, or their confinement. */
const isHelper = (pid: number): boolean => /catalog\/engine|disclosure\/checker|bwrap/.test(commandOf(pid));
