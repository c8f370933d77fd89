/** A node on a Redis that is not its own and stays away for the whole of a job, then comes back with nothing. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type PrivateRedis, privateRedis } from "../../harness/index.js";
import { Victim } from "./victim.js";

let redis: PrivateRedis;
let victim: Victim;
beforeAll(async () => {
  redis = await privateRedis();
  victim = await Victim.start({ env: { REDIS_URL: redis.path } });
  await victim.measure();
});
afterAll(async () => {
  await victim?.end();
  await redis?.stop();
});

test("a job is accepted, run, checked and held without Redis", async () => {
  await redis.kill9();
  const job = await victim.submit(0);
  await victim.heldOnce(job);
  expect(victim.witness.runs(job)).toHaveLength(1);
});

test("control starts again without Redis, and finishes what was queued", async () => {
  const job = await victim.submit(0);
  await victim.killControl();
  await victim.restart();
  await victim.heldOnce(job);
});

test("after Redis came back empty, the next job is as any", async () => {
  await redis.restart({ wipe: true });
  await victim.heldOnce(await victim.submit(0));
  await victim.whole();
  await victim.nothingLeft();
});
