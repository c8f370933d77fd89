/** Control is killed without warning at every stage of a job. */
import { describe, expect, test } from "@jest/globals";
import { isAlive, until } from "../../harness/index.js";
import type { Moments } from "./deaths.js";
import { OUTPUTS, type Victim } from "./victim.js";

interface Point {
  at: string;
  /** Seconds that the program stays. */
  stays: number;
  /** In the full run alone. */
  full?: true;
  reached(v: Victim, job: string): boolean;
}

const run = (v: Victim, job: string) => v.witness.newestRun(job);
const fewerThanAll = (uploaded: number) => uploaded > 0 && uploaded < OUTPUTS.length + 2;

const POINTS: Point[] = [
  { at: "its worker stages", stays: 0, full: true, reached: (v, job) => run(v, job).state === "leased" },
  { at: "its data is staged", stays: 0, reached: (v, job) => run(v, job).state === "staged" },
  { at: "its program runs", stays: 1, reached: (v, job) => run(v, job).state === "executing" },
  {
    at: "its outputs are uploaded",
    stays: 0,
    full: true,
    reached: (v, job) => fewerThanAll(run(v, job).uploaded),
  },
  { at: "its outputs are checked", stays: 0, reached: (v, job) => v.witness.jobState(job) === "checking" },
  {
    at: "it has just been held",
    stays: 0,
    full: true,
    reached: (v, job) => v.witness.jobState(job) === "held",
  },
];

export function controlIsKilled(victim: () => Victim, moments: Moments): void {
  describe("control is killed", () => {
    test.each(POINTS.filter(({ full }) => moments === "all" || !full))(
      "when $at: one set of outputs, charged once",
      async ({ at, stays, reached }) => {
        const v = victim();
        // A kill that met the job only when it was held is one of another moment: it is aimed again.
        for (let aims = 1, missed = true; missed && aims <= 5; aims++) {
          const job = await v.witness.catchJob(
            at,
            () => v.submit(stays),
            (id) => reached(v, id),
          );
          await v.killControl();
          missed = v.witness.jobState(job) === "held" && at !== "it has just been held";
          await v.restart();
          await v.heldOnce(job);
          await v.whole();
        }
      },
    );

    test("while its worker is still starting: the worker goes too, and is not one too many ever after", async () => {
      const v = victim();
      await v.killControl();
      await v.restart();
      const starting = v.node.workers;
      await v.killControl();
      await v.restart();
      await until(() => !starting.some(isAlive), "the workers of the killed control to go");
    });

    test("while a job waits for a worker: it waits on, and is run once", async () => {
      const v = victim();
      await v.killControl();
      await v.restart({ workers: 0 });
      const job = await v.submit(0);
      expect(v.witness.jobState(job)).toBe("queued");
      await v.killControl();
      await v.restart({ workers: 1 });
      await v.heldOnce(job);
      expect(v.witness.runs(job)).toHaveLength(1);
    });
  });
}
