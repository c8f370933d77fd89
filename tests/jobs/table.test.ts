/** Declared tables from submission to the end of the check, over a real engine. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine, type QueryInput } from "../../src/catalog/index.js";
import type { JobView } from "../../src/jobs/index.js";
import type { Actor } from "../../src/vocabulary/index.js";
import { DAY, datasetIn, give } from "../catalog/fixture.js";
import { claim, type JobsFixture, jobsFixture, trueState } from "./fixture.js";

const ROWS = Array.from({ length: 240 }, (_, i) => ({
  id: `unit-${1000 + i}`,
  age: 50 + (i % 40),
  sex: i % 2 === 0 ? "F" : "M",
  city: i % 3 === 0 ? "Wuhan" : "Chengdu",
  dead: i % 5 === 0 ? 1 : 0,
}));
const CSV = `id,age,sex,city,dead\n${ROWS.map((r) => Object.values(r).join(",")).join("\n")}\n`;

/** The engine, with a gate before each question. */
interface Gated extends Engine {
  asked: QueryInput[];
  /** Awaited before a question is put. */
  gate: (asked: number) => Promise<void>;
}

let engine: Engine;
beforeAll(() => {
  engine = createEngine();
});
afterAll(() => engine.close());

function gated(): Gated {
  const gatedEngine: Gated = {
    ...engine,
    asked: [],
    gate: async () => undefined,
    async query(input) {
      // Other rooms ask as well; these are the questions of tables.
      if (!input.sql.startsWith("WITH picked")) return engine.query(input);
      gatedEngine.asked.push(input);
      await gatedEngine.gate(gatedEngine.asked.length);
      return engine.query(input);
    },
  };
  return gatedEngine;
}

let f: JobsFixture<Gated>;
afterEach(() => f.end());

async function study(config = {}, grant = {}): Promise<string> {
  f = jobsFixture(config, gated());
  const columns = [
    { name: "id", class: "identifier" as const },
    { name: "sex", categories: ["F", "M"] },
    { name: "dead", bounds: [0, 1] as [number, number] },
  ];
  await datasetIn(f, "published", { name: "study", columns }, CSV);
  return give(f, "study", grant).id;
}

const input = (claims: Record<string, object>, more: object = {}) => ({
  kind: "table",
  purpose: "mortality by age",
  datasets: ["study"],
  claims,
  ...more,
});
const TABLE = { kind: "table", rows: ["sex"], columns: ["dead"] };

async function submit(claims: Record<string, object>, more: object = {}, actor?: Actor): Promise<JobView> {
  f.clock.advance(1);
  return f.jobs.submit(actor ?? f.researcher, input(claims, more));
}
async function run(claims: Record<string, object>, more: object = {}): Promise<JobView> {
  const job = await submit(claims, more);
  await f.jobs.idle();
  return job;
}
async function textOf(object: string): Promise<string> {
  return Buffer.concat((await f.vault.get(object).toArray()) as Buffer[]).toString("utf8");
}
const refusal = (claims: Record<string, object>, more: object = {}) =>
  submit(claims, more).then(
    () => undefined,
    (error: { code: string; message: string; params: { detail?: string } }) => error,
  );

describe("a declared table", () => {
  test("is computed, checked and held as verified; its requester sees a name, its auditor all of it", async () => {
    await study();
    const job = await run({ "t1.csv": TABLE });
    expect(trueState(f, job.id)).toBe("held");
    expect(f.jobs.outputs(f.researcher, job.id)).toEqual([]);
    f.clock.advance(DAY);
    expect(f.jobs.outputs(f.researcher, job.id)).toEqual([{ id: expect.any(String), name: "t1.csv" }]);
    const [output] = f.jobs.outputs(f.auditor, job.id);
    expect(output).toMatchObject({
      name: "t1.csv",
      verdict: "pass",
      evidence: "verified",
      media_type: "text/csv",
    });
    const [held] = f.jobs.heldOutputs(job.id);
    const count = (sex: string, dead: number) => ROWS.filter((r) => r.sex === sex && r.dead === dead).length;
    expect(await textOf(held!.object)).toBe(
      `sex,0,1\nF,${count("F", 0)},${count("F", 1)}\nM,${count("M", 0)},${count("M", 1)}\n`,
    );
    expect(f.jobs.get(f.researcher, job.id)).toMatchObject({
      state: "held",
      verdict: "pass",
      signals: { bits: 11 },
    });
  });

  test("needs no worker, and no worker is given it", async () => {
    await study();
    f.engine.gate = () => new Promise(() => undefined);
    await submit({ "t1.csv": TABLE });
    await Promise.resolve();
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
  });

  test("on few units fails its check, and is held all the same", async () => {
    await study();
    const job = await run({ "t1.csv": { ...TABLE, where: "age >= 50 and age < 52" } });
    expect(f.jobs.outputs(f.auditor, job.id)[0]).toMatchObject({ verdict: "fail", evidence: "verified" });
    expect(trueState(f, job.id)).toBe("held");
  });

  test("stores its claims in their typed form: the same table in other words is the same spec", async () => {
    await study();
    const one = await submit({ "t1.csv": { ...TABLE, where: "age >= 60 and sex == 'F'" } });
    const other = await submit({ "t1.csv": { ...TABLE, where: "('F' == sex) & (age > 59.5)" } });
    expect(other.spec_sha256).toBe(one.spec_sha256);
    const typed = (one.spec.claims as Record<string, { statistic: object }>)["t1.csv"]!;
    const again = await submit({ "t1.csv": { kind: "claim", version: 1, statistic: typed.statistic } });
    expect(again.spec_sha256).toBe(one.spec_sha256);
  });

  test("may be several at once, each of its own kind", async () => {
    await study();
    const job = await run({
      "t1.csv": TABLE,
      "h.csv": { kind: "histogram", value: "age", edges: [50, 70, 90] },
      "s.csv": { kind: "summary", values: "age", by: ["sex"] },
    });
    const outputs = f.jobs.outputs(f.auditor, job.id) as { name: string; verdict: string }[];
    expect(outputs.map(({ name, verdict }) => [name, verdict])).toEqual([
      ["h.csv", "review"],
      ["s.csv", "fail"],
      ["t1.csv", "review"],
    ]);
  });

  test("of a rehearsal is made from the twin and shown at once; the version is not opened", async () => {
    await study();
    const job = await run({ "t1.csv": { ...TABLE, margins: true } }, { mode: "dry_run" });
    expect(f.jobs.get(f.researcher, job.id)).toMatchObject({ state: "done", signals: { bits: 0 } });
    const { stream } = await f.jobs.dryRunOutput(f.researcher, job.id, "t1.csv");
    const text = Buffer.concat((await stream.toArray()) as Buffer[]).toString("utf8");
    const [header, first, second, total] = text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    expect(header).toEqual(["sex", "0", "1", "Total"]);
    expect([first![0], second![0], total![0]]).toEqual(["F", "M", "Total"]);
    expect(total![3]).toBe("1000");
    const version = f.catalog.datasets.version(f.catalog.datasets.row("study").current_version!);
    expect(f.engine.asked.map((q) => q.version.key)).not.toContain(version.object);
  });

  test("costs the signals that any job costs, and shows its end on the grid", async () => {
    await study();
    const job = await run({ "t1.csv": TABLE });
    expect(f.jobs.get(f.researcher, job.id).state).toBe("running");
    expect(f.catalog.signals.left(f.catalog.grants.list(f.owner).items[0]!.id)).toBe(2000 - 11);
    f.clock.advance(DAY);
    expect(f.jobs.get(f.researcher, job.id).state).toBe("held");
  });
});

describe("what a claim may read", () => {
  test("a column that the grant drops is none, in the same words as one that never was", async () => {
    await study({}, { constraints: { drop_columns: ["city", "id"] } });
    for (const place of ["rows", "columns"]) {
      const dropped = await refusal({ "t1.csv": { kind: "table", [place]: ["city"] } });
      const unknown = await refusal({ "t1.csv": { kind: "table", [place]: ["town"] } });
      expect(dropped!.code).toBe("invalid_input");
      expect(dropped!.params.detail!.replace("city", "town")).toBe(unknown!.params.detail);
    }
    const typed = {
      kind: "claim",
      version: 1,
      statistic: {
        kind: "table",
        rows: [],
        columns: [],
        margins: false,
        missing: "drop",
        measures: [{ kind: "max", name: "m", value: { op: "column", name: "city" } }],
      },
    };
    expect((await refusal({ "t1.csv": typed }))!.code).toBe("invalid_input");
    expect((await refusal({ "t1.csv": { kind: "table", where: "city == 'Wuhan'" } }))!.code).toBe(
      "invalid_input",
    );
    // Units are counted without their names being readable.
    const job = await run({ "t1.csv": TABLE });
    expect(trueState(f, job.id)).toBe("held");
  });

  test("nothing of another dataset: not by name, not in a claim, not without a grant", async () => {
    await study();
    await datasetIn(f, "published", { name: "other" }, CSV);
    expect((await refusal({ "t1.csv": { ...TABLE, dataset: "other" } }))!.code).toBe("invalid_input");
    expect((await refusal({ "t1.csv": { ...TABLE, dataset: "other" } }, { datasets: ["other"] }))!.code).toBe(
      "no_grant",
    );
    expect((await refusal({ "t1.csv": TABLE }, { datasets: ["study", "other"] }))!.code).toBe("no_grant");
  });

  test("needs a grant that carries tables: query or sandbox access, and the kind where kinds are named", async () => {
    await study({}, { access: "sandbox", job_kinds: ["sandbox"] });
    expect((await refusal({ "t1.csv": TABLE }))!.code).toBe("forbidden");
    give(f, "study", { access: "query", job_kinds: ["table"] });
    expect(trueState(f, (await run({ "t1.csv": TABLE })).id)).toBe("held");
  });

  test("what is no claim is invalid input", async () => {
    await study();
    const wrong: Record<string, object>[] = [
      {},
      { "t1.txt": TABLE },
      { "../t1.csv": TABLE },
      { "stdout.log": TABLE },
      { "t1.csv": { ...TABLE, sql: "SELECT * FROM data" } },
      { "t1.csv": { kind: "table", rows: ["age FROM data --"] } },
      { "t1.csv": { kind: "histogram", value: "age", edges: [3, 2] } },
      { "t1.csv": { kind: "table", values: "age" } },
      { "t1.csv": { kind: "table", agg: "mean" } },
      { "m.csv": { kind: "regression", family: "ols", formula: "age ~ sex" } },
      { "m.json": { kind: "regression", family: "cox", formula: "age ~ sex" } },
      { "m.json": { kind: "regression", family: "ols", formula: "age ~ sex", ties: "breslow" } },
      { "s.json": { kind: "survival", time: "age", event: "dead" } },
      { "s.csv": { kind: "survival", time: "age", event: "dead", times: [60, 50] } },
    ];
    for (const claims of wrong)
      expect((await refusal(claims))!.code).toMatch(/invalid_input|query_unsupported/);
  });
});

/** A question that waits until it is let through. */
function hold(): { asked: Promise<void>; release(): void } {
  let [release, reached] = [() => {}, () => {}];
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const asked = new Promise<void>((resolve) => {
    reached = resolve;
  });
  f.engine.gate = async () => {
    reached();
    await gate;
  };
  return { asked, release };
}

describe("a table's run is a run like any other", () => {
  test("cancelled while it is computed, it keeps nothing", async () => {
    await study({ heartbeatMs: 20 });
    const { asked } = hold();
    const job = await submit({ "t1.csv": TABLE });
    await asked;
    await f.jobs.cancel(f.researcher, job.id);
    await f.jobs.idle();
    expect(trueState(f, job.id)).toBe("cancelled");
    expect(f.jobs.outputs(f.auditor, job.id)).toEqual([
      expect.objectContaining({ name: "t1.csv", verdict: "fail", bytes: 0, evidence: "unverified" }),
    ]);
  });

  test("a revoked grant ends it", async () => {
    const grant = await study({ heartbeatMs: 20 });
    const { asked } = hold();
    const job = await submit({ "t1.csv": TABLE });
    await asked;
    f.catalog.grants.revoke(f.owner, grant);
    await f.jobs.idle();
    expect(f.jobs.record(job.id).state).toBe("failed");
    expect(f.jobs.outputs(f.auditor, job.id)[0]).toMatchObject({ bytes: 0 });
  });

  test("control that dies in the middle of it leaves exactly one set of outputs in the end", async () => {
    await study();
    const { asked, release } = hold();
    const job = await submit({ "t1.csv": TABLE, "t2.csv": { kind: "table", rows: ["sex"] } });
    await asked;
    const first = f.jobs;
    f.engine.gate = async () => undefined;
    f.restart();
    // The pause before the next run.
    f.clock.advance(60_000);
    await f.jobs.tick();
    await f.jobs.idle();
    release();
    await first.idle();
    await f.jobs.idle();
    expect(trueState(f, job.id)).toBe("held");
    const runs = f.store.db
      .prepare("SELECT state FROM runs WHERE job = ? ORDER BY fence")
      .pluck()
      .all(job.id);
    expect(runs).toEqual(["lost", "ended"]);
    const outputs = f.store.db
      .prepare("SELECT name FROM outputs WHERE job = ? ORDER BY name")
      .pluck()
      .all(job.id);
    expect(outputs).toEqual(["t1.csv", "t2.csv"]);
    await first.close();
  });

  test("an engine that fails is asked again, and after three runs the job has failed", async () => {
    await study({ retryPausesMs: [0, 0] });
    f.engine.gate = async () => {
      throw new Error("the engine is gone");
    };
    const job = await run({ "t1.csv": TABLE });
    expect(f.jobs.record(job.id).state).toBe("failed");
    f.clock.advance(DAY);
    expect(f.jobs.get(f.researcher, job.id).failure).toMatchObject({ class: "system_failed" });
    expect(f.engine.asked).toHaveLength(3);
  });

  test("a table larger than what is let out has met its limit", async () => {
    await study();
    const job = await run({
      "t1.csv": {
        kind: "table",
        rows: ["id", "age"],
        columns: ["city"],
        values: "age",
        agg: ["units", "min", "max", "mean", "sum", "std"],
      },
    });
    f.clock.advance(DAY);
    expect(f.jobs.get(f.researcher, job.id).failure).toEqual({ class: "limit_exceeded", limit: "output" });
  });

  test("is done by turns: a principal who waits is not kept back by the tables of another", async () => {
    await study({ checksAtOnce: 1 });
    give(f, "study", { principal: "operator" });
    const order: string[] = [];
    const { asked, release } = hold();
    const jobs = [
      await submit({ "t1.csv": TABLE }),
      await submit({ "t1.csv": TABLE }),
      await submit({ "t1.csv": TABLE }),
    ];
    const other = await submit({ "t1.csv": TABLE }, {}, f.operator);
    await asked;
    release();
    await f.jobs.idle();
    const started = f.store.db.prepare("SELECT job FROM runs ORDER BY rowid").pluck().all() as string[];
    order.push(...started);
    expect(order.indexOf(other.id)).toBe(1);
    expect(order).toHaveLength(jobs.length + 1);
  });
});

test("a job over two datasets names in each claim the one that it reads, and needs a grant for each", async () => {
  await study();
  await datasetIn(f, "published", { name: "other" }, CSV);
  const claims = {
    "t1.csv": { ...TABLE, dataset: "study" },
    "t2.csv": { kind: "table", rows: ["city"], dataset: "other" },
  };
  const both = { datasets: ["study", "other"] };
  expect((await refusal(claims, both))!.code).toBe("no_grant");
  give(f, "other");
  expect((await refusal({ "t1.csv": TABLE }, both))!.params.detail).toContain("say which one it reads");
  expect((await refusal({ "t1.csv": claims["t1.csv"] }, both))!.params.detail).toContain("no claim reads");
  const job = await run(claims, both);
  expect(trueState(f, job.id)).toBe("held");
  f.clock.advance(DAY);
  const [, second] = f.jobs.heldOutputs(job.id);
  const count = (city: string) => ROWS.filter((r) => r.city === city).length;
  expect(await textOf(second!.object)).toBe(
    `city,units\nChengdu,${count("Chengdu")}\nWuhan,${count("Wuhan")}\n`,
  );
});

test("data of grade 5 take tables where no sandbox is isolated enough, with fewer digits", async () => {
  f = jobsFixture({}, gated());
  const columns = ["id", "age", "sex", "city", "dead"].map((name) => ({ name, grade: 5 as const }));
  await datasetIn(f, "published", { name: "study", columns }, CSV);
  give(f, "study");
  const job = await run({ "t1.csv": { kind: "table", rows: ["sex"], values: "age", agg: "mean" } });
  expect(f.jobs.record(job.id)).toMatchObject({ state: "held", grade: 5, isolation: "engine" });
  f.clock.advance(30 * DAY);
  const rows = (await textOf(f.jobs.heldOutputs(job.id)[0]!.object)).trimEnd().split("\n").slice(1);
  for (const row of rows) {
    const [sex, , mean] = row.split(",");
    const ages = ROWS.filter((r) => r.sex === sex).map((r) => r.age);
    const exact = ages.reduce((a, b) => a + b, 0) / ages.length;
    expect(mean).toBe(String(Number(exact.toPrecision(4))));
  }
});

test("a sandbox job is still a worker's", async () => {
  await study();
  await f.jobs.submit(f.researcher, {
    kind: "sandbox",
    purpose: "mortality by age",
    datasets: ["study"],
    image: "python",
    files: { "main.py": "" },
    command: ["python3", "main.py"],
  });
  expect(claim(f).kind).toBe("sandbox");
});
