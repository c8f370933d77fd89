/** Levels end to end: a real worker says what its machine has, and a job runs at the level that it asked for. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ISOLATION_LEVELS, type IsolationLevel } from "../../../src/vocabulary/index.js";
import { until } from "../../harness/processes.js";
import { type Live, live } from "../../jobs/live.js";

let node: Live;
const offered = (): string[] => {
  const labels = node.store.db.prepare("SELECT labels FROM workers").pluck().all() as string[];
  return labels.flatMap((text) => (JSON.parse(text) as { offered?: string[] }).offered ?? []);
};
beforeAll(async () => {
  node = await live();
  const { token } = node.jobs.internal.registerWorker({ levels: ISOLATION_LEVELS });
  await node.worker({ token });
  await until(() => ISOLATION_LEVELS.every((level) => offered().includes(level)), "all levels", 120_000);
}, 150_000);
afterAll(() => node.end());

const entriesOf = (subject: string, kind: string) =>
  node.ledger
    .about(subject)
    .filter((row) => row.kind === kind)
    .map((row) => node.ledger.opening(row.seq).data);

describe("a job that asks for a level", () => {
  const program = { "main.py": "print(open('/proc/version').read(), open('/proc/self/uid_map').read())\n" };

  test.each([...ISOLATION_LEVELS])(
    "%s runs at it, and the ledger says so",
    async (isolation: IsolationLevel) => {
      const job = await node.submit({ isolation, files: program, mode: "dry_run" });
      await node.until(job, "done", "failed");
      expect(node.state(job)).toBe("done");
      const { run, isolation: recorded } = node.jobs.record(job);
      expect(recorded).toBe(isolation);
      expect(entriesOf(job, "run.leased")).toMatchObject([{ isolation }]);
      expect(entriesOf(run!.id, "run.executing")).toMatchObject([{ isolation }]);
    },
    120_000,
  );
});
