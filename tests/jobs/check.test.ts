/** The check step when things go wrong under it: it is begun again, and ends once. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { entriesOf } from "../catalog/fixture.js";
import {
  claim,
  finish,
  grantedData,
  type JobsFixture,
  jobsFixture,
  runJob,
  submit,
  trueState,
} from "./fixture.js";

let f: JobsFixture;
let free: () => void = () => undefined;
beforeEach(async () => {
  f = jobsFixture();
  await grantedData(f);
});
afterEach(async () => {
  free();
  await f.end();
});

const table = { "t.csv": "group,n\na,40\n" };
const outputs = (id: string) =>
  f.store.db.prepare("SELECT count(*) FROM outputs WHERE job = ?").pluck().get(id);
const ends = (id: string) => entriesOf(f, id).filter((kind) => /job\.(held|failed|cancelled)/.test(kind));

/** The engine does not answer until `free` is called. */
function hang(): void {
  const scan = f.engine.scan.bind(f.engine);
  const gate = new Promise<void>((resolve) => {
    free = resolve;
  });
  f.engine.scan = async (input) => {
    await gate;
    return scan(input);
  };
}

async function retry(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    f.clock.advance(1_001);
    await f.jobs.tick();
    await f.jobs.idle();
  }
}

test("a check that a restart cut off is begun again, and the first one's late end changes nothing", async () => {
  const scan = f.engine.scan;
  hang();
  const job = await submit(f, { outputs: ["t.csv"] });
  await finish(f, claim(f), {}, table);
  const first = f.jobs;
  f.engine.scan = scan;
  f.restart();
  await f.jobs.idle();
  expect(trueState(f, job.id)).toBe("held");
  const size = f.ledger.size();
  free();
  await first.close();
  expect(f.ledger.size()).toBe(size);
  expect(ends(job.id)).toEqual(["job.held"]);
  expect(outputs(job.id)).toBe(3);
});

describe("an engine that fails", () => {
  test("once costs a second, and nothing passes unscanned", async () => {
    const scan = f.engine.scan;
    f.engine.scan = () => Promise.reject(new Error("a value"));
    const job = await runJob(f, { outputs: ["t.csv"] }, {}, table);
    expect(trueState(f, job.id)).toBe("checking");
    f.engine.scan = scan;
    await retry(1);
    expect(trueState(f, job.id)).toBe("held");
  });

  test("three times ends the job as the system's failure, with nothing kept", async () => {
    f.engine.scan = () => Promise.reject(new Error("a value"));
    const job = await runJob(f, { outputs: ["t.csv"] }, {}, table);
    await retry(4);
    expect(trueState(f, job.id)).toBe("failed");
    f.clock.advance(60_000);
    expect(f.jobs.get(f.researcher, job.id).failure).toEqual({ class: "system_failed" });
    expect(f.jobs.heldOutputs(job.id).map((o) => [o.bytes, o.verdict])).toEqual(Array(3).fill([0, "fail"]));
  });
});

test("what was collected and is gone from the vault is made again by another run", async () => {
  hang();
  f.engine.scan = () => Promise.reject(new Error("the object is gone"));
  const job = await submit(f, { outputs: ["t.csv"] });
  await finish(f, claim(f), {}, table);
  await f.jobs.idle();
  const raw = f.store.db
    .prepare("SELECT raw_object FROM outputs WHERE name = 't.csv'")
    .pluck()
    .get() as string;
  f.vault.delete(raw);
  await retry(1);
  expect(trueState(f, job.id)).toBe("queued");
  expect(outputs(job.id)).toBe(0);
});

test("findings, facts and hashes of held outputs lie encrypted or salted, never plain", async () => {
  const job = await runJob(f, { outputs: ["t.csv"] }, {}, { "t.csv": "group,n\nfew,3\n" });
  const rows = f.store.db.prepare("SELECT sealed FROM findings").pluck().all() as Buffer[];
  expect(rows.length).toBeGreaterThan(0);
  for (const sealed of rows) expect(sealed.toString("latin1")).not.toMatch(/few|small/);
  f.clock.advance(60_000);
  const [held] = f.jobs.heldOutputs(job.id).filter((o) => o.name === "t.csv");
  const leaves = f.store.db.prepare("SELECT leaf FROM ledger_leaves").pluck().all().join("\n");
  expect(leaves).not.toContain(held!.sha256);
  expect(held!.findings.map((x) => x.rule)).toContain("threshold");
});
