/**
 * Promise 1, signals, one channel at a time: how many ends can be told apart, and what a clever requester tries
 * beside looking at its job (a queue of its own, a rehearsal, a cancel, the revision, the ids).
 */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { DEFAULT_JOBS_CONFIG } from "../../../src/jobs/index.js";
import { CLASS_BITS, longestLife, shownFrom, VERDICT_BITS } from "../../../src/jobs/signals.js";
import { type JobMoments, show } from "../../../src/jobs/visibility.js";
import { FAILURE_CLASSES, GRADES, type Grade, LIMIT_NAMES, VERDICTS } from "../../../src/vocabulary/index.js";
import { give } from "../../catalog/fixture.js";
import { claim, finish, grantedData, type JobsFixture, jobsFixture, submit } from "../../jobs/fixture.js";
import { observe } from "./observer.js";

describe("what can be told apart", () => {
  test.each([2, 3, 4, 5] as Grade[])(
    "the ends of grade %s take no more than the bits that they cost",
    (grade) => {
      const grid = GRADES[grade].end_grid!;
      const { maxQueuedMs, maxRuns, maxLimits } = DEFAULT_JOBS_CONFIG;
      const longest = maxQueuedMs + maxRuns * (maxLimits.wall_s * 1000 + 3600_000);
      expect(longest).toBeLessThan(longestLife(grade));
      const ends = new Set<number>();
      for (let ms = 1; ms < longest; ms = Math.ceil(ms * 1.001)) ends.add(shownFrom(0, ms, grid));
      expect(ends.size).toBeLessThanOrEqual(2 ** grid.bits);
      expect(ends.size).toBeGreaterThan(2 ** (grid.bits - 1));
    },
  );

  test("an end never shows before it is, and within one factor of it", () => {
    for (const grade of [2, 3, 4, 5] as Grade[]) {
      const grid = GRADES[grade].end_grid!;
      for (let ms = 1; ms < 1e9; ms = Math.ceil(ms * 1.37)) {
        const shown = shownFrom(5, 5 + ms, grid) - 5;
        expect(shown).toBeGreaterThanOrEqual(ms);
        expect(shown).toBeLessThanOrEqual(Math.max(1000, ms * grid.factor + 1));
      }
    }
  });

  test("states, failure classes, limits and verdicts together take no more than five bits", () => {
    const views = new Set<string>();
    for (const state of ["held", "failed", "cancelled"] as const)
      for (const failure_class of [null, ...FAILURE_CLASSES])
        for (const failure_limit of [null, ...LIMIT_NAMES])
          for (const verdict of [null, ...VERDICTS]) {
            if ((state === "failed") !== (failure_class !== null)) continue;
            if ((failure_class === "limit_exceeded") !== (failure_limit !== null)) continue;
            // A job that ended without being stopped always has a verdict; no check gives the limit `output`.
            const stopped = state === "cancelled" || failure_class === "refused";
            if ((verdict === null && !stopped) || failure_limit === "output") continue;
            const job = { ...ENDED, state, failure_class, failure_limit, verdict };
            views.add(JSON.stringify(show(job, "signals", 10_000)));
          }
    expect(views.size).toBeLessThanOrEqual(2 ** (CLASS_BITS + VERDICT_BITS));
    expect(views.size).toBeGreaterThan(20);
  });

  const ENDED: JobMoments = {
    mode: "real",
    state: "held",
    created_at: 0,
    started_at: 1,
    start_shown_at: 1,
    ended_at: 1500,
    end_shown_at: 1563,
    stop_requested_at: null,
    stop_reason: null,
    closed_at: null,
    failure_class: null,
    failure_limit: null,
    failure_detail: "a detail",
    verdict: null,
    signal_bits: 11,
    signals_shown: "full",
    rev: 7,
  };
});

describe("a requester who tries", () => {
  let f: JobsFixture;
  let grant: string;
  beforeEach(async () => {
    f = jobsFixture();
    ({ grant } = await grantedData(f));
  });
  const others: JobsFixture[] = [];
  afterEach(async () => {
    for (const world of [f, ...others.splice(0)]) await world.end();
  });
  const another = () => {
    const world = jobsFixture();
    others.push(world);
    return world;
  };

  const end = async (lease: ReturnType<typeof claim>) => {
    await finish(f, lease);
    await f.jobs.idle();
  };
  const state = (id: string) => f.jobs.get(f.researcher, id).state;

  test("a second job learns the first one's end from its own start no sooner than it shows", async () => {
    const first = await submit(f);
    const second = await submit(f);
    const lease = claim(f);
    f.clock.advance(4_000);
    await end(lease);
    const next = claim(f);
    expect(next.job).toBe(second.id);
    expect([state(first.id), state(second.id)]).toEqual(["running", "queued"]);
    expect(f.jobs.get(f.researcher, second.id)).toMatchObject({ ahead: 0, waiting_for: "worker" });
    const shows = shownFrom(Date.parse(first.created_at), f.clock.now(), GRADES[3].end_grid!);
    f.clock.advance(shows - f.clock.now() - 1);
    expect([state(first.id), state(second.id)]).toEqual(["running", "queued"]);
    f.clock.advance(1);
    expect([state(first.id), state(second.id)]).toEqual(["held", "running"]);
  });

  test("nor while the first one is still being checked", async () => {
    const first = await submit(f);
    const second = await submit(f);
    const lease = claim(f);
    f.clock.advance(4_000);
    // Uploads are in, and the check has not ended: a worker is free already.
    const finished = finish(f, lease);
    await finished;
    claim(f);
    expect(state(second.id)).toBe("queued");
    await f.jobs.idle();
    expect([state(first.id), state(second.id)]).toEqual(["running", "queued"]);
    f.clock.advance(60_000);
    expect([state(first.id), state(second.id)]).toEqual(["held", "running"]);
  });

  test("a place in the queue moves with what shows, not with what is", async () => {
    await submit(f);
    await submit(f);
    const third = await submit(f);
    const ahead = () => f.jobs.get(f.researcher, third.id).ahead;
    const lease = claim(f);
    expect(ahead()).toBe(1);
    f.clock.advance(4_000);
    await end(lease);
    claim(f);
    expect(ahead()).toBe(1);
    f.clock.advance(60_000);
    expect(ahead()).toBe(0);
  });

  test("a rehearsal does not start beside the real run, nor before its end shows", async () => {
    await submit(f);
    const rehearsal = await submit(f, { mode: "dry_run" });
    const lease = claim(f);
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
    expect(f.jobs.get(f.researcher, rehearsal.id).waiting_for).toBe("own_real_run");
    f.clock.advance(4_000);
    await end(lease);
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
    f.clock.advance(1_000);
    expect(claim(f).job).toBe(rehearsal.id);
  });

  test("a real run does not start beside a rehearsal, and is not overtaken by another", async () => {
    await submit(f, { mode: "dry_run" });
    const real = await submit(f);
    await submit(f, { mode: "dry_run" });
    const rehearsal = claim(f);
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
    await end(rehearsal);
    expect(claim(f).job).toBe(real.id);
  });

  test("a cancel shows the same before the end and after it", async () => {
    const running = await submit(f);
    const other = another();
    const twin = await grantedData(other);
    const ended = await submit(other);
    claim(f);
    const lease = claim(other);
    for (const world of [f, other]) world.clock.advance(3_500);
    await finish(other, lease);
    await other.jobs.idle();
    for (const world of [f, other]) world.clock.advance(100);
    await f.jobs.cancel(f.researcher, running.id);
    await other.jobs.cancel(other.researcher, ended.id);
    expect(await observe(other, ended.id, twin.grant)).toBe(await observe(f, running.id, grant));
    await f.jobs.cancel(f.researcher, running.id);
    await other.jobs.cancel(other.researcher, ended.id);
    expect(await observe(other, ended.id, twin.grant)).toBe(await observe(f, running.id, grant));
  });

  test.each(["cancel", "revoke"] as const)(
    "a %s of a job that shows as queued tells nothing of its run",
    async (how) => {
      const worlds = [f, another()] as const;
      const grants = [grant, (await grantedData(worlds[1])).grant];
      const seconds: string[] = [];
      for (const world of worlds) {
        await submit(world);
        // Another programme's results are looked at by a grant of its own.
        seconds.push((await submit(world)).id);
        const lease = claim(world);
        world.clock.advance(4_000);
        await finish(world, lease);
        await world.jobs.idle();
      }
      // In one world the second job has begun and even ended; in the other no worker took it. Both show as queued.
      const lease = claim(worlds[1]);
      await finish(worlds[1], lease);
      await worlds[1].jobs.idle();
      const looks: string[][] = [[], []];
      for (const [i, world] of worlds.entries()) {
        world.clock.advance(10);
        if (how === "cancel") await world.jobs.cancel(world.researcher, seconds[i]!);
        else world.catalog.grants.revoke(world.owner, grants[i]!);
        for (const ms of [0, 1, 1_000, 60_000]) {
          world.clock.advance(ms);
          looks[i]!.push(await observe(world, seconds[i]!, grants[i]!));
        }
      }
      expect(looks[1]).toEqual(looks[0]);
      expect(looks[0]![0]).toContain(how === "cancel" ? '"state":"cancelled"' : '"class":"refused"');
    },
  );

  test("the ids of outputs carry the time of the submission, not of the run", async () => {
    const job = await submit(f, { outputs: ["t.csv"] });
    const lease = claim(f);
    f.clock.advance(4_321);
    await finish(f, lease, {}, { "t.csv": "group,n\na,40\n" });
    await f.jobs.idle();
    f.clock.advance(60_000);
    const times = f.jobs.outputs(f.researcher, job.id).map((o) => o.id.slice(4, 14));
    expect(new Set(times)).toEqual(new Set([job.id.slice(4, 14)]));
    expect(times).toHaveLength(3);
  });

  test("the bits are charged when the job is accepted, and given back only if no run of it showed", async () => {
    const left = () => f.catalog.signals.left(grant);
    expect(left()).toBe(2000);
    const first = await submit(f);
    expect(first.signals).toEqual({ bits: 11, left: 1989 });
    await end(claim(f));
    f.clock.advance(60_000);
    expect(f.jobs.get(f.researcher, first.id).signals).toEqual({ bits: 11, left: 1989 });
    const second = await submit(f);
    await f.jobs.cancel(f.researcher, second.id);
    expect(f.jobs.get(f.researcher, second.id)).toMatchObject({
      state: "cancelled",
      signals: { bits: 0, left: 1989 },
    });
  });

  test("past the allowance the class, the verdict and the true state are hidden, and the grid's bits are counted", async () => {
    await grantedData(f, { name: "small", signal_bits: 12 });
    const [one, two] = [await submit(f, { datasets: ["small"] }), await submit(f, { datasets: ["small"] })];
    for (const _ of [1, 2]) await finish(f, claim(f), { exit_code: 1 });
    await f.jobs.idle();
    f.clock.advance(60_000);
    expect(f.jobs.get(f.researcher, one.id)).toMatchObject({
      state: "failed",
      failure: { class: "program_failed" },
    });
    const view = f.jobs.get(f.researcher, two.id);
    expect(view).toMatchObject({ state: "ended", signals: { bits: 6, left: 0 } });
    expect(view.failure).toBeUndefined();
    expect(view.verdict).toBeUndefined();
  });

  test("on public data all shows at once and costs nothing", async () => {
    await grantedData(f, { name: "open-data", grade: 1 });
    const job = await submit(f, { datasets: ["open-data"] });
    const lease = claim(f);
    f.clock.advance(4_321);
    await end(lease);
    const view = f.jobs.get(f.researcher, job.id);
    expect(view).toMatchObject({ state: "held", verdict: "pass", signals: { bits: 0, left: null } });
    expect(Date.parse(view.ended_at!) - Date.parse(view.created_at)).toBe(4_321);
  });

  test("a job over two datasets is charged to both, and shows what the smaller allowance covers", async () => {
    await grantedData(f, { name: "small", signal_bits: 5 });
    const job = await submit(f, { datasets: ["study", "small"] });
    expect(job.signals).toEqual({ bits: 6, left: 0 });
    expect(f.catalog.signals.left(grant)).toBe(1994);
  });

  test("an auditor sees the truth of another's job, and of an own one what its submitter sees", async () => {
    f.catalog.principals.add(f.admin, { name: "both", roles: ["auditor", "researcher"] });
    const both = f.catalog.principals.resolve("both");
    f.catalog.datasets.patch(f.owner, "study", { auditors: ["auditor", "both"] });
    give(f, "study", { principal: "both" });
    const [own, foreign] = [await submit(f, {}, both), await submit(f)];
    for (const _ of [own, foreign]) await finish(f, claim(f), { exit_code: 3 });
    await f.jobs.idle();
    expect(f.jobs.get(both, own.id).state).toBe("running");
    expect(f.jobs.get(both, foreign.id)).toMatchObject({
      state: "failed",
      failure: { class: "program_failed", detail: expect.stringContaining("3") },
    });
    expect(f.jobs.outputs(both, own.id)).toEqual([]);
    expect(f.jobs.outputs(f.auditor, own.id)).toHaveLength(2);
  });
});
