/** Where a job may run: what the data, their owner and the submitter ask for, and what the workers really have. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { AssessInput } from "../../src/catalog/datasets/schemas.js";
import { levelAt } from "../../src/jobs/policy.js";
import { type Grade, ISOLATION_LEVELS, type IsolationLevel } from "../../src/vocabulary/index.js";
import { outcome, outcomeOf } from "../catalog/fixture.js";
import { finish, grantedData, type JobsFixture, jobsFixture, submit, trueState } from "./fixture.js";

let f: JobsFixture;
beforeEach(async () => {
  f = jobsFixture();
  await grantedData(f);
  await grantedData(f, { name: "high", grade: 4 });
  await grantedData(f, { name: "core", grade: 5 });
});
afterEach(() => f.end());

/** A worker process whose token allows these levels and whose machine has those. */
function worker(allowed: IsolationLevel[], has: IsolationLevel[] | undefined = allowed) {
  const calls = f.jobs.internal;
  const { token } = calls.registerWorker({ levels: allowed });
  calls.begin(calls.workerByToken(token));
  if (has) calls.offer(calls.workerByToken(token), { levels: has, machine: "m" });
  return { id: () => calls.workerByToken(token), claim: () => calls.claim(calls.workerByToken(token)) };
}

const ledgerOf = (subject: string, kind: string) =>
  f.ledger
    .about(subject)
    .filter((row) => row.kind === kind)
    .map((row) => f.ledger.opening(row.seq).data);

/** The owner looks at published data again and decides. */
function decideAgain(name: string, decision: AssessInput) {
  const { datasets } = f.catalog;
  datasets.suspend(f.owner, name);
  datasets.assess(f.owner, name, decision);
  datasets.publish(f.owner, name);
}
/** As new content with graver columns would. */
const regrade = (name: string, grade: Grade) =>
  f.store.db.prepare("UPDATE datasets SET grade = ? WHERE name = ?").run(grade, name);

describe("a worker offers", () => {
  test("what its machine has, of what its token may", () => {
    expect(worker(["container", "userns"], ["container", "gvisor", "microvm"]).id().levels).toEqual([
      "container",
    ]);
    expect(worker([...ISOLATION_LEVELS], ["container", "gvisor"]).id().levels).toEqual([
      "container",
      "gvisor",
    ]);
  });

  test("the container alone until it has said what it has, and again when another process begins", () => {
    const calls = f.jobs.internal;
    const { token } = calls.registerWorker({ levels: [...ISOLATION_LEVELS] });
    const levels = () => calls.workerByToken(token).levels;
    expect(levels()).toEqual(["container"]);
    calls.offer(calls.workerByToken(token), { levels: ["container", "microvm"], machine: "m" });
    expect(levels()).toEqual(["container", "microvm"]);
    calls.begin(calls.workerByToken(token));
    expect(levels()).toEqual(["container"]);
  });

  test("and that is an entry of the ledger", () => {
    const { id } = worker([...ISOLATION_LEVELS], ["container", "userns"]);
    expect(ledgerOf(id().id, "worker.offered")).toEqual([
      { worker: id().id, isolation: ["container", "userns"] },
    ]);
  });
});

describe("a job is taken", () => {
  test("on data of grade 4 once a worker has userns or gvisor, of grade 5 once one has a microvm", async () => {
    expect(await outcomeOf(submit(f, { datasets: ["high"] }))).toBe("isolation_unavailable");
    worker([...ISOLATION_LEVELS], ["container", "gvisor"]);
    expect(await outcomeOf(submit(f, { datasets: ["high"] }))).toBe("ok");
    expect(await outcomeOf(submit(f, { datasets: ["core"] }))).toBe("isolation_unavailable");
    worker(["microvm"]);
    expect(await outcomeOf(submit(f, { datasets: ["core"] }))).not.toBe("isolation_unavailable");
  });

  test("with stricter isolation where the submitter asks, and refused where nobody has it", async () => {
    expect(await outcomeOf(submit(f, { isolation: "gvisor" }))).toBe("isolation_unavailable");
    expect(await outcomeOf(submit(f, { isolation: "gvisor", mode: "dry_run" }))).toBe(
      "isolation_unavailable",
    );
    worker([...ISOLATION_LEVELS], ["container", "gvisor"]);
    const asked = await submit(f, { isolation: "userns" });
    expect(asked.spec).toMatchObject({ isolation: "userns" });
    expect(f.jobs.record(asked.id).isolation).toBe("gvisor");
    const plain = await submit(f);
    expect(plain.spec).not.toHaveProperty("isolation");
    expect(f.jobs.record(plain.id).isolation).toBe("container");
  });

  test("with the isolation that the owner asks for in the assessment", async () => {
    decideAgain("study", { isolation: "userns" });
    expect(await outcomeOf(submit(f))).toBe("isolation_unavailable");
    expect(await outcomeOf(submit(f, { mode: "dry_run" }))).toBe("ok");
    worker(["userns"]);
    expect(f.jobs.record((await submit(f)).id).isolation).toBe("userns");
  });

  test("an owner cannot find a container enough and too little at once", () => {
    const both = { container_accepted: true, isolation: "userns", reason: "no reason" } as const;
    expect(outcome(() => decideAgain("high", both))).toBe("invalid_input");
  });

  test("not for a worker that was seen long ago", async () => {
    worker(["container", "userns"]);
    f.clock.advance(6 * 60_000);
    expect(await outcomeOf(submit(f, { datasets: ["high"] }))).toBe("isolation_unavailable");
  });

  test("for a worker that is idle but asks", async () => {
    const idle = worker(["container", "userns"]);
    f.clock.advance(4 * 60_000);
    idle.claim();
    f.clock.advance(4 * 60_000);
    expect(await outcomeOf(submit(f, { datasets: ["high"] }))).toBe("ok");
  });
});

describe("a job is leased", () => {
  test("to a worker that has its level or a stronger one, and the run says which", async () => {
    const userns = worker(["container", "userns"]);
    const job = await submit(f, { datasets: ["high"] });
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
    const strong = worker(["microvm"]);
    const lease = strong.claim();
    expect(lease).toMatchObject({ job: job.id, isolation: "microvm" });
    expect(ledgerOf(job.id, "run.leased")).toMatchObject([{ run: lease?.run, isolation: "microvm" }]);
    expect(userns.claim()).toBeUndefined();
  });

  test("and the level that ran is what the worker states, the ledger says and a bundle takes over", async () => {
    const levels = ["container", "gvisor"] as const;
    f.worker = { ...f.worker, levels: [...levels] };
    worker([...levels]);
    const job = await submit(f, { datasets: ["high"] });
    const lease = f.jobs.internal.claim(f.worker)!;
    const named = { worker: f.worker.id, run: lease.run, fence: lease.fence };
    const image = { name: "python", reference: "sha256:0", layers: [], recipe: "0" };
    await f.jobs.internal.stage(named);
    f.jobs.internal.advance(named, "staged");
    expect(
      outcome(() => f.jobs.internal.advance(named, "executing", { image, isolation: "container" })),
    ).toBe("isolation_unavailable");
    f.jobs.internal.advance(named, "executing", { image, isolation: "gvisor", ready: true });
    f.jobs.internal.advance(named, "collected");
    await finish(f, lease);
    expect(ledgerOf(lease.run, "run.executing")).toMatchObject([{ isolation: "gvisor", ready: true }]);
    expect(f.jobs.record(job.id).isolation).toBe("gvisor");
  });

  test("at the level that the data ask for by then: a grade that rose is heard", async () => {
    const job = await submit(f);
    worker(["container", "userns"]);
    regrade("study", 4);
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
    expect(f.jobs.record(job.id).isolation).toBe("userns");
    expect(worker(["userns"]).claim()).toMatchObject({ job: job.id, isolation: "userns" });
  });

  test("in a container that the owner accepted, only as long as no machine has better", async () => {
    decideAgain("high", { container_accepted: true, reason: "a pilot" });
    const job = await submit(f, { datasets: ["high"] });
    expect(f.jobs.record(job.id).isolation).toBe("container");
    const better = worker(["userns"]);
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
    expect(better.claim()).toMatchObject({ job: job.id, isolation: "userns" });
  });

  test("never below it: where nobody offers it any more, the job ends as refused", async () => {
    const job = await submit(f);
    regrade("study", 5);
    const other = await submit(f, { mode: "dry_run" });
    expect(f.jobs.internal.claim(f.worker)).toMatchObject({ job: other.id });
    expect(trueState(f, job.id)).toBe("failed");
    expect(f.jobs.get(f.researcher, job.id).failure).toMatchObject({ class: "refused" });
  });
});

test("the weakest level that is strong enough is taken", () => {
  expect(levelAt("container", ["microvm", "container"])).toBe("container");
  expect(levelAt("userns", ["container", "microvm", "gvisor"])).toBe("gvisor");
  expect(levelAt("microvm", ["container", "userns", "gvisor"])).toBeUndefined();
});
