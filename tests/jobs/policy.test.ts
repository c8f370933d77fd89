/** Who is served next, and where. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type Candidate,
  chooseNext,
  isolationFor,
  judgeOutcome,
  type Standing,
} from "../../src/jobs/policy.js";
import type { Grade, JobId, PrincipalId } from "../../src/vocabulary/index.js";
import { outcome } from "../catalog/fixture.js";
import { testSeed } from "../harness/seed.js";

const seed = testSeed();

const job = (id: string, principal: string, more: Partial<Candidate> = {}): Candidate => ({
  job: id as JobId,
  principal: principal as PrincipalId,
  mode: "real",
  grade: 3,
  isolation: "container",
  priority: 0,
  created_at: 0,
  not_before: 0,
  ...more,
});
const standing = (more: Partial<Standing> = {}): Standing => ({
  running: 0,
  used: 0,
  realRun: false,
  dryRun: false,
  ...more,
});
const next = (queued: Candidate[], standings: Record<string, Standing> = {}, now = 1000) =>
  chooseNext(queued, new Map(Object.entries(standings)) as never, ["container"], now)?.job;

describe("the next job", () => {
  test("is that of the principal with the fewest running", () => {
    const queued = [job("a1", "a"), job("b1", "b", { created_at: 9 })];
    expect(next(queued, { a: standing({ running: 1 }) })).toBe("b1");
  });
  test("among equals, of the one who used least of late, then of the one who waited longest", () => {
    const queued = [job("a1", "a"), job("b1", "b", { created_at: 9 })];
    expect(next(queued, { a: standing({ used: 5 }), b: standing({ used: 4 }) })).toBe("b1");
    expect(next(queued)).toBe("a1");
  });
  test("of one principal goes by priority, then by age", () => {
    const queued = [
      job("a1", "a"),
      job("a2", "a", { created_at: 1 }),
      job("a3", "a", { created_at: 2, priority: 1 }),
    ];
    expect(next(queued)).toBe("a3");
    expect(next(queued.slice(0, 2))).toBe("a1");
  });
  test("priority does not jump another principal's queue", () => {
    expect(next([job("a1", "a"), job("b1", "b", { created_at: 9, priority: 100 })])).toBe("a1");
  });
  test("is not one that backs off, or that needs what the worker lacks", () => {
    expect(next([job("a1", "a", { not_before: 1001 })])).toBeUndefined();
    expect(next([job("a1", "a", { isolation: "microvm" }), job("a2", "a", { created_at: 5 })])).toBe("a2");
  });
  test("on grades 1 and 2 dry and real runs do not keep apart", () => {
    expect(next([job("a1", "a", { grade: 2 })], { a: standing({ dryRun: true }) })).toBe("a1");
  });
});

describe("dry runs and real runs of grade 4 on one machine", () => {
  const on = (queued: Candidate[], machine: { realRun?: boolean; dryRun?: boolean }) =>
    chooseNext(queued, new Map(), ["container"], 1000, { realRun: false, dryRun: false, ...machine })?.job;
  const dry = job("d", "a", { mode: "dry_run" });
  const alone = job("r4", "b", { grade: 4, created_at: 1 });
  const other = job("r3", "c", { created_at: 2 });

  test("do not run beside each other, whoever they are of", () => {
    expect(on([dry], { realRun: true })).toBeUndefined();
    expect(on([alone], { dryRun: true })).toBeUndefined();
    expect(on([{ ...alone, grade: 5 }], { dryRun: true })).toBeUndefined();
  });
  test("run beside their own kind, and beside real runs of lower grades", () => {
    expect(on([dry], { dryRun: true })).toBe("d");
    expect(on([alone], { realRun: true })).toBe("r4");
    expect(on([other], { realRun: true, dryRun: true })).toBe("r3");
  });
  test("take turns: who is first and waits keeps the other side from going before it, and nobody else", () => {
    expect(on([dry, alone], { realRun: true })).toBeUndefined();
    expect(on([dry, alone, other], { realRun: true })).toBe("r3");
    expect(on([alone, { ...dry, created_at: 3 }, other], { dryRun: true })).toBe("r3");
    expect(on([{ ...dry, created_at: 3 }, alone], { realRun: true })).toBe("r4");
  });
  test("a principal whose dry run waits for the machine has its next job run meanwhile", () => {
    expect(on([dry, job("a2", "a", { created_at: 7 })], { realRun: true })).toBe("a2");
  });
});

test(`fair share: whoever floods the queue, another's job waits for one run at most a worker (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 6 }), (flood, workers) => {
      const queued = Array.from({ length: flood }, (_, i) => job(`a${i}`, "a", { created_at: i }));
      const running: Candidate[] = [];
      const serve = (now: number) => {
        const count = (p: string) => running.filter((r) => r.principal === p).length;
        const standings = {
          a: standing({ running: count("a"), used: now }),
          b: standing({ running: count("b") }),
        };
        const chosen = next(queued, standings, now);
        const at = queued.findIndex((c) => c.job === chosen);
        if (at >= 0) running.push(...queued.splice(at, 1));
        return chosen;
      };
      for (let i = 0; i < workers; i++) serve(1000);
      queued.push(job("b0", "b", { created_at: 500 }));
      running.shift();
      expect(serve(2000)).toBe("b0");
    }),
    { seed },
  );
});

describe("isolation", () => {
  test.each([
    [1, ["container"], false, "container"],
    [3, ["microvm", "container"], false, "container"],
    [4, ["container", "gvisor"], false, "gvisor"],
    [4, ["container"], true, "container"],
    [4, ["container", "userns"], true, "userns"],
    [5, ["container", "microvm"], true, "microvm"],
  ] as const)("grade %s with %s (accepted: %s) runs in %s", (grade, offered, accepted, level) => {
    expect(isolationFor({ grade: grade as Grade, containerAccepted: accepted }, offered)).toBe(level);
  });
  test.each([
    [1, [], true],
    [4, ["container"], false],
    [4, [], true],
    [5, ["container", "userns", "gvisor"], true],
  ] as const)("grade %s with %s (accepted: %s) does not run", (grade, offered, accepted) => {
    expect(outcome(() => isolationFor({ grade: grade as Grade, containerAccepted: accepted }, offered))).toBe(
      "isolation_unavailable",
    );
  });
});

test("only what the platform did is tried again", () => {
  const names = ["exited", "memory", "wall", "disk", "pids", "log", "killed", "system"] as const;
  expect(names.filter((name) => judgeOutcome(name, 0).again)).toEqual(["killed", "system"]);
});
