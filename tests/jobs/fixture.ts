/** The room of jobs over a real store, vault, ledger, catalogue and checker; the test takes the part of a worker. */

import { join } from "node:path";
import { Readable } from "node:stream";
import { pino } from "pino";
import type { Engine } from "../../src/catalog/index.js";
import {
  createJobs,
  type JobKind,
  type Jobs,
  type JobsConfig,
  type JobView,
  type Lease,
  type RunClaim,
  type RunOutcome,
} from "../../src/jobs/index.js";
import {
  CHECKER_ENTRY,
  type Checker,
  createChecker,
  createProtector,
  PROTECTOR_ENTRY,
  type Protector,
} from "../../src/privacy/index.js";
import { spawnConfined } from "../../src/sandbox/index.js";
import { packageRoot } from "../../src/store/index.js";
import type { Actor, IsolationLevel } from "../../src/vocabulary/index.js";
import { type EngineDouble, engineDouble } from "../catalog/engine-double.js";
import { type CatalogFixture, catalogFixture, datasetIn, give } from "../catalog/fixture.js";

export interface TestWorker {
  id: string;
  token: string;
  levels: IsolationLevel[];
}

export interface JobsFixture<E extends Engine = EngineDouble> extends CatalogFixture<E> {
  jobs: Jobs;
  checker: Checker;
  worker: TestWorker;
  /** A new service over the same store, as after a restart of control. */
  restart(): Jobs;
  end(): Promise<void>;
}

export const realChecker = (): Checker =>
  createChecker({
    spawn: (memoryMb, cpuSeconds) =>
      spawnConfined({
        profile: "checker",
        entry: join(packageRoot(), CHECKER_ENTRY),
        memoryMb,
        cpuSeconds,
        tmpMb: 16,
      }),
  });

/** Starts a process where a table is to be made safe, and no sooner. */
export const realProtector = (): Protector =>
  createProtector({
    spawn: (memoryMb, cpuSeconds) =>
      spawnConfined({
        profile: "checker",
        entry: join(packageRoot(), PROTECTOR_ENTRY),
        memoryMb,
        cpuSeconds,
        tmpMb: 16,
      }),
  });

export const quiet = pino({ level: "silent" });

export function jobsFixture(config?: Partial<JobsConfig>): JobsFixture;
export function jobsFixture<E extends Engine>(
  config: Partial<JobsConfig> | undefined,
  engine: E,
  kinds?: readonly JobKind[],
): JobsFixture<E>;
export function jobsFixture(
  config: Partial<JobsConfig> = {},
  engine: Engine = engineDouble(),
  kinds: readonly JobKind[] = [],
): JobsFixture<Engine> {
  const base = catalogFixture({}, engine);
  const checker = realChecker();
  const make = () => createJobs({ ...base, checker, protector: realProtector(), log: quiet, config, kinds });
  const jobs = make();
  const levels: IsolationLevel[] = ["container"];
  const fixture: JobsFixture<Engine> = {
    ...base,
    jobs,
    checker,
    worker: { ...jobs.internal.registerWorker({ levels }), levels },
    restart: () => {
      fixture.jobs = make();
      return fixture.jobs;
    },
    async end() {
      await fixture.jobs.close();
      await checker.close();
      base.end();
    },
  };
  return fixture;
}

/** A published dataset of the grade, and the researcher's grant for it. */
export async function grantedData(
  f: JobsFixture<Engine>,
  more: { name?: string; grade?: 1 | 2 | 3 | 4 | 5; signal_bits?: number; principal?: string } = {},
): Promise<{ dataset: string; grant: string }> {
  const { name = "study", grade = 3, signal_bits, principal = "researcher" } = more;
  await datasetIn(f, "published", {
    name,
    columns: ["id", "age", "city"].map((column) => ({ name: column, grade })),
  });
  const grant = give(f, name, { principal, ...(signal_bits === undefined ? {} : { signal_bits }) });
  return { dataset: name, grant: grant.id };
}

export const jobInputOf = (more: Record<string, unknown> = {}) => ({
  kind: "sandbox",
  purpose: "mortality by age",
  datasets: ["study"],
  image: "python",
  files: { "main.py": "print(1)\n" },
  command: ["python3", "main.py"],
  outputs: [],
  ...more,
});

/** A moment passes with each submission, so that jobs have an age. */
export async function submit(
  f: JobsFixture<Engine>,
  more: Record<string, unknown> = {},
  actor: Actor = f.researcher,
): Promise<JobView> {
  f.clock.advance(1);
  return f.jobs.submit(actor, jobInputOf(more));
}

export const claimOf = (f: JobsFixture<Engine>, lease: Lease): RunClaim => ({
  worker: f.worker.id,
  run: lease.run,
  fence: lease.fence,
});

export function claim(f: JobsFixture<Engine>): Lease {
  const lease = f.jobs.internal.claim(f.worker);
  if (!lease) throw new Error("nothing to claim");
  return lease;
}

/** Uploads what a program would have left, and ends the run. */
export async function finish(
  f: JobsFixture<Engine>,
  lease: Lease,
  outcome: Partial<Omit<RunOutcome, "outputs">> = {},
  files: Record<string, string> = {},
): Promise<void> {
  const outputs: RunOutcome["outputs"] = [];
  for (const [name, content] of Object.entries({ "stdout.log": "", "stderr.log": "", ...files })) {
    const put = await f.jobs.internal.putOutput(
      claimOf(f, lease),
      name,
      Readable.from([Buffer.from(content)]),
    );
    outputs.push({ name, ...put });
  }
  await f.jobs.internal.finish(claimOf(f, lease), { outcome: "exited", exit_code: 0, ...outcome, outputs });
}

/** A whole job up to the end of its check. */
export async function runJob(
  f: JobsFixture<Engine>,
  more: Record<string, unknown> = {},
  outcome: Partial<Omit<RunOutcome, "outputs">> = {},
  files: Record<string, string> = {},
): Promise<JobView> {
  const job = await submit(f, more);
  await finish(f, claim(f), outcome, files);
  await f.jobs.idle();
  return job;
}

/** The state as it is, whoever may see it. */
export const trueState = (f: JobsFixture<Engine>, id: string): string => f.jobs.record(id).state;
