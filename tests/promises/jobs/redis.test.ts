/** Promise 5, Redis: it carries wake-ups and nothing else; killing or wiping it at any moment loses nothing. */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type Live, type LiveWorker, live } from "../../jobs/live.js";

/** So slow a clock that only a wake-up can explain a start. */
const NEVER = { poll_ms: 600_000 };
const quick = {
  files: { "main.py": "open('/out/t.csv','w').write('group,n\\na,40\\n')" },
  outputs: ["t.csv"],
};

let world: Live;
beforeAll(async () => {
  world = await live({ heartbeatMs: 300 });
});
afterAll(() => world.end());

const runs = (id: string) =>
  world.store.db.prepare("SELECT count(*) FROM runs WHERE job = ?").pluck().get(id);

async function having<T>(workers: LiveWorker[], act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    for (const worker of workers) await worker.stop();
  }
}

describe("with Redis", () => {
  test("an idle worker starts at the wake-up, not at its clock's next tick; after a wipe and an outage too", async () => {
    const worker = await world.worker({ settings: NEVER });
    await having([worker], async () => {
      const first = await world.submit(quick);
      await world.until(first, "held");
      const second = await world.submit(quick);
      await world.until(second, "held");
      await world.redis.kill9();
      await world.redis.restart({ wipe: true });
      // Sent when the connection is back: the outbox kept it.
      const third = await world.submit(quick);
      await world.until(third, "held");
      expect([first, second, third].map(runs)).toEqual([1, 1, 1]);
    });
  });

  test("holds no word of a job", async () => {
    const secret = "a-word-that-only-the-job-holds";
    const id = await world.submit({ ...quick, purpose: secret, files: { "main.py": `# ${secret}` } });
    const redis = new Redis({ path: world.redis.path });
    const everything: string[] = [];
    for (const key of await redis.keys("*"))
      everything.push(key, (await redis.dump(key).catch(() => ""))?.toString() ?? "");
    redis.disconnect();
    expect(everything.length).toBeGreaterThan(0);
    for (const word of [secret, id, "study", "researcher"]) expect(everything.join("\n")).not.toContain(word);
    const worker = await world.worker();
    await having([worker], () => world.until(id, "held", "failed"));
  });

  test("killed for good, the jobs go on by the workers' own clocks", async () => {
    const ids = [await world.submit(quick)];
    await world.redis.kill9();
    ids.push(await world.submit(quick));
    const worker = await world.worker({ settings: { poll_ms: 200 } });
    await having([worker], async () => {
      ids.push(await world.submit(quick));
      for (const id of ids) expect(await world.until(id, "held")).toBe("held");
      expect(ids.map(runs)).toEqual([1, 1, 1]);
      await world.redis.restart({ wipe: true });
    });
  });
});

describe("workers", () => {
  test("two of them run each of six jobs once", async () => {
    const workers = [
      await world.worker({ token: world.newToken() }),
      await world.worker({ token: world.newToken() }),
    ];
    await having(workers, async () => {
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) ids.push(await world.submit(quick));
      for (const id of ids) await world.until(id, "held");
      expect(ids.map(runs)).toEqual([1, 1, 1, 1, 1, 1]);
    });
  });

  test("one that is asked to end gives back what it cannot finish", async () => {
    const long = await world.submit({ files: { "main.py": "import time; time.sleep(3600)" } });
    const worker = await world.worker({ settings: { drain_ms: 300 } });
    await world.until(long, "running");
    await worker.stop();
    expect(worker.child.exitCode).toBe(0);
    expect(world.state(long)).toBe("queued");
    await world.jobs.cancel(world.researcher, long);
    await world.until(long, "cancelled");
  });

  test("a cancel reaches a program that runs", async () => {
    const long = await world.submit({
      files: { "main.py": "import time; print('begun', flush=True); time.sleep(3600)" },
    });
    const worker = await world.worker();
    await having([worker], async () => {
      await world.until(long, "running");
      const begun = () =>
        world.store.db.prepare("SELECT executing_at FROM runs WHERE job = ?").pluck().get(long);
      while (begun() === null) await new Promise((resolve) => setTimeout(resolve, 20));
      await world.jobs.cancel(world.researcher, long);
      await world.until(long, "cancelled");
      expect(world.store.db.prepare("SELECT outcome FROM runs WHERE job = ?").pluck().get(long)).toContain(
        "killed",
      );
    });
  });

  test("has no handle on the database, no key, and no token in its command line", async () => {
    const worker = await world.worker();
    await having([worker], async () => {
      const id = await world.submit(quick);
      await world.until(id, "held");
      const proc = `/proc/${worker.child.pid}`;
      const open = readdirSync(`${proc}/fd`).map((fd) => readlinkSync(`${proc}/fd/${fd}`));
      expect(
        open.filter((path) => path.startsWith(`${world.dir}/data`) || path === `${world.dir}/key`),
      ).toEqual([]);
      expect(readFileSync(`${proc}/cmdline`, "utf8")).not.toContain("gbw_");
    });
  });
});
