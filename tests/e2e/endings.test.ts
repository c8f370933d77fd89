/**
 * Every way in which a job can end, with real programs: the true state and its reason for an auditor, what the signals
 * allow for the submitter, nothing left on the machine, and the logs of what failed held and releasable.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  awaitJob,
  grantSandbox,
  type Json,
  Person,
  type RunningNode,
  requestRelease,
  review,
  sandboxJob,
  startNode,
  submitJob,
  until,
  Witness,
  type World,
  world,
} from "../harness/index.js";

let node: RunningNode;
let w: World;
let witness: Witness;
beforeAll(async () => {
  node = await startNode({ workers: 2 });
  w = await world(node);
  witness = new Witness(node.dataDir);
});
afterAll(async () => {
  witness?.close();
  await node?.destroy();
});

const WRITES = `
import os
OUT = os.environ["GLOVEBOX_OUT"]
open(f"{OUT}/partial.txt", "w").write("half a result\\n")
`;
const LOGS = ["stderr.log", "stdout.log"];

interface Ending {
  what: string;
  program: string;
  limits?: Json;
  failure: Json;
}

const ENDINGS: Ending[] = [
  {
    what: "a program that raises an error",
    program: `${WRITES}\nprint("before")\nraise ValueError("on purpose")`,
    failure: { class: "program_failed" },
  },
  {
    what: "a program that exits with a number",
    program: `${WRITES}\nraise SystemExit(3)`,
    failure: { class: "program_failed" },
  },
  {
    what: "a program that kills itself",
    program: `${WRITES}\nimport signal\nos.kill(os.getpid(), signal.SIGSEGV)`,
    failure: { class: "program_failed" },
  },
  {
    what: "a program past its time",
    program: `${WRITES}\nimport time\ntime.sleep(600)`,
    limits: { wall_s: 2 },
    failure: { class: "limit_exceeded", limit: "wall" },
  },
  {
    what: "a program past its memory",
    program: `${WRITES}\nkeep = []\nwhile True: keep.append(bytearray(8 << 20))`,
    limits: { memory_mb: 128 },
    failure: { class: "limit_exceeded", limit: "memory" },
  },
  {
    what: "a program that fills its disk",
    program: `${WRITES}\nwith open(f"{OUT}/more.txt", "wb") as f:\n    while True: f.write(b"x" * (1 << 20))`,
    limits: { disk_mb: 16 },
    failure: { class: "limit_exceeded", limit: "disk" },
  },
  {
    what: "a fork bomb",
    program: `${WRITES}\nimport time\nwhile True:\n    if os.fork() == 0: time.sleep(60)`,
    limits: { pids: 16, wall_s: 20 },
    failure: { class: "limit_exceeded", limit: "pids" },
  },
];

describe("a real job ends badly", () => {
  const jobs = new Map<string, string>();
  beforeAll(async () => {
    for (const { what, program, limits } of ENDINGS) {
      const job = sandboxJob(program, ["partial.txt"], { limits: { wall_s: 60, ...limits } });
      jobs.set(what, await submitJob(w.researcher, job));
    }
  });
  const jobOf = (what: string): string => jobs.get(what) ?? "";

  test.each(ENDINGS)("$what: $failure.class $failure.limit", async ({ what, failure }) => {
    const view = await awaitJob(w.auditors[0], jobOf(what));
    expect([view.state, view.failure]).toMatchObject(["failed", failure]);
    // Nobody but an auditor reads why in words.
    const shown = await awaitJob(w.researcher, jobOf(what));
    expect([shown.state, shown.failure]).toEqual(["failed", failure]);
  });

  test.each(ENDINGS)("$what: its logs are held, what it wrote besides is not", async ({ what }) => {
    const { items } = await w.auditors[0].must("GET", `/api/v1/jobs/${jobOf(what)}/outputs`);
    expect(items.map(({ name }: Json) => name).sort()).toEqual(["partial.txt", ...LOGS]);
    const partial = items.find(({ name }: Json) => name === "partial.txt");
    expect([partial.bytes, partial.verdict]).toEqual([0, "fail"]);
    expect(partial.findings.map(({ rule }: Json) => rule)).toEqual(["not_kept"]);
    for (const name of LOGS)
      expect((await w.researcher.http("GET", `/api/v1/jobs/${jobOf(what)}/outputs/${name}`)).status).toBe(
        404,
      );
  });

  test("the log of the error is released by two reviewers, and its author learns what went wrong", async () => {
    const job = jobOf("a program that raises an error");
    const release = await requestRelease(w.researcher, job, LOGS);
    const path = `/api/v1/releases/${release}/files/stderr.log`;
    expect((await w.researcher.http("GET", path)).status).toBe(403);
    for (const auditor of w.auditors) await review(auditor, release);
    const log = await w.researcher.http("GET", path);
    expect(log.status).toBe(200);
    expect(log.text).toContain("ValueError: on purpose");
    const stdout = await w.researcher.http("GET", path.replace("stderr", "stdout"));
    expect(stdout.text).toBe("before\n");
  });

  test("its failure costs as many bits as any other end", () => {
    const bits = ENDINGS.map(({ what }) => witness.charges(jobOf(what)));
    expect(bits).toEqual(ENDINGS.map(() => [11]));
  });
});

describe("a job that runs", () => {
  const forever = sandboxJob(
    `${WRITES}\nimport time\nprint("begun", flush=True)\ntime.sleep(600)`,
    ["partial.txt"],
    {
      limits: { wall_s: 600 },
    },
  );
  const executing = (job: string) =>
    witness.reach("it executes", () => witness.newestRun(job).state === "executing");
  const noContainer = () =>
    until(async () => (await witness.containers()).length === 0, "its container to be removed");

  test("is cancelled by its submitter: its program dies, its logs are held", async () => {
    const job = await submitJob(w.researcher, forever);
    await executing(job);
    await until(
      async () => (await w.researcher.must("GET", `/api/v1/jobs/${job}`)).state === "running",
      "its start to show",
    );
    await w.researcher.must("POST", `/api/v1/jobs/${job}/cancel`, {});
    const view = await awaitJob(w.auditors[0], job);
    expect([view.state, view.failure]).toEqual(["cancelled", undefined]);
    await noContainer();
    expect((await awaitJob(w.researcher, job)).state).toBe("cancelled");
    const { items } = await w.auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`);
    expect(items.map(({ name }: Json) => name).sort()).toEqual(["partial.txt", ...LOGS]);
    const again = await w.researcher.http("POST", `/api/v1/jobs/${job}/cancel`, { body: {} });
    expect([again.status, again.json.code]).toEqual([409, "state_conflict"]);
  });

  test("is stopped by the end of its grant, and no other of the principal's jobs is accepted", async () => {
    const guest = await Person.add(w.admin, "guest", ["researcher"]);
    const grant = await grantSandbox(w.owner, guest);
    const [job, other] = [await submitJob(guest, forever), await submitJob(w.researcher, forever)];
    await executing(job);
    await executing(other);
    const waiting = await submitJob(guest, forever);
    await w.owner.must("POST", `/api/v1/grants/${grant}/revoke`, {});
    for (const stopped of [job, waiting]) {
      const view = await awaitJob(w.auditors[0], stopped);
      expect([view.state, view.failure?.class]).toEqual(["failed", "refused"]);
    }
    expect((await awaitJob(guest, job)).failure).toEqual({ class: "refused" });
    const refused = await guest.http("POST", "/api/v1/jobs", { body: forever });
    expect([refused.status, refused.json.code]).toEqual([403, "no_grant"]);
    // Another principal's grant is another matter: that job runs on.
    await until(async () => (await witness.containers()).length === 1, "the guest's container to be removed");
    expect(witness.newestRun(other).state).toBe("executing");
    await w.researcher.must("POST", `/api/v1/jobs/${other}/cancel`, {});
    await awaitJob(w.auditors[0], other);
    await noContainer();
  });

  test("is stopped by the suspension of its dataset", async () => {
    const job = await submitJob(w.researcher, forever);
    await executing(job);
    await w.owner.must("POST", "/api/v1/datasets/flchain/suspend", {});
    const view = await awaitJob(w.auditors[0], job);
    expect([view.state, view.failure?.class]).toEqual(["failed", "refused"]);
    await noContainer();
    const refused = await w.researcher.http("POST", "/api/v1/jobs", { body: forever });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    await w.owner.must("POST", "/api/v1/datasets/flchain/publish", {});
    await submitJob(w.researcher, sandboxJob("print(1)"));
  });
});

test("after all this the log is whole", () => {
  expect(witness.audit([])).toMatchObject({ ok: true, problems: [] });
});
