/** A worker is killed without warning at every stage of a run: the run is lost, another one takes its place. */
import { describe, expect, test } from "@jest/globals";
import type { Moments } from "./deaths.js";
import { OUTPUTS, type Victim } from "./victim.js";

interface Point {
  at: string;
  /** Seconds that the program stays. */
  stays: number;
  /** In the full run alone. */
  full?: true;
  reached(run: { state: string; uploaded: number }): boolean;
}

const POINTS: Point[] = [
  { at: "it stages", stays: 0, full: true, reached: ({ state }) => state === "leased" },
  { at: "its data is staged", stays: 0, full: true, reached: ({ state }) => state === "staged" },
  { at: "its program runs", stays: 1, reached: ({ state }) => state === "executing" },
  { at: "it uploads", stays: 0, reached: ({ uploaded }) => uploaded > 0 && uploaded < OUTPUTS.length + 2 },
];

async function killAt(v: Victim, job: string, { at, reached }: Pick<Point, "at" | "reached">): Promise<void> {
  const pid = v.worker();
  await v.witness.reach(at, () => reached(v.witness.newestRun(job)));
  process.kill(pid, "SIGKILL");
  await v.anotherWorker(pid);
}

export function workerIsKilled(victim: () => Victim, moments: Moments): void {
  describe("a worker is killed", () => {
    test.each(POINTS.filter(({ full }) => moments === "all" || !full))(
      "while $at: the next run leaves the only set of outputs",
      async ({ stays, ...point }) => {
        const v = victim();
        const pid = v.worker();
        const job = await v.witness.catchJob(
          point.at,
          () => v.submit(stays),
          (id) => point.reached(v.witness.newestRun(id)),
        );
        process.kill(pid, "SIGKILL");
        await v.anotherWorker(pid);
        await v.heldOnce(job);
        await v.nothingLeft();
      },
    );

    if (moments === "few") return;
    test("in each of its three runs: the job fails as the platform's fault, with its logs", async () => {
      const v = victim();
      const job = await v.submit(60);
      for (const fence of [1, 2, 3]) {
        await killAt(v, job, {
          at: `run ${fence} executes`,
          reached: ({ state }) => state === "executing" && v.witness.runs(job).length === fence,
        });
      }
      const view = await v.over(job);
      expect(view).toMatchObject({ state: "failed", failure: { class: "system_failed" } });
      expect(v.witness.runs(job).map(({ state }) => state)).toEqual(["lost", "lost", "lost"]);
      const names = v.witness.outputs(job).map(({ name }) => name);
      expect(names).toEqual(["stderr.log", "stdout.log", ...OUTPUTS].sort());
      expect(v.witness.charges(job)).toHaveLength(1);
      await v.nothingLeft();
      await v.whole();
    });
  });
}
