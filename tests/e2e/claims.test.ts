/**
 * Claims from inside the container: a researcher's program calls the helper library, and the node computes the same again.
 * What goes out is the node's, byte for byte what an honest program wrote, and never what a lying one did.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { verifyBundle } from "../../src/airlock/index.js";
import {
  awaitJob,
  type Json,
  type RunningNode,
  requestRelease,
  review,
  sandboxJob,
  startNode,
  submitJob,
  type World,
  world,
} from "../harness/index.js";
import { unzip } from "./reference.js";

let node: RunningNode;
let w: World;
beforeAll(async () => {
  node = await startNode();
  w = await world(node);
}, 120_000);
afterAll(() => node?.destroy());

/** Asked for once the job's end shows to whoever submitted it. */
async function requested(job: string, names: string[]): Promise<string> {
  await awaitJob(w.researcher, job);
  return requestRelease(w.researcher, job, names);
}

const finding = (output: Json, rule: string): Json => output.findings.find((f: Json) => f.rule === rule);

/** The outputs of a program, by name, as an auditor sees them. */
async function held(
  program: string,
  outputs: string[],
  more: Json = {},
): Promise<{ job: string; seen: Map<string, Json> }> {
  const job = await submitJob(w.researcher, sandboxJob(program, outputs, more));
  await awaitJob(w.auditors[0], job, ["held", "failed"]);
  const { items } = await w.auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`);
  return { job, seen: new Map(items.map((item: Json) => [item.name, item])) };
}

const VERBS = `
import glovebox
d = glovebox.dataset("flchain")
old = d.where("age >= 60")
old.crosstab(["flc.grp"], ["sex"], output="crosstab.csv", margins=True)
d.crosstab(["chapter"], ["sex"], values="kappa", aggfunc="mean", output="means.csv")
d.pivot_table(["kappa", "lambda"], "sex", "mgus", aggfunc=["mean", "std", "median", "sum", "var"], output="pivot.csv")
d.table(["sex", {"value": "age", "edges": [50, 65, 80, 102]}], ["death"], values="creatinine", agg=["count", "min", "max"],
        margins="all", missing="group", output="table.csv")
old.where("sex == 'F' or kappa > 2").describe(["age", "kappa", "kappa + \`lambda\`"], by="death", output="describe.csv")
d.describe(["age", "creatinine"], output="whole.csv")
d.hist("kappa", bins=[0, 0.5, 1, 2.5, 30], closed="right", output="hist.csv")
d.where("chapter.notnull() and not (creatinine > 1.2)").table("chapter", "\`flc.grp\`", missing="group", output="some.csv")
`;
const VERB_FILES = [
  "crosstab.csv",
  "means.csv",
  "pivot.csv",
  "table.csv",
  "describe.csv",
  "whole.csv",
  "hist.csv",
  "some.csv",
];

describe("an honest program", () => {
  let job: string;
  let seen: Map<string, Json>;

  test("has every table recomputed, and each is byte for byte what it wrote", async () => {
    ({ job, seen } = await held(VERBS, VERB_FILES));
    for (const name of VERB_FILES) {
      expect([name, seen.get(name)?.evidence]).toEqual([name, "recomputed"]);
      expect([name, finding(seen.get(name), "differs")]).toEqual([name, undefined]);
      expect(seen.get(name)).toMatchObject({ shows: expect.any(String), claim: { version: 1 } });
      expect(finding(seen.get(name), "claimed").message).toMatch(/could hold at most \d+ B \(\d+ bits\)/);
    }
    expect(seen.get("crosstab.csv")?.shows).toBe("units by flc.grp across sex, totals, where age >= 60");
    // It said nothing, and what it claimed is no output.
    expect([...seen.keys()].sort()).toEqual([...VERB_FILES, "stderr.log", "stdout.log"].sort());
    expect(seen.get("stderr.log")?.bytes).toBe(0);
  });

  test("has it released by two people, in a bundle that says how it was made", async () => {
    const release = await requested(job, ["crosstab.csv"]);
    for (const auditor of w.auditors) await review(auditor, release);
    const { bytes } = await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`);
    expect(verifyBundle(bytes)).toMatchObject({ ok: true, problems: [] });
    const files = unzip(bytes);
    expect(files.get("outputs/crosstab.csv")?.toString()).toMatch(/^flc.grp,F,M,Total\n1,\d+,\d+,\d+\n/);
    const { outputs } = JSON.parse(files.get("findings.json")!.toString());
    expect(outputs["crosstab.csv"]).toMatchObject({
      evidence: "recomputed",
      claim: { dataset: "flchain", statistic: { kind: "table", margins: true } },
    });
  });
});

describe("a lying program", () => {
  const LIES = `
import glovebox, json
d = glovebox.dataset("flchain")
d.crosstab(["flc.grp"], ["sex"], output="t.csv")
text = open("/out/t.csv").read()
open("/out/t.csv", "w").write(text.replace("\\n1,", "\\n1,4", 1))
d.crosstab("sex", output="other.csv")
open("/out/other.csv", "w").write("name,count\\nAlice,100\\nBob,200\\n")
`;
  test("does not get its numbers out, and the auditor is told which they are", async () => {
    const { job, seen } = await held(LIES, ["t.csv", "other.csv"]);
    expect(finding(seen.get("t.csv"), "differs")).toMatchObject({ verdict: "review", cells: [["1", "F"]] });
    expect(finding(seen.get("other.csv"), "differs").message).toContain("another table");
    const release = await requested(job, ["t.csv", "other.csv"]);
    const file = async (name: string) =>
      (await w.auditors[0].http("GET", `/api/v1/releases/${release}/files/${name}`)).text;
    expect(await file("other.csv")).toBe("sex,units\nF,4350\nM,3524\n");
    const rows = (await file("t.csv")).split("\n");
    expect(Number(rows[1]!.split(",")[1])).toBeLessThan(1_000);
  });
});

describe("what stands in the place of claims and is none", () => {
  const program = (place: string) => `
import glovebox, os
d = glovebox.dataset("flchain")
d.crosstab("sex", output="t.csv")
os.remove("/out/.glovebox.claims")
${place}
`;
  test.each([
    ["a link", 'os.symlink("/data/flchain.csv", "/out/.glovebox.claims")'],
    ["too much", 'open("/out/.glovebox.claims", "w").write("x" * 300_000)'],
  ])("%s is not read, and leaves the program's file unverified", async (_what, place) => {
    const { seen } = await held(program(place), ["t.csv"]);
    expect(seen.get("t.csv")).toMatchObject({ evidence: "unverified" });
    expect(finding(seen.get("t.csv"), "not_recomputed").verdict).toBe("review");
    expect([...seen.keys()].sort()).toEqual(["stderr.log", "stdout.log", "t.csv"]);
  });
});

describe("models and curves", () => {
  const program = `
import glovebox, json
d = glovebox.dataset("flchain")
m = d.logit("death ~ age + C(sex) + kappa", output="logit.json")
d.where("age >= 60").ols("kappa ~ age + C(sex) + creatinine", output="ols.json")
d.poisson("death ~ age + kappa", output="poisson.json")
d.cox("Surv(futime, death) ~ age + C(sex) + kappa", output="cox.json")
d.survival("futime", "death", by="sex", output="km.csv")
lie = d.logit("death ~ age + kappa", output="lie.json")
document = json.load(open("/out/lie.json"))
document["coefficients"][1]["estimate"] += 0.001
json.dump(document, open("/out/lie.json", "w"))
print(type(m).__name__)
`;
  test("are fitted again by the node; a nudged coefficient does not get out, and is told of", async () => {
    const files = ["logit.json", "ols.json", "poisson.json", "cox.json", "km.csv", "lie.json"];
    const { job, seen } = await held(program, files);
    for (const name of files) expect([name, seen.get(name)?.evidence]).toEqual([name, "recomputed"]);
    for (const name of files.slice(0, -1))
      expect([name, finding(seen.get(name), "differs")]).toEqual([name, undefined]);
    expect(finding(seen.get("lie.json"), "differs").cells).toEqual([["age", "estimate"]]);
    const release = await requested(job, files);
    const { text } = await w.auditors[0].http("GET", `/api/v1/releases/${release}/files/lie.json`);
    const { coefficients } = JSON.parse(text);
    expect(coefficients.find((c: Json) => c.name === "age").estimate).toBeCloseTo(0.12804036, 7);
  });
});

describe("a rehearsal", () => {
  test("shows the node's own table and findings at once, and the helper said the same before", async () => {
    const program = `
import glovebox, json
d = glovebox.dataset("flchain")
made = {
  "t.csv": d.crosstab(["age"], ["sex"], output="t.csv"),
  "means.csv": d.crosstab("sex", "mgus", values="kappa", aggfunc=["mean", "median"], output="means.csv"),
  "few.csv": d.where("age < 53").pivot_table("creatinine", "\`flc.grp\`", "sex", aggfunc=["sum", "max"], output="few.csv"),
}
print(json.dumps({name: sorted({rule for rule, _, _ in t.attrs["glovebox"]["findings"]}) for name, t in made.items()}))
`;
    const names = ["t.csv", "means.csv", "few.csv"];
    const job = await submitJob(w.researcher, sandboxJob(program, names, { mode: "dry_run" }));
    const view = await awaitJob(w.researcher, job, ["done", "failed"]);
    expect(view).toMatchObject({ state: "done", verdict: "fail" });
    const { items } = await w.researcher.must("GET", `/api/v1/jobs/${job}/outputs`);
    const table = items.find(({ name }: Json) => name === "t.csv");
    expect(table).toMatchObject({ evidence: "recomputed", verdict: "fail" });
    expect(finding(table, "threshold").verdict).toBe("fail");
    expect(finding(table, "differs")).toBeUndefined();
    const read = async (name: string) =>
      (await w.researcher.http("GET", `/api/v1/jobs/${job}/outputs/${name}`)).text;
    expect(await read("t.csv")).toMatch(/^age,F,M\n/);
    const said = JSON.parse(await read("stdout.log"));
    for (const name of names) {
      const output = items.find((item: Json) => item.name === name);
      const both = ["threshold", "dominance", "p_ratio", "single_value"];
      const node = both.filter((rule) => finding(output, rule)?.verdict === "fail");
      expect([name, said[name].filter((rule: string) => both.includes(rule)).sort()]).toEqual([
        name,
        node.sort(),
      ]);
    }
    expect(await read("stderr.log")).toContain("glovebox: t.csv: fail (threshold): fewer than 10 units in");
  });
});
