/** What was released is remembered: who asks for all and then for all but one is stopped, whichever way it is tried. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../src/catalog/index.js";
import { decodeUnitSets } from "../../src/privacy/index.js";
import { namedObjects, scrub } from "../../src/store/index.js";
import type { Actor } from "../../src/vocabulary/index.js";
import { DAY, datasetIn, give, put } from "../catalog/fixture.js";
import { type JobsFixture, jobsFixture } from "../jobs/fixture.js";
import { type AirlockFixture, type Choice, review as reviewed, withReviewers } from "./fixture.js";

const ROWS = Array.from({ length: 240 }, (_, i) => [
  `unit-${1000 + i}`,
  50 + (i % 40),
  i % 2 === 0 ? "F" : "M",
  Math.floor(i / 2) % 2,
  i === 7 ? "rare" : "usual",
]);
const csvOf = (rows: unknown[][]) => `id,age,sex,dead,kind\n${rows.map((r) => r.join(",")).join("\n")}\n`;
const ALL = { kind: "table", rows: ["sex"], margins: true };
/** One unit is left out, which no description tells. */
const BUT_ONE = { ...ALL, where: "kind == 'usual'" };

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

async function study(rows: unknown[][] = ROWS, more: object = {}): Promise<void> {
  const base = jobsFixture({}, engine);
  f = { ...withReviewers(base as unknown as JobsFixture), ...base } as Fixture;
  await datasetIn(f, "published", { name: "study", auditors: ["first", "second"], ...more }, csvOf(rows));
  give(f, "study");
  give(f, "study", { principal: "operator" });
}

async function held(claims: Record<string, object>, actor: Actor = f.researcher): Promise<string> {
  f.clock.advance(1);
  const job = await f.jobs.submit(actor, {
    kind: "table",
    purpose: "mortality",
    datasets: ["study"],
    claims,
  });
  await f.jobs.idle();
  f.clock.advance(DAY / 24);
  expect(f.jobs.record(job.id).state).toBe("held");
  return job.id;
}
const asked = (job: string, actor: Actor = f.researcher, names = ["t.csv"]): string => {
  const { id } = f.airlock.create(actor, { job, outputs: names, justification: "for the report" });
  f.airlock.submit(actor, id);
  return id;
};
const overrides = (names: readonly string[]): Choice => ({
  overrides: Object.fromEntries(names.map((name) => [name, "published in the yearbook"])),
});
const votes = (who: "first" | "second", id: string, choice?: Choice) =>
  reviewed(f as unknown as AirlockFixture, f[who], id, choice);
async function released(claims: Record<string, object>, actor: Actor = f.researcher): Promise<string> {
  const id = asked(await held(claims, actor), actor, Object.keys(claims));
  await votes("first", id);
  const view = await votes("second", id);
  expect(view.state).toBe("released");
  return id;
}
const findings = (job: string, name = "t.csv") =>
  f.jobs
    .heldOutputs(job)
    .find((o) => o.name === name)!
    .findings.filter((x) => x.rule === "differencing");
const facts = () =>
  f.store.db.prepare("SELECT * FROM facts ORDER BY seq").all() as {
    output: string;
    units_object: string | null;
    release: string;
  }[];
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe("what went out", () => {
  test("is remembered in the commit that approves it, with the units of each cell; its object is named and whole", async () => {
    await study();
    const release = await released({ "t.csv": ALL });
    const [fact, ...more] = facts();
    expect(more).toEqual([]);
    expect(fact).toMatchObject({ release, units_object: expect.any(String) });
    const units = decodeUnitSets(await f.vault.read(fact!.units_object!, 1e6));
    expect([...units.of].map((c) => units.cells[c - 1]?.keys)).toEqual(ROWS.map((r) => [r[2]]));
    expect(namedObjects(f.store.db).get(fact!.units_object!)).toMatch(/^(facts|outputs)\.units_object$/);
    const report = await scrub({ store: f.store, vault: f.vault, unnamedBefore: 0 });
    expect(report).toMatchObject({ ok: true, unnamed: [] });
  });

  test("may go out a second time, and is not held against itself; later tables still meet it", async () => {
    await study();
    const job = await held({ "t.csv": ALL });
    for (let again = 0; again < 2; again++) {
      const id = asked(job);
      await votes("first", id);
      expect((await votes("second", id)).state).toBe("released");
    }
    expect(facts().length).toBe(1);
    for (let again = 0; again < 2; again++) {
      const other = await held({ "t.csv": BUT_ONE });
      expect(findings(other).some((x) => x.verdict === "fail")).toBe(true);
    }
  });

  test("of units with several rows is remembered with all cells of each, and people judge what follows", async () => {
    const twice = ROWS.flatMap((r, i) =>
      i % 3 === 0 ? [r, [...r.slice(0, 3), 1 - Number(r[3]), r[4]]] : [r],
    );
    await study(twice, { max_rows_per_unit: 2 });
    await released({ "t.csv": { kind: "table", rows: ["dead"], margins: true } });
    const units = decodeUnitSets(await f.vault.read(facts()[0]!.units_object!, 1e6));
    const cellsOf = (u: number) => units.lists![units.of[u]! - 1]!.map((c) => units.cells[c]!.keys[0]);
    expect(ROWS.map((_, u) => cellsOf(u).sort())).toEqual(
      ROWS.map((r, i) => (i % 3 === 0 ? ["0", "1"] : [String(r[3])])),
    );
    const job = await held({ "t.csv": { kind: "table", rows: ["dead"], where: "kind == 'usual'" } });
    const found = findings(job).map((x) => x.verdict);
    expect(found).toContain("review");
    expect(found).toContain("fail");
  });

  test("makes no facts where a program wrote it, and auditors are told", async () => {
    await study();
    const { runAll } = await import("./fixture.js");
    const job = await runAll(f as unknown as JobsFixture, { "t1.csv": "sex,n\nF,120\nM,120\n" });
    f.clock.advance(DAY);
    expect(findings(job, "t1.csv")).toEqual([
      expect.objectContaining({
        verdict: "pass",
        audience: "auditors",
        message: expect.stringContaining("makes no facts"),
      }),
    ]);
  });

  test("before there was a memory counts too: its units are found when it is first compared", async () => {
    await study();
    await released({ "t.csv": ALL });
    f.store.db.prepare("DELETE FROM facts").run();
    f.store.db.prepare("UPDATE outputs SET units_object = NULL").run();
    const { createAirlock } = await import("../../src/airlock/index.js");
    f.airlock = createAirlock(f);
    expect(facts()).toEqual([expect.objectContaining({ units_object: null })]);
    const job = await held({ "t.csv": BUT_ONE });
    expect(findings(job).map((x) => [x.verdict, x.audience])).toContainEqual(["fail", "auditors"]);
    expect(facts()[0]!.units_object).not.toBeNull();
  });
});

describe("all, then all but one", () => {
  const isTold = (job: string, name = "t.csv") => {
    const found = findings(job, name);
    // The requester: what two tables tell together is undecided, whatever the data say.
    expect(found.filter((x) => x.audience !== "auditors").map((x) => x.verdict)).toEqual(["review"]);
    const fails = found.filter((x) => x.verdict === "fail");
    expect(fails.length).toBeGreaterThan(0);
    for (const x of fails) expect(x.audience).toBe("auditors");
    return fails.map((x) => x.message).join(" ");
  };

  test("in two jobs of one person, or of two: people decide, and read which release and which cells", async () => {
    await study();
    const first = await released({ "t.csv": ALL });
    for (const actor of [f.researcher, f.operator]) {
      const job = await held({ "t.csv": BUT_ONE }, actor);
      const told = isTold(job);
      expect(told).toContain(`t.csv of ${first}`);
      expect(told).toContain("fewer than 10 units");
      expect(f.jobs.get(actor, job).verdict).toBe("review");
      // Approving it takes a written reason.
      const release = asked(job, actor);
      await expect(votes("first", release)).rejects.toEqual(code("disclosure_refused"));
      await votes("first", release, overrides(["t.csv"]));
    }
  });

  test("in one job", async () => {
    await study();
    const job = await held({ "t.csv": ALL, "but.csv": BUT_ONE });
    isTold(job);
    expect(isTold(job, "but.csv")).toContain("t.csv");
    expect(f.jobs.get(f.researcher, job).verdict).toBe("review");
  });

  test("says the same to the requester where nothing is left out: asking is no oracle", async () => {
    await study(ROWS.map((r) => [...r.slice(0, 4), "usual"]));
    await released({ "t.csv": ALL });
    const job = await held({ "t.csv": BUT_ONE });
    expect(
      findings(job)
        .filter((x) => x.audience !== "auditors")
        .map((x) => x.verdict),
    ).toEqual(["review"]);
    expect(findings(job).some((x) => x.verdict === "fail")).toBe(false);
    expect(f.jobs.get(f.researcher, job).verdict).toBe("review");
  });

  test("of another version of the data, whose rows differ by one", async () => {
    await study();
    await released({ "t.csv": ALL });
    await put(f, "study", csvOf(ROWS.slice(1)));
    const job = await held({ "t.csv": ALL });
    expect(findings(job).map((x) => x.verdict)).toContain("fail");
  });
});

describe("two that are each fine alone", () => {
  test("are not both approved: votes of before the other went out are void, and new ones read what it does", async () => {
    await study();
    const [one, two] = [await held({ "t.csv": ALL }), await held({ "t.csv": BUT_ONE })];
    for (const job of [one, two]) expect(findings(job).some((x) => x.verdict !== "pass")).toBe(false);
    const [first, second] = [asked(one), asked(two)];
    await votes("first", first);
    await votes("first", second);
    expect((await votes("second", first)).state).toBe("released");
    await expect(votes("second", second)).rejects.toEqual(code("stale"));
    expect(f.airlock.get(f.researcher, second)).toMatchObject({ state: "returned", reviews_in: 0 });
    // Submitted again it is judged with what went out, and its reviewers read it before they vote.
    f.airlock.submit(f.researcher, second);
    await f.airlock.tick();
    const seen = f.airlock.get(f.first, second).files[0]!;
    expect(seen.verdict).toBe("fail");
    expect(seen.findings!.some((x) => x.audience === "auditors" && x.verdict === "fail")).toBe(true);
    await expect(votes("first", second)).rejects.toEqual(code("disclosure_refused"));
    expect(f.airlock.get(f.researcher, second).files).toEqual([
      expect.not.objectContaining({ verdict: "fail" }),
    ]);
  });

  test("raced to the last vote, one goes out and the other does not", async () => {
    await study();
    const [one, two] = [await held({ "t.csv": ALL }), await held({ "t.csv": BUT_ONE })];
    const [first, second] = [asked(one), asked(two)];
    await votes("first", first);
    await votes("first", second);
    const ends = await Promise.allSettled([votes("second", first), votes("second", second)]);
    expect(ends.map((e) => e.status).sort()).toEqual(["fulfilled", "rejected"]);
    const states = [first, second].map((id) => f.airlock.get(f.researcher, id).state).sort();
    expect(states).toEqual(["released", "returned"]);
    expect(facts().length).toBe(1);
  });

  test("stay approved together where descriptions show that they are harmless: other rows, or the same ones by other groups", async () => {
    await study(ROWS.map((r) => [...r.slice(0, 4), "usual"]));
    const claims = [
      { ...ALL, where: "sex == 'F'", rows: ["dead"] },
      { ...ALL, where: "sex == 'M'", rows: ["dead"] },
      { ...ALL, where: "sex == 'M'", rows: [{ value: "age", edges: [50, 70, 90] }], missing: "group" },
    ];
    const ids: string[] = [];
    for (const claim of claims) ids.push(asked(await held({ "t.csv": claim })));
    for (const id of ids) await votes("first", id);
    for (const id of ids) expect((await votes("second", id)).state).toBe("released");
    expect(facts().length).toBe(ids.length);
  });
});
