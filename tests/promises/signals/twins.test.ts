/**
 * Promise 1, signals: two jobs that differ only in what their programs did with the data show their submitter the
 * same, in every view, until the end shows; and once the allowance is spent, the end is all that ever differs.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { RunOutcome } from "../../../src/jobs/index.js";
import { shownFrom } from "../../../src/jobs/signals.js";
import { GRADES } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";
import { claim, finish, grantedData, type JobsFixture, jobsFixture, submit } from "../../jobs/fixture.js";
import { observe } from "./observer.js";

const seed = testSeed();
const RUNS = 15;

/** What a program can make differ: how long it runs, how it ends, what it leaves. */
interface Behaviour {
  ms: number;
  outcome: RunOutcome["outcome"];
  exit_code: number;
  stdout: string;
  table: string | null;
}

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  ms: fc.integer({ min: 1, max: 40_000 }),
  outcome: fc.constantFrom("exited", "memory", "wall", "disk", "pids", "log"),
  exit_code: fc.constantFrom(0, 0, 0, 1, 137),
  stdout: fc.constantFrom("", "61\n", "a longer text that depends on the data\n"),
  table: fc.constantFrom(null, "group,n\na,40\n", "group,n\na,1\n", "not, a\ntable"),
});

interface World {
  f: JobsFixture;
  grant: string;
}

async function world(signal_bits?: number): Promise<World> {
  // Nobody beats for the part that the test takes of a worker.
  const f = jobsFixture({ leaseMs: 3_600_000 });
  const { grant } = await grantedData(f, { ...(signal_bits === undefined ? {} : { signal_bits }) });
  return { f, grant };
}

const GRID = GRADES[3].end_grid!;
const shownAfter = (b: Behaviour) => shownFrom(0, WAIT + b.ms, GRID);
/** Between submission and claim, the same in both worlds. */
const WAIT = 70;

/** Plays one job in a world and looks at it at the given moments after its submission. */
async function play({ f, grant }: World, b: Behaviour, looks: number[]): Promise<Map<number, string>> {
  const job = await submit(f, { outputs: ["t.csv"] });
  const begun = f.clock.now();
  const seen = new Map<number, string>();
  const steps: { at: number; act: () => unknown }[] = looks.map((at) => ({
    at,
    act: async () => seen.set(at, await observe(f, job.id, grant)),
  }));
  steps.push({
    at: WAIT,
    act: () => {
      const lease = claim(f);
      steps.push({
        at: WAIT + b.ms,
        act: async () => {
          const files = { "stdout.log": b.stdout, ...(b.table === null ? {} : { "t.csv": b.table }) };
          await finish(f, lease, { outcome: b.outcome, exit_code: b.exit_code }, files);
          await f.jobs.idle();
        },
      });
    },
  });
  for (;;) {
    steps.sort((x, y) => y.at - x.at);
    const next = steps.pop();
    if (!next) return seen;
    f.clock.advance(begun + next.at - f.clock.now());
    await f.jobs.tick();
    await next.act();
  }
}

async function playBoth(worlds: readonly [World, World], a: Behaviour, b: Behaviour, extra: number[]) {
  // Whatever an earlier failure left of them: the worlds are compared at the same time of day.
  const start = Math.max(...worlds.map(({ f }) => f.clock.now()));
  for (const { f } of worlds) f.clock.advance(start - f.clock.now());
  const ends = [shownAfter(a), shownAfter(b)];
  const last = Math.max(...ends) + 60_000;
  const edges = [0, WAIT - 1, WAIT, WAIT + 1, WAIT + a.ms, WAIT + b.ms, ...ends, ...ends.map((e) => e - 1)];
  const looks = [...new Set([...edges, ...edges.map((e) => e + 1), ...extra, last])].filter((t) => t >= 0);
  const [seenA, seenB] = [await play(worlds[0], a, looks), await play(worlds[1], b, looks)];
  return { looks, seenA, seenB, ends };
}

const looking = fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 5 });

describe("with an allowance", () => {
  let worlds: [World, World];
  beforeAll(async () => {
    worlds = [await world(100_000), await world(100_000)];
  });
  afterAll(async () => {
    for (const { f } of worlds) await f.end();
  });

  test(`nothing differs before the first end shows (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(behaviour, behaviour, looking, async (a, b, extra) => {
        const { looks, seenA, seenB, ends } = await playBoth(worlds, a, b, extra);
        for (const at of looks.filter((t) => t < Math.min(...ends)))
          expect(seenB.get(at)).toBe(seenA.get(at));
      }),
      { numRuns: RUNS, seed, endOnFailure: true },
    );
  });
});

describe("past the allowance", () => {
  let worlds: [World, World];
  beforeAll(async () => {
    worlds = [await world(0), await world(0)];
  });
  afterAll(async () => {
    for (const { f } of worlds) await f.end();
  });

  test(`nothing differs but between the two ends (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(behaviour, behaviour, looking, async (a, b, extra) => {
        const { looks, seenA, seenB, ends } = await playBoth(worlds, a, b, extra);
        for (const at of looks.filter((t) => t < Math.min(...ends)))
          expect(seenB.get(at)).toBe(seenA.get(at));
        if (ends[0] === ends[1]) for (const at of looks) expect(seenB.get(at)).toBe(seenA.get(at));
        const last = looks.at(-1)!;
        const withoutEnd = (text?: string) =>
          text?.replace(/"ended_at":"[^"]*"/g, "").replace(/"state":"ended","at":"[^"]*"/g, "");
        expect(withoutEnd(seenB.get(last))).toBe(withoutEnd(seenA.get(last)));
        expect(seenA.get(last)).toContain('"state":"ended"');
      }),
      { numRuns: RUNS, seed, endOnFailure: true },
    );
  });

  test("the log is as long, whatever the programs did", () => {
    expect(worlds[1].f.ledger.size()).toBe(worlds[0].f.ledger.size());
  });
});
