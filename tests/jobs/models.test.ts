/** Models and survival curves as declared outputs, from submission to the end of the check, over a real engine. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../src/catalog/index.js";
import type { JobView, OutputView } from "../../src/jobs/index.js";
import { DAY, datasetIn, give } from "../catalog/fixture.js";
import { type JobsFixture, jobsFixture, trueState } from "./fixture.js";

/** Risk rises with age, and a little by chance that is the same each time. */
const ROWS = Array.from({ length: 400 }, (_, i) => {
  const age = 40 + ((i * 7) % 50);
  const chance = (i * 7919) % 100;
  return {
    id: `unit-${1000 + i}`,
    age,
    sex: i % 2 === 0 ? "F" : "M",
    city: i < 4 ? "Lhasa" : i % 3 === 0 ? "Wuhan" : "Chengdu",
    time: 1 + ((i * 31) % 300),
    dead: chance < age - 20 ? 1 : 0,
  };
});
const CSV = `${Object.keys(ROWS[0]!).join(",")}\n${ROWS.map((r) => Object.values(r).join(",")).join("\n")}\n`;

let engine: Engine;
beforeAll(() => {
  engine = createEngine();
});
afterAll(() => engine.close());

let f: JobsFixture<Engine>;
afterEach(() => f.end());

async function study(grant = {}): Promise<void> {
  f = jobsFixture({}, engine);
  await datasetIn(f, "published", { name: "study", columns: [{ name: "id", class: "identifier" }] }, CSV);
  give(f, "study", grant);
}

async function run(claims: Record<string, object>, more: object = {}): Promise<JobView> {
  f.clock.advance(1);
  const job = await f.jobs.submit(f.researcher, {
    kind: "table",
    purpose: "mortality by age",
    datasets: ["study"],
    claims,
    ...more,
  });
  await f.jobs.idle();
  f.clock.advance(DAY);
  return job;
}

async function textOf(name: string, job: JobView): Promise<string> {
  const held = f.jobs.heldOutputs(job.id).find((o) => o.name === name);
  return Buffer.concat((await f.vault.get(held!.object).toArray()) as Buffer[]).toString("utf8");
}

const checked = (job: JobView): OutputView => f.jobs.outputs(f.auditor, job.id)[0] as OutputView;

interface Model {
  coefficients: { name: string; estimate: number; std_error: number }[];
  units: number;
  failure?: string;
}

describe("a declared model", () => {
  test("is fitted by an engine, held as verified, and compared with what went out by the rows that it stands on", async () => {
    await study();
    const job = await run({
      "m.json": { kind: "regression", family: "logit", formula: "dead ~ age + C(sex)" },
    });
    expect(trueState(f, job.id)).toBe("held");
    const output = checked(job);
    expect(output).toMatchObject({
      name: "m.json",
      media_type: "application/json",
      evidence: "verified",
      verdict: "pass",
    });
    const rules = output.findings.map((x) => [x.rule, x.verdict]);
    expect(rules).toEqual(expect.arrayContaining([["differencing", "pass"]]));
    expect(rules.map(([rule]) => rule)).not.toContain("model_compared");
    const model = JSON.parse(await textOf("m.json", job)) as Model;
    expect(model.units).toBe(400);
    expect(model.coefficients.map((c) => c.name)).toEqual(["Intercept", "age", "sex[T.M]"]);
    expect(model.coefficients[1]!.estimate).toBeGreaterThan(0.01);
  });

  test("fails where a level stands on fewer units than the threshold", async () => {
    await study();
    const job = await run({ "m.json": { kind: "regression", family: "ols", formula: "age ~ city" } });
    const output = checked(job);
    expect(output.verdict).toBe("fail");
    const levels = output.findings.find((x) => x.rule === "model_levels");
    expect(levels).toMatchObject({ verdict: "fail", cells: [["Lhasa", "city"]] });
  });

  test("that has no estimate says why and fails; nothing is shown in its place", async () => {
    await study();
    const job = await run({
      "m.json": { kind: "regression", family: "logit", formula: "dead ~ age + I(age * 2)" },
    });
    const output = checked(job);
    expect(output.findings.find((x) => x.rule === "no_estimate")).toMatchObject({ verdict: "fail" });
    expect(JSON.parse(await textOf("m.json", job))).toMatchObject({ failure: "collinear" });
  });

  test("rehearses on the twin, which shows the same form at once", async () => {
    await study();
    const job = await run(
      { "m.json": { kind: "regression", family: "poisson", formula: "dead ~ age" } },
      { mode: "dry_run" },
    );
    const shown = await f.jobs.dryRunOutput(f.researcher, job.id, "m.json");
    const text = Buffer.concat((await shown.stream.toArray()) as Buffer[]).toString("utf8");
    expect(JSON.parse(text)).toMatchObject({ kind: "regression", family: "poisson", formula: "dead ~ age" });
  });

  test("sees no column that the grant drops", async () => {
    await study({ constraints: { drop_columns: ["age"] } });
    const refused = await run({
      "m.json": { kind: "regression", family: "logit", formula: "dead ~ age" },
    }).catch((error: { code: string }) => error.code);
    expect(refused).toBe("invalid_input");
  });
});

describe("declared curves", () => {
  test("show at round times, each step on so many events, and the same bytes each time", async () => {
    await study();
    const claim = { kind: "survival", time: "time", event: "dead", by: ["sex"] };
    const [first, again] = [await run({ "km.csv": claim }), await run({ "km.csv": claim })];
    const text = await textOf("km.csv", first);
    expect(await textOf("km.csv", again)).toBe(text);
    const [header, ...rows] = text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    expect(header).toEqual(["sex", "time", "at_risk", "events", "censored", "survival", "std_error"]);
    for (const [, , , events, censored] of rows) {
      expect(Number(events)).toBeGreaterThanOrEqual(10);
      expect(Number(censored) === 0 || Number(censored) >= 10).toBe(true);
    }
    const output = checked(first);
    expect(output).toMatchObject({ evidence: "verified", media_type: "text/csv", verdict: "pass" });
    expect(output.findings.find((x) => x.rule === "survival_steps")).toMatchObject({ verdict: "pass" });
  });

  test("show at the times that the claim names", async () => {
    await study();
    const job = await run({
      "km.csv": { kind: "survival", time: "time", event: "dead", times: [100, 200, 300] },
    });
    const rows = (await textOf("km.csv", job)).trimEnd().split("\n").slice(1);
    const events = (until: number, from: number) =>
      ROWS.filter((r) => r.dead === 1 && r.time > from && r.time <= until).length;
    expect(rows.map((row) => row.split(",").slice(0, 3).map(Number))).toEqual([
      [100, 400, events(100, 0)],
      [200, 400 - ROWS.filter((r) => r.time <= 100).length, events(200, 100)],
      [300, 400 - ROWS.filter((r) => r.time <= 200).length, events(300, 200)],
    ]);
  });
});
