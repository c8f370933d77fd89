/** An answer is sent at its deadline, whatever happened; what happened is not told. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/index.js";
import type { Pace } from "../../../src/catalog/queries/pace.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { type QueryFixture, queryFixture } from "./fixture.js";

/** Deadlines that pass when the test says so. */
class Watch {
  readonly asked: number[] = [];
  /** What was last paced: resolves when it is done, and its answer still waits. */
  work: Promise<unknown> = Promise.resolve();
  private pass: (() => void)[] = [];
  /** Resolves when the next request waits for its deadline. */
  waiting: Promise<void> = Promise.resolve();
  private seen: () => void = () => undefined;

  constructor() {
    this.again();
  }

  private again(): void {
    this.waiting = new Promise((resolve) => {
      this.seen = resolve;
    });
  }

  /** Whether deadlines pass by themselves, once the work is done. */
  easy = true;

  readonly pace: Pace = async (work, ms) => {
    if (this.easy) return work;
    this.asked.push(ms);
    this.work = work;
    let settled: Awaited<typeof work> | undefined;
    void work.then((outcome) => {
      settled = outcome;
    });
    const passed = new Promise<void>((resolve) => this.pass.push(resolve));
    this.seen();
    await passed;
    return settled;
  };

  passNow(): void {
    for (const pass of this.pass.splice(0)) pass();
    this.again();
  }
}

/** The engine, with its answers held back or broken off. */
class Troubled {
  private readonly real = createEngine();
  how: "well" | "failing" | "slow" = "well";
  private letGo: () => void = () => undefined;

  readonly engine: Engine = {
    ...this.real,
    query: async (input) => {
      if (this.how === "failing")
        throw new GloveboxError("too_large", { detail: "more than 17 rows of Wuhan" });
      if (this.how === "slow")
        await new Promise<void>((resolve) => {
          this.letGo = resolve;
        });
      return this.real.query(input);
    },
  };

  release(): void {
    this.how = "well";
    this.letGo();
  }
}

let f: QueryFixture;
const watch = new Watch();
const troubled = new Troubled();
beforeAll(async () => {
  f = await queryFixture({ queryPace: watch.pace }, troubled.engine);
  // So that the version is open: opening has a deadline of its own.
  await f.ask("SELECT count(*) FROM flchain WHERE age = 77");
  watch.easy = false;
});
afterAll(() => f.stop());

const left = () => Number(f.catalog.datasets.budget(f.researcher, "flchain").rho.left);
const outcomeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => "answered",
    (error: GloveboxError) => error,
  );

describe("the deadline", () => {
  test("holds back an answer that is ready early, for as long whatever the question", async () => {
    let given = false;
    for (const sql of ["SELECT count(*) FROM flchain", "SELECT median(kappa), avg(age) FROM flchain"]) {
      given = false;
      const asked = f.ask(sql).then(() => {
        given = true;
      });
      await watch.waiting;
      await watch.work;
      expect(given).toBe(false);
      watch.passNow();
      await asked;
    }
    expect(watch.asked).toEqual([800, 800]);
  });

  test("passed over costs the charge, says only that, and asking again is free", async () => {
    const before = left();
    troubled.how = "slow";
    const sql = "SELECT sum(age) FROM flchain";
    const asked = outcomeOf(f.ask(sql));
    await watch.waiting;
    watch.passNow();
    expect(await asked).toMatchObject({ code: "engine_unavailable" });
    const after = left();
    expect(after).toBeLessThan(before);
    // Another asking, before the first work is done, has one answer with it.
    const second = f.ask(sql);
    await watch.waiting;
    troubled.release();
    await watch.work;
    watch.passNow();
    expect(await second).toMatchObject({ repeated: true });
    expect(left()).toBe(after);
  });

  test("hides a failure of the engine till then, and its reason for ever; the charge stands and completes", async () => {
    const before = left();
    troubled.how = "failing";
    const sql = "SELECT avg(kappa) FROM flchain";
    const asked = outcomeOf(f.ask(sql));
    await watch.waiting;
    await watch.work;
    watch.passNow();
    const error = (await asked) as GloveboxError;
    expect(error).toMatchObject({ code: "internal", params: {} });
    expect(error.message).not.toMatch(/Wuhan|17/);
    const after = left();
    expect(after).toBeLessThan(before);
    troubled.how = "well";
    const again = f.ask(sql);
    await watch.waiting;
    await watch.work;
    watch.passNow();
    expect((await again).rows).toHaveLength(1);
    expect(left()).toBe(after);
  });

  test("does not keep refusals waiting that follow from public things", async () => {
    const refused = await outcomeOf(
      f.ask("SELECT count(*) FROM flchain", { epsilon: "100", datasets: ["flchain"] }),
    );
    expect(refused).toMatchObject({ code: "budget_exhausted" });
    expect(await outcomeOf(f.ask("SELECT max(age) FROM flchain"))).toMatchObject({
      code: "query_unsupported",
    });
    watch.passNow();
  });
});
