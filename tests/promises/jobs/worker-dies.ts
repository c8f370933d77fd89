/**
 * Promise 5, workers: kill one without warning at any step of a run, and the job still ends with exactly one set of
 * outputs; nothing of the dead run is left on the machine.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Docker from "dockerode";
import { ended, until } from "../../harness/index.js";
import { testSeed } from "../../harness/seed.js";
import { type Live, live } from "../../jobs/live.js";

const STEPS = [
  ["leased", 2],
  ["staging", 2],
  ["staged", 2],
  ["prepared", 2],
  ["executing", 2],
  ["collected", 2],
  ["uploading", 2],
  ["uploaded", 2],
  ["finished", 1],
] as const;
export type Step = (typeof STEPS)[number][0];

/** @param at the steps of a run at which a worker is killed; all unless told */
export function workerDies(at: readonly Step[] = STEPS.map(([step]) => step)): void {
  let world: Live;
  beforeAll(async () => {
    world = await live({ retryPausesMs: [50, 200] });
  });
  afterAll(() => world.end());

  const PROGRAM = [
    "import csv, time",
    "time.sleep(0.8)",
    "n = sum(1 for _ in csv.DictReader(open('/data/study.csv')))",
    "open('/out/t.csv', 'w').write('group,n\\nall,%d\\n' % n)",
    "print('rows', n)",
  ].join("\n");
  const job = { files: { "main.py": PROGRAM }, outputs: ["t.csv"] };

  const rows = (sql: string, ...params: unknown[]) => world.store.db.prepare(sql).all(...params);
  /** Runs whose containers are still on the machine. */
  const containers = async () => {
    const docker = new Docker({ socketPath: world.docker.socketPath });
    const filters = { label: [`glovebox.node=${world.node}`] };
    return (await docker.listContainers({ all: true, filters })).map((c) => c.Labels["glovebox.run"]);
  };

  async function mustBeWhole(id: string): Promise<void> {
    expect(rows("SELECT name FROM outputs WHERE job = ? ORDER BY name", id)).toEqual([
      { name: "stderr.log" },
      { name: "stdout.log" },
      { name: "t.csv" },
    ]);
    expect(rows("SELECT DISTINCT run FROM outputs WHERE job = ?", id)).toHaveLength(1);
    const held = rows(
      "SELECT kind FROM ledger_leaves WHERE kind = 'output.held' AND subject IN (SELECT id FROM outputs WHERE job = ?)",
      id,
    );
    expect(held).toHaveLength(3);
    expect(rows("SELECT seq FROM ledger_leaves WHERE kind = 'job.held' AND subject = ?", id)).toHaveLength(1);
    const [{ object }] = rows("SELECT object FROM outputs WHERE job = ? AND name = 't.csv'", id) as [
      { object: string },
    ];
    expect((await world.vault.read(object, 1000)).toString()).toBe("group,n\nall,60\n");
  }

  describe("a worker that dies", () => {
    test.each(STEPS.filter(([step]) => at.includes(step)))(
      "when the run is %s costs no job and doubles none",
      async (killAt, runs) => {
        const id = await world.submit(job);
        const doomed = await world.worker({ killAt });
        await ended(doomed.child);
        expect(doomed.child.signalCode).toBe("SIGKILL");
        const next = await world.worker();
        await world.until(id, "held");
        expect(rows("SELECT id FROM runs WHERE job = ?", id)).toHaveLength(runs);
        await mustBeWhole(id);
        await until(async () => (await containers()).length === 0, "the machine to be tidy");
        await next.stop();
        expect(next.stderr()).not.toMatch(/"level":[56]0/);
      },
    );

    test("in a fight of three over ten jobs leaves ten sets of outputs", async () => {
      const seed = testSeed() % 1_000_000;
      console.info(`seed ${seed}`);
      let random = seed;
      const next = (below: number) => {
        random = (random * 1103515245 + 12345) % 2 ** 31;
        return random % below;
      };
      const quick = { ...job, files: { "main.py": PROGRAM.replace("0.8", "0.1") } };
      const ids: string[] = [];
      for (let i = 0; i < 10; i++) ids.push(await world.submit(quick));
      const tokens = [world.newToken(), world.newToken(), world.newToken()];
      let workers = await Promise.all(tokens.map((token) => world.worker({ token })));
      for (let kills = 0; kills < 4; kills++) {
        await new Promise((resolve) => setTimeout(resolve, 300 + next(1200)));
        const victim = next(3);
        await workers[victim]!.kill9();
        workers = workers.with(victim, await world.worker({ token: tokens[victim]! }));
      }
      for (const id of ids) {
        // A job whose runs were killed three times has failed by the system's fault: as whole, and told apart.
        if ((await world.until(id, "held", "failed")) === "held") await mustBeWhole(id);
        else expect(rows("SELECT name FROM outputs WHERE job = ?", id)).toHaveLength(3);
      }
      for (const worker of workers) await worker.stop();
      expect(await containers()).toEqual([]);
      expect(rows("SELECT id FROM runs WHERE state NOT IN ('ended', 'lost')")).toEqual([]);
    });
  });
}
