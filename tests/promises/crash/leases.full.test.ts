/** What only the end of a lease (half a minute) can settle. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Victim } from "./victim.js";

let victim: Victim;
beforeAll(async () => {
  victim = await Victim.start({ workers: 2 });
  await victim.measure();
});
afterAll(() => victim?.end());

const executing = (job: string) =>
  victim.witness.reach("it executes", () => victim.witness.newestRun(job).state === "executing");

test("a worker that hangs loses its run to another, and what it says when it wakes is refused", async () => {
  // Which of the two has the job is not known: both hang, and both wake once control has given the run up.
  const job = await victim.submit(3);
  await executing(job);
  const [first = 0, second = 0] = victim.workers();
  for (const pid of [first, second]) process.kill(pid, "SIGSTOP");
  await victim.witness.reach("its run is lost", () => victim.witness.runs(job)[0]?.state === "lost");
  process.kill(first, "SIGCONT");
  process.kill(second, "SIGCONT");
  await victim.heldOnce(job);
  expect(victim.witness.runs(job).map(({ state }) => state)).toEqual(["lost", "ended"]);
  await victim.nothingLeft();
  await victim.whole();
});

test("the whole machine dies: after the restart every job that ran is run again, once", async () => {
  const jobs = [await victim.submit(5), await victim.submit(5)];
  for (const job of jobs) await executing(job);
  const others = [...victim.workers(), victim.redis()];
  await victim.killControl();
  for (const pid of others) process.kill(pid, "SIGKILL");
  await victim.restart();
  for (const job of jobs) {
    await victim.heldOnce(job);
    expect(victim.witness.runs(job).map(({ state }) => state)).toEqual(["lost", "ended"]);
  }
  await victim.nothingLeft();
  await victim.whole();
});
