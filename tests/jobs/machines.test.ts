/** What may run beside what, on one machine and on two. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { IsolationLevel } from "../../src/vocabulary/index.js";
import { give } from "../catalog/fixture.js";
import { grantedData, type JobsFixture, jobsFixture, submit } from "./fixture.js";

const LEVELS: IsolationLevel[] = ["container", "gvisor"];

let f: JobsFixture;
beforeEach(async () => {
  f = jobsFixture();
  await grantedData(f, { name: "high", grade: 4 });
  await grantedData(f, { name: "middle", grade: 3 });
  give(f, "middle", { principal: "operator" });
});
afterEach(() => f.end());

function workerOn(machine?: string) {
  const calls = f.jobs.internal;
  const { token } = calls.registerWorker({ levels: LEVELS });
  calls.begin(calls.workerByToken(token));
  if (machine) calls.offer(calls.workerByToken(token), { levels: LEVELS, machine });
  const id = calls.workerByToken(token).id;
  return {
    claim: () => calls.claim(calls.workerByToken(token)),
    finish: (lease: { run: string; fence: number }) =>
      calls.finish(
        { worker: id, run: lease.run as never, fence: lease.fence },
        { outcome: "exited", exit_code: 0, outputs: [] },
      ),
  };
}
const realRun = () => submit(f, { datasets: ["high"] });
const dryRun = () => submit(f, { datasets: ["middle"], mode: "dry_run" }, f.operator);

test("a stranger's dry run waits for a real run of grade 4 on its machine, and starts on another", async () => {
  const [one, two, elsewhere] = [workerOn("m1"), workerOn("m1"), workerOn("m2")];
  await realRun();
  const lease = one.claim();
  expect(lease).toBeDefined();
  const { id } = await dryRun();
  expect(two.claim()).toBeUndefined();
  expect(elsewhere.claim()?.job).toBe(id);
});

test("it starts when the run has ended, and then the next real run waits for it", async () => {
  const [one, two] = [workerOn("m1"), workerOn("m1")];
  await realRun();
  const lease = one.claim()!;
  const { id } = await dryRun();
  const later = await realRun();
  expect(two.claim()).toBeUndefined();
  await one.finish(lease);
  const rehearsal = two.claim()!;
  expect(rehearsal.job).toBe(id);
  expect(one.claim()).toBeUndefined();
  await two.finish(rehearsal);
  expect(one.claim()?.job).toBe(later.id);
});

test("where a worker has not said which its machine is, it may be any", async () => {
  const [one, unknown] = [workerOn("m1"), workerOn()];
  await realRun();
  expect(one.claim()).toBeDefined();
  await dryRun();
  expect(unknown.claim()).toBeUndefined();
});
