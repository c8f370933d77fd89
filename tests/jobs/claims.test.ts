/** Outputs of a program that the node computes itself: from claims in the spec, and from those that the program left. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../src/catalog/index.js";
import type { OutputView } from "../../src/jobs/index.js";
import { CLAIMS_FILE, MAX_CLAIMS_BYTES } from "../../src/sandbox/index.js";
import { GloveboxError } from "../../src/vocabulary/index.js";
import { DAY, datasetIn, give } from "../catalog/fixture.js";
import { claim, finish, type JobsFixture, jobsFixture, runJob, submit, trueState } from "./fixture.js";

const ROWS = Array.from({ length: 240 }, (_, i) => ({
  id: `unit-${1000 + i}`,
  age: 50 + (i % 40),
  sex: i % 2 === 0 ? "F" : "M",
  city: i % 3 === 0 ? "Wuhan" : "Chengdu",
}));
const CSV = `id,age,sex,city\n${ROWS.map((r) => Object.values(r).join(",")).join("\n")}\n`;
const TABLE = { kind: "table", rows: ["sex"] };
const OWN = "sex,units\nF,120\nM,120\n";

let engine: Engine;
beforeAll(() => {
  engine = createEngine();
});
afterAll(() => engine.close());

let f: JobsFixture<Engine>;
/** The next questions to the engine fail. */
let failing = false;
/** They are never answered. */
let hanging = false;
afterEach(() => f.end());

async function study(grant = {}, config = {}): Promise<void> {
  failing = hanging = false;
  f = jobsFixture(config, {
    ...engine,
    query: async (input) => {
      if (hanging) return new Promise(() => undefined);
      if (failing) throw new GloveboxError("engine_unavailable");
      return engine.query(input);
    },
  });
  const columns = [
    { name: "id", class: "identifier" as const },
    { name: "sex", categories: ["F", "M"] },
  ];
  await datasetIn(f, "published", { name: "study", columns }, CSV);
  give(f, "study", grant);
}

const line = (output: string, written: object, more: object = {}): string =>
  `${JSON.stringify({ output, dataset: "study", syntax: "python", claim: written, ...more })}\n`;

/** The output t.csv of a program that left these files, as an auditor sees it, and its text. */
async function checked(
  files: Record<string, string>,
  more: Record<string, unknown> = {},
  outcome = {},
): Promise<{ job: string; output: OutputView; text: string; names: string[] }> {
  const job = await runJob(f, { outputs: ["t.csv"], ...more }, outcome, files);
  const outputs = f.jobs.outputs(f.auditor, job.id) as OutputView[];
  f.clock.advance(DAY);
  const held = f.jobs.heldOutputs(job.id).find(({ name }) => name === "t.csv");
  const text = held ? Buffer.concat((await f.vault.get(held.object).toArray()) as Buffer[]).toString() : "";
  return {
    job: job.id,
    output: outputs.find(({ name }) => name === "t.csv")!,
    text,
    names: outputs.map(({ name }) => name).sort(),
  };
}
const rules = (output: OutputView): string[] => output.findings.map(({ rule }) => rule);

/** As text, without ids and times, in which any two digits stand by chance. */
const saidIn = (view: unknown): string =>
  JSON.stringify(view).replaceAll(/[a-z]{3}_[0-9A-Z]{26}|\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{64}/g, "");

describe("a claim that running code made", () => {
  test("is computed by the node: its bytes stand, and people see how much its choice could say", async () => {
    await study();
    const { output, text, names } = await checked({ "t.csv": OWN, [CLAIMS_FILE]: line("t.csv", TABLE) });
    expect(text).toBe(OWN);
    expect(output).toMatchObject({ evidence: "recomputed", verdict: "review" });
    expect(rules(output)).toContain("claimed");
    expect(rules(output)).not.toContain("differs");
    expect(output.capacity_bytes).toBeLessThanOrEqual(OWN.length);
    // The file of claims is no output, and nobody reads it as one.
    expect(names).toEqual(["stderr.log", "stdout.log", "t.csv"]);
  });

  test("is the auditor's to read, and not its requester's before a release", async () => {
    await study();
    const { job, output } = await checked({ [CLAIMS_FILE]: line("t.csv", { ...TABLE, where: "age > 61" }) });
    expect(output).toMatchObject({ shows: "units by sex, where age >= 62", claim: { dataset: "study" } });
    expect(saidIn(f.jobs.outputs(f.researcher, job))).not.toMatch(/61|62|shows|claim/);
    expect(saidIn(f.jobs.get(f.researcher, job))).not.toMatch(/61|62/);
  });

  test("a changed cell does not get out, and the auditor is told which it is", async () => {
    await study();
    const lie = OWN.replace("F,120", "F,121");
    const { output, text } = await checked({ "t.csv": lie, [CLAIMS_FILE]: line("t.csv", TABLE) });
    expect(text).toBe(OWN);
    expect(output.findings.find(({ rule }) => rule === "differs")).toMatchObject({
      verdict: "review",
      cells: [["F", "units"]],
    });
  });

  test("a file that is no such table, or none at all, changes nothing but what the auditor is told", async () => {
    await study();
    const claims = line("t.csv", TABLE);
    const other = await checked({ "t.csv": "name,n\nAlice,100\n", [CLAIMS_FILE]: claims });
    expect([other.text, other.output.evidence]).toEqual([OWN, "recomputed"]);
    expect(rules(other.output)).toContain("differs");
    const unreadable = await checked({ "t.csv": "\u0000\u0001", [CLAIMS_FILE]: claims });
    expect(unreadable.text).toBe(OWN);
    expect(rules(unreadable.output)).toContain("differs");
    const missing = await checked({ [CLAIMS_FILE]: claims });
    expect([missing.text, missing.output.evidence]).toEqual([OWN, "recomputed"]);
    expect(rules(missing.output)).not.toContain("differs");
  });

  test("the last line of an output counts, in the syntax that it names", async () => {
    await study();
    const r = line("t.csv", { ...TABLE, where: 'age < 70 & city %in% c("Wuhan")' }, { syntax: "r" });
    const { output, text } = await checked({ [CLAIMS_FILE]: line("t.csv", TABLE) + r });
    const count = (sex: string) =>
      ROWS.filter((row) => row.sex === sex && row.age < 70 && row.city === "Wuhan").length;
    expect(text).toBe(`sex,units\nF,${count("F")}\nM,${count("M")}\n`);
    expect(output.evidence).toBe("recomputed");
  });

  test("a table on few units fails like any other", async () => {
    await study();
    const few = line("t.csv", { ...TABLE, where: "age == 50 and city == 'Wuhan'" });
    const { output } = await checked({ [CLAIMS_FILE]: few });
    expect(output.verdict).toBe("fail");
    expect(rules(output)).toContain("threshold");
  });
});

describe("what cannot be computed stays the program's own, unverified", () => {
  const MINE = "sex,units\nF,77\nM,78\n";
  const cases: [string, string][] = [
    ["no JSON", "t.csv is a table\n"],
    ["no claim", line("t.csv", { kind: "table", rows: ["sex"], sql: "SELECT 1" })],
    ["another dataset", line("t.csv", TABLE, { dataset: "other" })],
    ["an unknown column", line("t.csv", { kind: "table", rows: ["salary"] })],
    ["the column that the grant drops", line("t.csv", { kind: "table", rows: ["city"] })],
    ["a condition that is none", line("t.csv", { ...TABLE, where: "__import__('os')" })],
    ["a syntax that is none", line("t.csv", TABLE, { syntax: "sql" })],
    ["a nest", `{"output":"t.csv","claim":${"[".repeat(100_000)}${"]".repeat(100_000)}}\n`],
  ];
  test.each(cases)("%s", async (name, claims) => {
    await study({ constraints: { drop_columns: ["city"] } });
    const { output, text } = await checked({ "t.csv": MINE, [CLAIMS_FILE]: claims });
    expect(text).toBe(MINE);
    expect(output.evidence).toBe("unverified");
    expect(rules(output)).toContain("unverified");
    if (name !== "no JSON") {
      const said = output.findings.find(({ rule }) => rule === "not_recomputed");
      expect(said?.verdict).toBe("review");
      expect(said?.message).not.toMatch(/salary|city|__import__/);
    }
  });

  test("claims beyond what is read are not taken by control", async () => {
    await study();
    const job = await submit(f, { outputs: ["t.csv"] });
    const over = " ".repeat(MAX_CLAIMS_BYTES + 1);
    await expect(finish(f, claim(f), {}, { "t.csv": MINE, [CLAIMS_FILE]: over })).rejects.toMatchObject({
      code: "too_large",
    });
    expect(trueState(f, job.id)).toBe("running");
  });

  test("a worker that could not take them says so, and the auditor reads it", async () => {
    await study();
    const refusals = [{ name: CLAIMS_FILE, reason: "not_a_file", count: 1 }];
    const { output, text } = await checked({ "t.csv": MINE }, {}, { refusals });
    expect([text, output.evidence]).toEqual([MINE, "unverified"]);
    expect(rules(output)).toContain("not_recomputed");
  });

  test("more than is let out, and an engine that fails time after time", async () => {
    await study({}, { maxChecks: 2 });
    const wide = {
      kind: "table",
      rows: ["id"],
      columns: ["age"],
      values: "age",
      agg: ["sum", "mean", "min"],
    };
    const large = await checked({
      "t.csv": MINE,
      [CLAIMS_FILE]: line("t.csv", { ...wide, rows: ["id", "age"] }),
    });
    expect([large.text, large.output.evidence]).toEqual([MINE, "unverified"]);
    failing = true;
    const job = await runJob(
      f,
      { outputs: ["t.csv"] },
      {},
      { "t.csv": MINE, [CLAIMS_FILE]: line("t.csv", TABLE) },
    );
    expect(trueState(f, job.id)).toBe("checking");
    f.clock.advance(60_000);
    await f.jobs.tick();
    await f.jobs.idle();
    expect(trueState(f, job.id)).toBe("held");
    const seen = f.jobs.outputs(f.auditor, job.id) as OutputView[];
    expect(seen.find(({ name }) => name === "t.csv")).toMatchObject({ evidence: "unverified" });
  });
});

test("a claim that takes longer than is waited for leaves the program's file, and the check goes on", async () => {
  await study({}, { claimsMs: 300 });
  hanging = true;
  const { output, text } = await checked({ "t.csv": OWN, [CLAIMS_FILE]: line("t.csv", TABLE) });
  expect([text, output.evidence]).toEqual([OWN, "unverified"]);
  expect(output.findings.find(({ rule }) => rule === "not_recomputed")?.message).toContain("longer");
});

describe("a claim that stood in the job", () => {
  const declared = { claims: { "t.csv": { ...TABLE, where: "age >= 60" } } };
  const count = (sex: string) => ROWS.filter((row) => row.sex === sex && row.age >= 60).length;
  const ours = `sex,units\nF,${count("F")}\nM,${count("M")}\n`;

  test("is verified whatever the program wrote, and whatever it claimed", async () => {
    await study();
    const written: Record<string, string>[] = [{}, { "t.csv": ours, [CLAIMS_FILE]: line("t.csv", TABLE) }];
    for (const files of written) {
      const { output, text } = await checked(files, declared);
      expect([text, output.evidence, output.verdict]).toEqual([ours, "verified", "pass"]);
    }
    const lied = await checked({ "t.csv": OWN }, declared);
    expect([lied.text, lied.output.evidence, lied.output.verdict]).toEqual([ours, "verified", "review"]);
  });

  test("is kept of no job that did not end well", async () => {
    await study();
    const { output } = await checked({ "t.csv": ours }, declared, { exit_code: 1 });
    expect(output).toMatchObject({ bytes: 0, evidence: "unverified" });
  });

  test("is refused at its submission where it cannot be computed or names no output", async () => {
    await study();
    const refused = (claims: object) => expect(submit(f, { outputs: ["t.csv"], claims })).rejects;
    await refused({ "t.csv": { kind: "table", rows: ["salary"] } }).toMatchObject({ code: "invalid_input" });
    await refused({ "u.csv": TABLE }).toMatchObject({ code: "invalid_input" });
  });

  test("is part of the spec in its typed form, and a job without claims has the spec that it always had", async () => {
    await study();
    const one = await submit(f, { outputs: ["t.csv"], ...declared });
    expect(one.spec.claims).toMatchObject({ "t.csv": { version: 1, dataset: "study" } });
    const plain = await submit(f, { outputs: ["t.csv"] });
    expect(plain.spec).not.toHaveProperty("claims");
  });
});

describe("names that are the node's own", () => {
  test("cannot be declared as outputs", async () => {
    await study();
    for (const name of [CLAIMS_FILE, ".GLOVEBOX.x"])
      await expect(submit(f, { outputs: [name] })).rejects.toMatchObject({ code: "invalid_input" });
  });
});
