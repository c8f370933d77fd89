/**
 * Forty kills at random moments, of control, workers and Redis, alone and together, while clients submit, retry and
 * release. Set GLOVEBOX_TEST_SEED to repeat one; where a kill lands is the machine's choice even so.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { verifyBundle } from "../../../src/airlock/index.js";
import {
  type Answer,
  awaitJob,
  type Json,
  type Person,
  requestRelease,
  signedReview,
} from "../../harness/index.js";
import { testSeed } from "../../harness/seed.js";
import { OUTPUTS, Victim } from "./victim.js";

const KILLS = 40;
const TIME_LIMIT_MS = 30 * 60_000;
const seed = testSeed();

/** mulberry32: numbers from 0 up to 1. */
function random(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const next = random(seed);
const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;

let victim: Victim;
beforeAll(async () => {
  process.stdout.write(`random kills: seed ${seed}\n`);
  victim = await Victim.start({ workers: 2 });
  await victim.measure();
});
afterAll(() => victim?.end());

const kill = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It had just died and another one is on its way: as good as killed.
  }
};

const killWorkers = async () => victim.workers().forEach(kill);
const blows: [what: string, strike: () => Promise<void>][] = [
  ["control", () => victim.killAndRestart()],
  ["control", () => victim.killAndRestart()],
  ["a worker", async () => victim.workers().slice(0, 1).forEach(kill)],
  ["both workers", killWorkers],
  ["Redis", async () => victim.redisIfAny().forEach(kill)],
  [
    "all of it",
    async () => {
      await killWorkers();
      victim.redisIfAny().forEach(kill);
      await victim.killAndRestart();
    },
  ],
];

/** As a client that means it: until the node has answered. */
async function insist(who: Person, path: string, body: Json, key: string): Promise<Answer> {
  for (;;) {
    const answer = await who
      .http("POST", path, { body, headers: { "idempotency-key": key } })
      .catch(() => undefined);
    if (answer && answer.status < 500 && answer.status !== 429) return answer;
    await delay(200);
  }
}

async function submitted(n: number): Promise<string> {
  const answer = await insist(victim.people.researcher, "/api/v1/jobs", victim.job(n % 3), `job-${n}`);
  expect([n, answer.status]).toEqual([n, 202]);
  return answer.json.id;
}

/** A job that lost three runs failed by the rules; any other is held, once. */
async function rightlyOver(job: string): Promise<"held" | "failed"> {
  const view = await victim.over(job, 300_000);
  const runs = victim.witness.runs(job).map(({ state }) => state);
  if (view.state === "failed") {
    expect([view.failure.class, runs]).toEqual(["system_failed", ["lost", "lost", "lost"]]);
    expect(victim.witness.charges(job)).toHaveLength(1);
    return "failed";
  }
  await victim.heldOnce(job);
  return "held";
}

async function released(job: string): Promise<void> {
  const { researcher, auditors } = victim.people;
  await awaitJob(researcher, job);
  const release = await requestRelease(researcher, job, OUTPUTS);
  for (const auditor of auditors) {
    const body = await signedReview(auditor, release);
    const sent = insist(auditor, `/api/v1/releases/${release}/reviews`, body, `review-${release}`);
    if (next() < 0.5) await Promise.all([sent, victim.killAndRestart()]);
    expect((await sent).status).toBe(201);
  }
  await victim.witness.reach("released", () => victim.witness.releaseState(release) === "released");
  expect(victim.witness.entries(release)).toMatchObject({ "release.approved": 1, "release.released": 1 });
  const bundle = await researcher.http("GET", `/api/v1/releases/${release}/bundle`);
  expect(verifyBundle(bundle.bytes)).toMatchObject({ ok: true });
}

test(
  `after ${KILLS} random kills (seed ${seed}) no job is lost, none is done twice, and the log is whole`,
  async () => {
    const jobs: Promise<string>[] = [];
    for (let n = 0; n < KILLS; n++) {
      jobs.push(submitted(n));
      await delay(next() * 2_500);
      const [what, strike] = pick(blows);
      await strike().catch((cause) => {
        throw new Error(`kill ${n}, of ${what} (seed ${seed})`, { cause });
      });
    }
    const ids = await Promise.all(jobs);
    expect(new Set(ids).size).toBe(KILLS);
    expect(victim.witness.count("jobs")).toBe(KILLS + 1);
    const held: string[] = [];
    for (const job of ids) if ((await rightlyOver(job)) === "held") held.push(job);
    process.stdout.write(`random kills: ${held.length} of ${KILLS} jobs held, the others lost three runs\n`);
    await victim.nothingLeft();
    await victim.whole();
    for (const job of held.slice(0, 5)) await released(job);
    await victim.whole();
    expect(victim.witness.unnamed()).toEqual([]);
  },
  TIME_LIMIT_MS,
);
