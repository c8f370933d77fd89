/** Leases, fences and the way of a run: what counts is the newest run, once. */
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { entriesOf, outcome, outcomeOf } from "../catalog/fixture.js";
import {
  claim,
  claimOf,
  finish,
  grantedData,
  type JobsFixture,
  jobInputOf,
  jobsFixture,
  runJob,
  submit,
  trueState,
} from "./fixture.js";

let f: JobsFixture;
beforeEach(async () => {
  f = jobsFixture();
  await grantedData(f);
});
afterEach(() => f.end());

const later = async (ms: number) => {
  f.clock.advance(ms);
  await f.jobs.tick();
  await f.jobs.idle();
};
const outputNames = (id: string) =>
  (
    f.store.db.prepare("SELECT name FROM outputs WHERE job = ? ORDER BY name").pluck().all(id) as string[]
  ).join();
const files = { "t.csv": "group,n\na,40\nb,60\n" };

describe("the way of a job", () => {
  test("leads from submission to held outputs, with an entry for each step", async () => {
    const job = await submit(f, { outputs: ["t.csv"] });
    const lease = claim(f);
    expect(trueState(f, job.id)).toBe("running");
    const stage = await f.jobs.internal.stage(claimOf(f, lease));
    expect(stage.views).toMatchObject([{ file: "study.csv" }]);
    for (const state of ["staged", "executing", "collected"] as const)
      f.jobs.internal.advance(claimOf(f, lease), state);
    await finish(f, lease, {}, files);
    expect(trueState(f, job.id)).toBe("checking");
    await f.jobs.idle();
    expect(trueState(f, job.id)).toBe("held");
    expect(entriesOf(f, job.id)).toEqual(
      expect.arrayContaining(["job.submitted", "run.leased", "job.collected", "job.held"]),
    );
    expect(entriesOf(f, lease.run)).toEqual(["run.staged", "run.executing", "run.collected", "run.ended"]);
    f.clock.advance(60_000);
    expect(f.jobs.heldOutputs(job.id).map((o) => [o.name, o.media_type, o.verdict])).toEqual([
      ["stderr.log", "text/plain", "pass"],
      ["stdout.log", "text/plain", "pass"],
      ["t.csv", "text/csv", "review"],
    ]);
  });

  test("a held output is the rebuilt file, and the raw bytes are dropped", async () => {
    const job = await runJob(
      f,
      { outputs: ["t.csv"] },
      {},
      { "t.csv": "group , n\r\na,40.123456789012\r\n" },
    );
    f.clock.advance(60_000);
    const [held] = f.jobs.heldOutputs(job.id).filter((o) => o.name === "t.csv");
    const content = (await f.vault.read(held!.object, 1000)).toString();
    expect(content).toContain("40.123457\n");
    const raw = f.store.db.prepare("SELECT count(*) FROM outputs WHERE raw_object IS NOT NULL").pluck().get();
    expect(raw).toBe(0);
    await later(11 * 60_000);
    expect(f.store.db.prepare("SELECT count(*) FROM dropped_objects").pluck().get()).toBe(0);
    expect(f.vault.has(held!.object)).toBe(true);
  });

  test("a declared file that was not written stands there, empty and failed", async () => {
    const job = await runJob(f, { outputs: ["t.csv", "m.json"] }, {}, files);
    f.clock.advance(60_000);
    expect(f.jobs.get(f.researcher, job.id)).toMatchObject({ state: "held", verdict: "fail" });
    const missing = f.jobs.heldOutputs(job.id).find((o) => o.name === "m.json");
    expect(missing).toMatchObject({ bytes: 0, verdict: "fail", findings: [{ rule: "missing" }] });
  });

  test("empty logs start no checker and no engine", async () => {
    const before = f.engine.calls.scan;
    await runJob(f);
    expect(f.engine.calls.scan).toBe(before);
  });

  test.each([
    ["exited", 3, "program_failed", undefined],
    ["memory", 137, "limit_exceeded", "memory"],
    ["wall", undefined, "limit_exceeded", "wall"],
    ["disk", 1, "limit_exceeded", "disk"],
    ["pids", 1, "limit_exceeded", "pids"],
    ["log", undefined, "limit_exceeded", "log"],
  ] as const)("a run that ends by %s with %s fails as %s", async (name, exit_code, failure, limit) => {
    const job = await runJob(
      f,
      { outputs: ["t.csv"] },
      { outcome: name, exit_code },
      { ...files, "stderr.log": "x\n" },
    );
    f.clock.advance(60_000);
    const shown = f.jobs.get(f.researcher, job.id);
    expect(shown).toMatchObject({ state: "failed", failure: { class: failure } });
    expect(shown.failure?.limit).toBe(limit);
    expect(shown.failure?.detail).toBeUndefined();
    const held = f.jobs.heldOutputs(job.id);
    expect(held.find((o) => o.name === "t.csv")).toMatchObject({
      bytes: 0,
      findings: [{ rule: "not_kept" }],
    });
    expect(held.find((o) => o.name === "stderr.log")).toMatchObject({ bytes: 2 });
  });
});

describe("a rehearsal", () => {
  test("ends at once, and its submitter reads logs and files", async () => {
    const job = await runJob(
      f,
      { mode: "dry_run", outputs: ["t.csv"] },
      {},
      { ...files, "stdout.log": "hi\n" },
    );
    expect(f.jobs.get(f.researcher, job.id)).toMatchObject({
      state: "done",
      signals: { bits: 0, left: null },
    });
    const { stream, info } = await f.jobs.dryRunOutput(f.researcher, job.id, "stdout.log");
    expect(info).toMatchObject({ bytes: 3, media_type: "text/plain" });
    expect(Buffer.concat(await stream.toArray()).toString()).toBe("hi\n");
    expect(await outcomeOf(f.jobs.dryRunOutput(f.admin, job.id, "stdout.log"))).toBe("not_found");
    expect(f.jobs.heldOutputs(job.id)).toEqual([]);
  });

  test("that fails says with what", async () => {
    const job = await runJob(f, { mode: "dry_run" }, { exit_code: 7 });
    expect(f.jobs.get(f.researcher, job.id).failure).toMatchObject({
      class: "program_failed",
      detail: expect.stringContaining("7"),
    });
  });

  test("gets the twin and never the View", async () => {
    await submit(f, { mode: "dry_run" });
    const { views } = await f.jobs.internal.stage(claimOf(f, claim(f)));
    const twin = (await f.vault.read(views[0]!.object, 1e6)).toString();
    expect(twin).not.toMatch(/Wuhan|Chengdu/);
    expect(f.engine.calls.materialise).toBe(0);
  });

  test("of a real job's files nothing is read", async () => {
    const job = await runJob(f, {}, {}, { "stdout.log": "secret\n" });
    f.clock.advance(3600_000);
    for (const actor of [f.researcher, f.owner, f.admin, f.auditor])
      expect(await outcomeOf(f.jobs.dryRunOutput(actor, job.id, "stdout.log"))).toBe("not_found");
  });
});

describe("a lost run", () => {
  test("sends its job back, and its uploads are no outputs", async () => {
    const job = await submit(f, { outputs: ["t.csv"] });
    const old = claim(f);
    await f.jobs.internal.putOutput(claimOf(f, old), "t.csv", Readable.from([Buffer.from("half")]));
    await later(31_000);
    expect(trueState(f, job.id)).toBe("queued");
    expect(outputNames(job.id)).toBe("");
    f.clock.advance(2_000);
    const fresh = claim(f);
    expect(fresh).toMatchObject({ job: job.id, fence: 2, attempt: 2 });
    await finish(f, fresh, {}, files);
    await f.jobs.idle();
    expect(trueState(f, job.id)).toBe("held");
    expect(outputNames(job.id)).toBe("stderr.log,stdout.log,t.csv");
  });

  test("an old worker is refused whatever it asks", async () => {
    await submit(f, { outputs: ["t.csv"] });
    const old = claimOf(f, claim(f));
    await later(31_000);
    f.clock.advance(2_000);
    const fresh = claim(f);
    const { internal } = f.jobs;
    expect(outcome(() => internal.heartbeat(old))).toBe("stale");
    expect(outcome(() => internal.advance(old, "staged"))).toBe("stale");
    expect(outcome(() => internal.object(old, "0".repeat(64)))).toBe("stale");
    expect(outcome(() => internal.giveBack(old))).toBe("stale");
    expect(await outcomeOf(internal.stage(old))).toBe("stale");
    expect(await outcomeOf(internal.putOutput(old, "t.csv", Readable.from([Buffer.from("x")])))).toBe(
      "stale",
    );
    expect(await outcomeOf(internal.finish(old, { outcome: "exited", exit_code: 0, outputs: [] }))).toBe(
      "stale",
    );
    const forged = { ...claimOf(f, fresh), fence: 1 };
    expect(outcome(() => internal.heartbeat(forged))).toBe("stale");
    const stranger = { ...claimOf(f, fresh), worker: "wrk_other" };
    expect(outcome(() => internal.heartbeat(stranger))).toBe("stale");
  });

  test("that began to upload just before it was lost cannot end after", async () => {
    const job = await submit(f, { outputs: ["t.csv"] });
    const old = claim(f);
    const slow = new Readable({ read() {} });
    const put = f.jobs.internal.putOutput(claimOf(f, old), "t.csv", slow);
    slow.push("half");
    await later(31_000);
    slow.push(null);
    expect(await outcomeOf(put)).toBe("stale");
    expect(outputNames(job.id)).toBe("");
  });

  test("three times ends its job as the system's failure, with a complete set of outputs", async () => {
    const job = await submit(f, { outputs: ["t.csv"] });
    for (let i = 0; i < 3; i++) {
      claim(f);
      await later(31_000);
      f.clock.advance(6_000);
    }
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
    expect(trueState(f, job.id)).toBe("failed");
    f.clock.advance(600_000);
    expect(f.jobs.get(f.researcher, job.id).failure).toEqual({ class: "system_failed" });
    expect(outputNames(job.id)).toBe("stderr.log,stdout.log,t.csv");
  });

  test("of the platform's making is tried again", async () => {
    const job = await submit(f);
    await f.jobs.internal.finish(claimOf(f, claim(f)), { outcome: "system", outputs: [] });
    expect(trueState(f, job.id)).toBe("queued");
    f.clock.advance(2_000);
    await finish(f, claim(f));
    await f.jobs.idle();
    expect(trueState(f, job.id)).toBe("held");
  });

  test("its heartbeats keep", async () => {
    const job = await submit(f);
    const lease = claimOf(f, claim(f));
    for (let i = 0; i < 10; i++) {
      await later(20_000);
      expect(f.jobs.internal.heartbeat(lease)).toEqual({ cancel: false });
    }
    expect(trueState(f, job.id)).toBe("running");
  });

  test("is not one when only control was away: a restart renews the leases", async () => {
    const job = await submit(f);
    const lease = claim(f);
    f.clock.advance(3600_000);
    await f.jobs.close();
    f.restart();
    await f.jobs.tick();
    expect(f.jobs.internal.heartbeat(claimOf(f, lease))).toEqual({ cancel: false });
    expect(trueState(f, job.id)).toBe("running");
  });

  test("given back is claimed again at once", async () => {
    const job = await submit(f);
    f.jobs.internal.giveBack(claimOf(f, claim(f)));
    f.clock.advance(1_000);
    expect(claim(f)).toMatchObject({ job: job.id, fence: 2 });
  });
});

describe("the end of a run", () => {
  test("said twice counts once", async () => {
    const job = await submit(f);
    const lease = claim(f);
    await finish(f, lease);
    const size = f.ledger.size();
    await f.jobs.internal.finish(claimOf(f, lease), { outcome: "exited", exit_code: 1, outputs: [] });
    expect(f.ledger.size()).toBe(size);
    await f.jobs.idle();
    expect(trueState(f, job.id)).toBe("held");
  });

  test("is refused when not all that was uploaded has arrived", async () => {
    await submit(f, { outputs: ["t.csv"] });
    const lease = claim(f);
    const outputs = [{ name: "t.csv", sha256: "0".repeat(64), bytes: 3 }];
    const said = { outcome: "exited", exit_code: 0, outputs } as const;
    expect(await outcomeOf(f.jobs.internal.finish(claimOf(f, lease), said))).toBe("state_conflict");
  });

  test("takes no output that was not declared, and none above its size", async () => {
    await submit(f, { outputs: ["t.csv"], limits: { disk_mb: 1 } });
    const lease = claimOf(f, claim(f));
    const put = (name: string, bytes: number) =>
      outcomeOf(f.jobs.internal.putOutput(lease, name, Readable.from([Buffer.alloc(bytes)])));
    expect(await put("other.csv", 1)).toBe("not_found");
    expect(await put("t.csv", 1024 * 1024 + 1)).toBe("too_large");
    expect(await put("t.csv", 1024 * 1024)).toBe("ok");
  });

  test("past the wall clock control stops it, and loses a worker that does not obey", async () => {
    const job = await submit(f, { limits: { wall_s: 60 } });
    const lease = claimOf(f, claim(f));
    for (const state of ["staged", "executing"] as const) f.jobs.internal.advance(lease, state);
    for (let s = 0; s < 60; s += 20) {
      await later(20_000);
      expect(f.jobs.internal.heartbeat(lease)).toEqual({ cancel: false });
    }
    await later(6_000);
    expect(f.jobs.internal.heartbeat(lease)).toEqual({ cancel: true });
    for (let s = 0; s < 60; s += 20) {
      f.clock.advance(20_000);
      if (trueState(f, job.id) === "running") f.jobs.internal.heartbeat(lease);
      await f.jobs.tick();
    }
    await f.jobs.idle();
    expect(outcome(() => f.jobs.internal.heartbeat(lease))).toBe("stale");
    f.clock.advance(600_000);
    expect(f.jobs.get(f.researcher, job.id)).toMatchObject({
      state: "failed",
      failure: { class: "limit_exceeded", limit: "wall" },
    });
  });

  test("a worker reads the objects of its own run and no others", async () => {
    await submit(f);
    const lease = claimOf(f, claim(f));
    const { views, code } = await f.jobs.internal.stage(lease);
    for (const { object } of [views[0]!, code!]) f.jobs.internal.object(lease, object).destroy();
    const other = await submit(f, { files: { "main.py": "another" } });
    const foreign = f.jobs.record(other.id).code_object!;
    expect(outcome(() => f.jobs.internal.object(lease, foreign))).toBe("not_found");
    expect(outcome(() => f.jobs.internal.object(lease, "0".repeat(64)))).toBe("not_found");
  });
});

test("what a job brings is what the worker is told to run", async () => {
  const input = jobInputOf({ outputs: ["t.csv"], limits: { pids: 10 } });
  const job = await f.jobs.submit(f.researcher, input);
  expect(claim(f).order).toEqual({
    image: "python",
    command: ["python3", "main.py"],
    outputs: ["t.csv"],
    limits: { cpus: 1, memory_mb: 1024, pids: 10, disk_mb: 256, wall_s: 600 },
    env: {
      GLOVEBOX_JOB: job.id,
      GLOVEBOX_DATA: "/data",
      GLOVEBOX_OUT: "/out",
      GLOVEBOX_MODE: "real",
    },
  });
});
