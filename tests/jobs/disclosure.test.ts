/** A job's outputs are held to what the owners of its data ask for. */
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../src/catalog/index.js";
import type { OutputView } from "../../src/jobs/index.js";
import { DAY, datasetIn, give } from "../catalog/fixture.js";
import { type JobsFixture, jobsFixture } from "./fixture.js";

let engine: Engine;
beforeAll(() => {
  engine = createEngine();
});
afterAll(() => engine.close());
let f: JobsFixture<Engine>;
afterEach(() => f.end());

/** 15 F and 45 M; one M spends nearly all of what men spend in the south. */
const CSV = `id,sex,place,spent\n${Array.from({ length: 60 }, (_, i) => {
  const sex = i % 4 === 0 ? "F" : "M";
  return `u${i},${sex},${i % 2 === 0 ? "north" : "south"},${i === 1 ? 90_000 : 100 + i}`;
}).join("\n")}\n`;

async function given(name: string, disclosure: object = {}): Promise<void> {
  const columns = [
    { name: "sex", categories: ["F", "M"] },
    { name: "place", categories: ["north", "south"] },
  ];
  await datasetIn(f, "published", { name, columns, disclosure }, CSV);
  give(f, name);
}

async function outputOf(
  datasets: string[],
  claim: object,
): Promise<OutputView & { entry: { policy: object } }> {
  const spec = { kind: "table", purpose: "spending", datasets, claims: {} as Record<string, object> };
  for (const name of datasets) spec.claims[`${name}.csv`] = { dataset: name, ...claim };
  const job = await f.jobs.submit(f.researcher, spec);
  await f.jobs.idle();
  f.clock.advance(DAY);
  const [output] = f.jobs.outputs(f.auditor, job.id) as OutputView[];
  const row = f.store.db
    .prepare("SELECT seq FROM ledger_leaves WHERE kind = 'output.held' AND subject = ?")
    .get(output!.id) as { seq: number };
  const { data } = f.ledger.opening(row.seq) as unknown as { data: { policy: object } };
  return { ...output!, entry: data };
}

const BY_SEX = { kind: "table", rows: ["sex"] };
const SPENT = { kind: "table", rows: ["sex"], columns: ["place"], values: "spent", agg: "sum" };
const failed = ({ findings }: OutputView) => findings.filter((o) => o.verdict === "fail").map((o) => o.rule);

test("a threshold that an owner raised stops a table that the default lets through, and the entry says so", async () => {
  f = jobsFixture({}, engine);
  await given("study");
  expect(failed(await outputOf(["study"], BY_SEX))).toEqual([]);
  f.catalog.datasets.patch(f.owner, "study", { disclosure: { threshold: 16 } });
  const output = await outputOf(["study"], BY_SEX);
  expect(failed(output)).toEqual(["threshold"]);
  expect(output.findings[0]).toMatchObject({
    cells: [["F", "units"]],
    reasons: [{ en: "15 units, fewer than 16", zh: "15 个单元，少于 16" }],
  });
  expect(output.entry.policy).toMatchObject({ threshold: 16, dominance: [{ n: 2, k: 0.9 }] });
});

test("a sum that few units hold fails, by unit, with the cell and the reason", async () => {
  f = jobsFixture({}, engine);
  await given("study");
  const output = await outputOf(["study"], SPENT);
  expect(failed(output)).toEqual(["dominance", "p_ratio", "class_disclosure"]);
  const dominance = output.findings.find(({ rule }) => rule === "dominance")!;
  expect(dominance.cells).toEqual([["M", "south: sum spent"]]);
  expect(dominance.reasons![0]!.en).toMatch(/^the 2 largest of 30 units hold 9\d % of it/);
});

test("of a job over two datasets each output is held to the strictest of both owners", async () => {
  f = jobsFixture({}, engine);
  await given("lax", { threshold: 5 });
  await given("strict", { threshold: 40 });
  const output = await outputOf(["lax", "strict"], BY_SEX);
  expect(output.name).toBe("lax.csv");
  expect(failed(output)).toEqual(["threshold"]);
  expect(output.entry.policy).toMatchObject({ threshold: 40 });
});
