/** Models and curves are remembered by the rows that they stand on, and judged with all else that went out. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../src/catalog/index.js";
import { decodeUnitSets } from "../../src/privacy/index.js";
import type { Actor } from "../../src/vocabulary/index.js";
import { DAY, datasetIn, give } from "../catalog/fixture.js";
import { type JobsFixture, jobsFixture } from "../jobs/fixture.js";
import { type AirlockFixture, type Choice, review, withReviewers } from "./fixture.js";

const UNITS = 240;
/** One of them is not usual, one has no age. */
const ROWS = Array.from({ length: UNITS }, (_, i) => [
  `unit-${1000 + i}`,
  i === 5 ? "" : 50 + ((i * 7) % 40),
  i % 2 === 0 ? "F" : "M",
  (i * 13) % 5 === 0 || (i * 7) % 40 > 30 ? 1 : 0,
  i === 7 ? "rare" : "usual",
  100 + ((i * 37) % 900),
]);
const CSV = `id,age,sex,dead,kind,days\n${ROWS.map((r) => r.join(",")).join("\n")}\n`;
const LOGIT = { kind: "regression", family: "logit", formula: "dead ~ age + C(sex)" };
const CURVE = { kind: "survival", time: "days", event: "dead", by: ["sex"], times: [500, 1000] };
const COUNTS = { kind: "table", rows: ["sex"] };

let engine: Engine;
beforeAll(() => {
  engine = createEngine();
});
afterAll(() => engine.close());

type Fixture = Omit<AirlockFixture, "job" | "outputs"> & JobsFixture<Engine>;
let f: Fixture;
afterEach(async () => {
  await f.catalog.memory.close();
  await f.end();
});

async function study(): Promise<void> {
  const base = jobsFixture({}, engine);
  f = { ...withReviewers(base as unknown as JobsFixture), ...base } as Fixture;
  await datasetIn(f, "published", { name: "study", auditors: ["first", "second"] }, CSV);
  give(f, "study");
  give(f, "study", { principal: "operator" });
}

async function held(name: string, claim: object, actor: Actor = f.researcher): Promise<string> {
  f.clock.advance(1);
  const { id } = await f.jobs.submit(actor, {
    kind: "table",
    purpose: "mortality",
    datasets: ["study"],
    claims: { [name]: claim },
  });
  await f.jobs.idle();
  f.clock.advance(DAY / 24);
  expect(f.jobs.record(id).state).toBe("held");
  return id;
}

async function released(name: string, claim: object, actor: Actor = f.researcher): Promise<void> {
  const job = await held(name, claim, actor);
  const { id } = f.airlock.create(actor, { job, outputs: [name], justification: "for the report" });
  f.airlock.submit(actor, id);
  const choice: Choice = { overrides: { [name]: "published in the yearbook" } };
  for (const who of ["first", "second"] as const) {
    const view = await review(f as unknown as AirlockFixture, f[who], id, choice);
    if (who === "second") expect(view.state).toBe("released");
  }
}

const findings = (job: string) => f.jobs.heldOutputs(job)[0]!.findings;
const differing = (job: string) => findings(job).filter((x) => x.rule === "differencing");
/** What the requester is told of differencing, in short. */
const SAYS: Record<string, string> = {
  "All of its numbers were released before": "nothing new",
  "It shares no rows": "apart",
  "It shares rows": "undecided",
  "By their descriptions it differs": "few units",
};
const told = (job: string): string[] =>
  differing(job)
    .filter((x) => x.audience === undefined)
    .map(({ message, verdict }) => {
      const known = Object.entries(SAYS).find(([beginning]) => message.startsWith(beginning));
      return `${verdict} ${known?.[1] ?? message}`;
    });
/** What auditors alone are told. */
const toAuditors = (job: string): string =>
  differing(job)
    .filter((x) => x.audience === "auditors")
    .map((x) => `${x.verdict}: ${x.message}`)
    .join("\n");
const SUBTRACTED = /they can be subtracted, which tells of more than zero and fewer than 10 units/;
const verdict = (job: string) => f.store.db.prepare("SELECT verdict FROM jobs WHERE id = ?").pluck().get(job);
const units = async (): Promise<string[][]> => {
  const objects = f.store.db.prepare("SELECT units_object FROM facts ORDER BY seq").pluck().all() as string[];
  const sets = await Promise.all(objects.map((o) => f.vault.read(o, 1e6)));
  return sets.map((bytes) => {
    const { of, cells } = decodeUnitSets(bytes);
    return [...of].map((c) => cells[c - 1]?.keys.join(" ") ?? "out");
  });
};

describe("a model that went out", () => {
  test("is remembered with the units of its rows and their outcome: who lacks a value that it reads is in none", async () => {
    await study();
    await released("m.json", LOGIT);
    expect(await units()).toEqual([ROWS.map((r) => (r[1] === "" ? "out" : String(r[3] === 1)))]);
  });

  test("and the same of all but one, whom no description tells, is found by auditors, and undecided for who asks", async () => {
    await study();
    await released("m.json", LOGIT);
    const job = await held("m.json", { ...LOGIT, where: "kind == 'usual'" }, f.operator);
    expect(told(job)).toEqual(["review undecided"]);
    expect(toAuditors(job)).toMatch(SUBTRACTED);
    expect(verdict(job)).toBe("review");
  });

  test("and the same but for a person who is named is stopped for everybody", async () => {
    await study();
    await released("m.json", LOGIT);
    const job = await held("m.json", { ...LOGIT, where: "id != 'unit-1003'" });
    expect(told(job)).toEqual(["fail few units"]);
    expect(verdict(job)).toBe("fail");
  });

  test("stops a table of its rows but one, and a table stops such a model", async () => {
    await study();
    await released("t.csv", { ...COUNTS, margins: true, where: "age >= 50" });
    const model = await held("m.json", { ...LOGIT, where: "kind == 'usual'" });
    expect(told(model)).toEqual(["review undecided"]);
    expect(toAuditors(model)).toMatch(SUBTRACTED);
    await released("m.json", { ...LOGIT, where: "kind == 'usual'" });
    const table = await held("t.csv", {
      ...COUNTS,
      rows: ["dead"],
      margins: true,
      where: "age >= 50 and sex == 'M'",
    });
    expect(told(table)).toEqual(["review undecided"]);
  });

  test("may pass: the very same again, and one of other rows", async () => {
    await study();
    const young = { ...LOGIT, formula: "dead ~ age", where: "age < 70" };
    const first = await held("m.json", young);
    expect([told(first), verdict(first)]).toEqual([["pass apart"], "pass"]);
    expect(findings(first).map((x) => x.rule)).not.toContain("model_compared");
    await released("m.json", young);
    const again = await held("m.json", young, f.operator);
    expect([told(again), verdict(again)]).toEqual([["pass nothing new"], "pass"]);
    expect(toAuditors(again)).toBe("pass: All that it tells was released before.");
    const old = await held("m.json", { ...young, where: "age >= 70" });
    expect([told(old), verdict(old)]).toEqual([["pass apart"], "pass"]);
    const other = await held("m.json", { ...young, formula: "dead ~ age + C(sex)" });
    expect(told(other)).toEqual(["review undecided"]);
  });

  test("curves as well, by their groups; the same curves later may be joined in other places, so people judge", async () => {
    await study();
    await released("km.csv", CURVE);
    expect(await units()).toEqual([ROWS.map((r) => `${r[2]} ${r[3] === 1}`)]);
    const again = await held("km.csv", CURVE, f.operator);
    expect(told(again)).toEqual(["review undecided"]);
    const fewer = await held("km.csv", { ...CURVE, where: "kind == 'usual'" });
    expect(toAuditors(fewer)).toMatch(SUBTRACTED);
  });

  test("without an estimate tells of nobody, and is not remembered", async () => {
    await study();
    await released("m.json", { kind: "regression", family: "ols", formula: "age ~ days + I(days * 2)" });
    expect(f.store.db.prepare("SELECT count(*) FROM facts").pluck().get()).toBe(0);
  });
});
