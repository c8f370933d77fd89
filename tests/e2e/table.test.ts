/** Declared tables of flchain, over HTTP and at the command line, against values that the test counts itself. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import { verifyBundle } from "../../src/airlock/index.js";
import { Terminal } from "../cli/fixture.js";
import {
  awaitJob,
  FLCHAIN_CSV,
  type Json,
  type Person,
  type RunningNode,
  requestRelease,
  review,
  startNode,
  type TempDir,
  tempDir,
  type World,
  world,
  worldAt,
} from "../harness/index.js";
import { logitVector, significant } from "./reference.js";

type Row = Record<string, string>;
const ROWS: Row[] = parse(readFileSync(FLCHAIN_CSV, "utf8"), { columns: true });

let node: RunningNode;
let w: World;
let dir: TempDir;
beforeAll(async () => {
  dir = tempDir("table");
  // No worker: tables need none.
  node = await startNode({ workers: 0 });
  w = await world(node);
}, 120_000);
afterAll(async () => {
  await node?.destroy();
  dir?.remove();
});

const tableJob = (claims: Json, more: Json = {}): Json => ({
  kind: "table",
  purpose: "tests",
  datasets: ["flchain"],
  claims,
  ...more,
});
async function held(claims: Json): Promise<string> {
  const { id } = await w.researcher.must("POST", "/api/v1/jobs", tableJob(claims));
  const job = await awaitJob(w.researcher, id);
  expect(job).toMatchObject({ kind: "table", state: "held" });
  return id;
}
async function fileOf(who: Person, release: string, name: string): Promise<string[][]> {
  const { text } = await who.http("GET", `/api/v1/releases/${release}/files/${name}`);
  return parse(text) as string[][];
}
const count = (keep: (r: Row) => boolean) => new Set(ROWS.filter(keep).map((r) => r.id)).size;
const numbers = (keep: (r: Row) => boolean, column: string) =>
  ROWS.filter(keep)
    .map((r) => r[column]!)
    .filter((v) => v !== "" && v !== "NA")
    .map(Number);
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("declared tables over HTTP", () => {
  let job: string;
  let release: string;

  test("counts, means and a histogram are held without any worker", async () => {
    const where = "age >= 60";
    job = await held({
      "counts.csv": { kind: "table", rows: ["flc.grp"], columns: ["sex"], margins: true, where: "age >= 60" },
      "kappa.csv": { kind: "table", rows: ["chapter"], values: "kappa", agg: ["mean", "std"], where },
      "age.csv": { kind: "histogram", value: "age", edges: [60, 70, 80, 102], where },
    });
    const { items } = await w.auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`);
    expect(items.map((o: Json) => [o.name, o.evidence])).toEqual([
      ["age.csv", "verified"],
      ["counts.csv", "verified"],
      ["kappa.csv", "verified"],
    ]);
    // Tables over the same rows are looked at together by people; that of small chapters fails by itself.
    expect(items.map((o: Json) => o.verdict)).toEqual(["review", "review", "fail"]);
    const rules = items[0].findings.filter((finding: Json) => finding.verdict === "review");
    expect(new Set(rules.map((finding: Json) => finding.rule))).toEqual(new Set(["differencing"]));
  });

  test("two people review and sign them as any output", async () => {
    release = await requestRelease(w.researcher, job, ["counts.csv", "kappa.csv", "age.csv"]);
    const overrides = { "kappa.csv": "small chapters are published in the registry's yearbook" };
    for (const auditor of w.auditors) await review(auditor, release, { overrides });
    const view = await w.researcher.must("GET", `/api/v1/releases/${release}`);
    expect(view).toMatchObject({ state: "released", approved_by: "reviewers" });
    const { bytes } = await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`);
    const verified = verifyBundle(bytes);
    expect(verified).toMatchObject({ ok: true, problems: [] });
    expect(verified.proves.join(" ")).toContain("signed an approval of exactly these files");
  });

  test("counts are what the test counts", async () => {
    const [header, ...rows] = await fileOf(w.researcher, release, "counts.csv");
    expect(header).toEqual(["flc.grp", "F", "M", "Total"]);
    expect(rows.map((r) => r[0])).toEqual([..."12345678".split(""), "9", "10", "Total"]);
    for (const [group, ...cells] of rows) {
      const within = (r: Row) => Number(r.age) >= 60 && (group === "Total" || r["flc.grp"] === group);
      const expected = ["F", "M"].map((sex) => count((r) => within(r) && r.sex === sex));
      expect([group, ...cells]).toEqual([group, ...expected.map(String), String(count(within))]);
    }
  });

  test("means and spreads are what the test computes, on the units that it counts", async () => {
    const [header, ...rows] = await fileOf(w.researcher, release, "kappa.csv");
    expect(header).toEqual(["chapter", "units", "mean kappa", "std kappa"]);
    const chapters = [
      ...new Set(
        ROWS.filter((r) => Number(r.age) >= 60)
          .map((r) => r.chapter!)
          .filter((c) => c !== "" && c !== "NA"),
      ),
    ].sort();
    expect(rows.map((r) => r[0])).toEqual(chapters);
    for (const [chapter, units, shown, spread] of rows) {
      const among = (r: Row) => r.chapter === chapter && Number(r.age) >= 60;
      const values = numbers(among, "kappa");
      const m = mean(values);
      expect(units).toBe(String(count(among)));
      expect(Number(shown)).toBe(Number(m.toPrecision(8)));
      if (values.length < 2) expect(spread).toBe("");
      else {
        const s = Math.sqrt(values.reduce((a, v) => a + (v - m) ** 2, 0) / (values.length - 1));
        expect(Number(spread) / s).toBeCloseTo(1, 6);
      }
    }
  });

  test("a histogram shows its bins", async () => {
    const [, ...rows] = await fileOf(w.researcher, release, "age.csv");
    const bins = [
      [60, 70],
      [70, 80],
      [80, 103],
    ] as const;
    const expected = bins.map(([low, high]) =>
      String(count((r) => Number(r.age) >= low && Number(r.age) < high)),
    );
    expect(rows.map((r) => r[1])).toEqual(expected);
  });

  test("all, then all but one: it fails, or goes to people, who read with which release it tells of whom", async () => {
    const among = async (where: string) => {
      const id = await held({ "t.csv": { kind: "table", rows: ["sex"], where } });
      const { verdict } = await w.researcher.must("GET", `/api/v1/jobs/${id}`);
      const { items } = await w.auditors[0].must("GET", `/api/v1/jobs/${id}/outputs`);
      const told = items[0].findings.filter((x: Json) => x.rule === "differencing" && x.verdict === "fail");
      return { verdict, told: told.map((x: Json) => `${x.audience ?? "all"}: ${x.message}`).join(" ") };
    };
    const named = await among("age >= 60 and id != 'F00003'");
    expect(named.verdict).toBe("fail");
    expect(named.told).toContain(
      "all: By their descriptions it differs from another table by fewer than 10 units",
    );
    // How many are 101 is not public: the requester is told the same whatever it is.
    expect(count((r) => r.age === "101")).toBeLessThan(10);
    const old = await among("age >= 60 and age != 101");
    expect(old.verdict).toBe("review");
    expect(old.told).toContain(`counts.csv of ${release}`);
    expect(old.told).not.toContain("all: ");
  });

  test("what is wrong with a claim is said at its place, and nothing of it is a query", async () => {
    for (const [claim, path] of [
      [{ kind: "table", where: "age >= 60; DROP TABLE data" }, "claims[t.csv].where"],
      [{ kind: "table", rows: ["no such"] }, "claims[t.csv].rows.0"],
      [{ kind: "table", where: "read_csv('/etc/passwd') = 1" }, "claims[t.csv].where"],
    ] as const) {
      const answer = await w.researcher.http("POST", "/api/v1/jobs", { body: tableJob({ "t.csv": claim }) });
      expect(answer.status).toBe(422);
      expect(answer.json.errors[0].path).toContain(path);
    }
    const shape = await w.researcher.http("POST", "/api/v1/jobs", {
      body: tableJob({ "t.csv": { kind: "pivot" } }),
    });
    expect([shape.status, shape.json.code]).toEqual([422, "invalid_input"]);
  });
});

describe("declared tables at the command line", () => {
  let owner: Terminal;
  let researcher: Terminal;
  beforeAll(async () => {
    const logIn = async (name: string, token: string) => {
      const terminal = new Terminal({ GLOVEBOX_PROFILE: join(dir.path, name) });
      await terminal.must("login", "--url", node.url, "--token", token);
      return terminal;
    };
    owner = await logIn("owner", w.owner.token);
    researcher = await logIn("researcher", w.researcher.token);
  });
  const TABLE = ["table", "--dataset", "flchain", "--rows", "flc.grp", "--cols", "sex"];

  test("a rehearsal shows the twin's table at once", async () => {
    const ran = await researcher.run(...TABLE, "--bins", "flc.grp=1,6,11", "--margins", "--dry-run");
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    expect(ran.stdout).toMatch(
      /flc\.grp,F,M,Total\n"\[1, 6\)",\d+,\d+,\d+\n"\[6, 11\]",\d+,\d+,\d+\nTotal,\d+,\d+,1000/,
    );
  });

  test("the owner signs a policy; a table that passes is then released as it is asked for", async () => {
    expect(await owner.must("dataset", "release-policy", "flchain")).toMatchObject({
      auto_release: "none",
      number: 0,
    });
    const set = await owner.must("dataset", "release-policy", "flchain", "--tables", "--max-grade", "3");
    expect(set).toMatchObject({ auto_release: "verified_tables", max_grade: 3, number: 1 });
    const job = await researcher.must(...TABLE, "--where", "age < 60", "--wait");
    expect(job).toMatchObject({ state: "held", verdict: "pass" });
    const release = await researcher.must(
      "release",
      "request",
      job.id,
      "table.csv",
      "--why",
      "for the tests",
    );
    expect(release).toMatchObject({ state: "released", approved_by: "policy", reviews: [] });
    const saved = await researcher.must("release", "download", release.id, "-o", dir.path);
    const verified = await researcher.must("verify", saved.path);
    expect(verified.ok).toBe(true);
    expect(verified.proves.join(" ")).toContain(
      "Released by the owner's recorded policy, not by two reviewers",
    );
    const [, ...rows] = await fileOf(w.researcher, release.id, "table.csv");
    for (const [group, f, m] of rows) {
      const among = (sex: string) =>
        count((r) => Number(r.age) < 60 && r["flc.grp"] === group && r.sex === sex);
      expect([group, f, m]).toEqual([group, String(among("F")), String(among("M"))]);
    }
    const bundle = readFileSync(saved.path);
    bundle[Math.floor(bundle.length / 2)]! ^= 1;
    const forged = join(dir.path, "forged.zip");
    writeFileSync(forged, bundle);
    expect((await researcher.run("verify", forged)).code).toBe(1);
  });

  test("one that shares rows with it goes to people, and one with few people fails its check", async () => {
    const other = await researcher.must(...TABLE, "--where", "age < 60 and id != 'F00003'", "--wait");
    const asked = await researcher.must(
      "release",
      "request",
      other.id,
      "table.csv",
      "--why",
      "for the tests",
    );
    expect(asked).toMatchObject({ state: "submitted", reviews_needed: 2 });
    const small = await researcher.must(...TABLE, "--where", "age >= 95", "--wait");
    expect(small).toMatchObject({ state: "held", verdict: "fail" });
  });

  test("a model is fitted without a program, reviewed, released, and holds the reference's digits", async () => {
    const formula = "death ~ sex + age + kappa + `lambda` + creatinine";
    const declared = ["model", "logit", formula, "--dataset", "flchain"];
    const rehearsed = await researcher.must(...declared, "--dry-run");
    expect(JSON.parse(rehearsed.model as string)).toMatchObject({ kind: "regression", family: "logit" });
    const job = await researcher.must(...declared, "--out", "m.json", "--wait");
    expect(job).toMatchObject({ state: "held", verdict: "review" });
    const release = await requestRelease(w.researcher, job.id, ["m.json"]);
    for (const auditor of w.auditors) await review(auditor, release);
    const { text } = await w.researcher.http("GET", `/api/v1/releases/${release}/files/m.json`);
    const model = JSON.parse(text) as {
      observations: number;
      coefficients: { name: string; estimate: number; std_error: number }[];
    };
    const reference = logitVector();
    expect(model.observations).toBe(reference.n);
    expect(model.coefficients).toHaveLength(6);
    for (const { name, estimate, std_error } of model.coefficients) {
      expect([name, estimate]).toEqual([name, significant(reference.coefficients[name]!, 8)]);
      expect([name, std_error]).toEqual([name, significant(reference.standard_errors[name]!, 8)]);
    }
    const saved = await researcher.must("release", "download", release, "-o", join(dir.path, "m.zip"));
    const verified = await researcher.must("verify", saved.path);
    expect(verified).toMatchObject({ ok: true });
  });

  test("curves show steps on enough people, and a model that singles few out fails its check", async () => {
    const curves = await researcher.must(
      ...["survival", "futime", "death", "--dataset", "flchain", "--by", "sex", "--times", "365,1825,3650"],
      "--wait",
    );
    expect(curves).toMatchObject({ state: "held", verdict: "review" });
    const few = await researcher.must(
      ...["model", "ols", "kappa ~ C(age >= 97)", "--dataset", "flchain", "--wait"],
    );
    expect(few).toMatchObject({ state: "held", verdict: "fail" });
  });

  test("wrong flags are said to be so", async () => {
    const family = await researcher.run("model", "lasso", "death ~ age", "--dataset", "flchain");
    expect([family.code, family.stderr]).toEqual([2, expect.stringContaining("ols, logit, probit, poisson")]);
    const term = await researcher.run("model", "ols", "kappa ~ splines(age)", "--dataset", "flchain");
    expect([term.code, term.stderr]).toEqual([1, expect.stringContaining("claims[model.json].formula")]);
    const times = await researcher.run(
      ...["survival", "futime", "death", "--dataset", "flchain", "--times", "a,b"],
    );
    expect(times.code).toBe(2);
    const bins = await researcher.run(...TABLE, "--bins", "age=50,60");
    expect([bins.code, bins.stderr]).toEqual([2, expect.stringContaining("name it in --rows or --cols too")]);
    const column = await researcher.run("table", "--dataset", "flchain", "--rows", "kapa");
    expect([column.code, column.stderr]).toEqual([1, expect.stringContaining("kapa")]);
  });

  test("the ledger holds, from its first entry to its last", async () => {
    const auditor = new Terminal({
      GLOVEBOX_PROFILE: join(dir.path, "auditor"),
      HOME: process.env.HOME ?? "",
    });
    await auditor.must("login", "--url", node.url, "--token", w.auditors[0].token);
    const head = await auditor.must("ledger", "head");
    expect(head.size).toBeGreaterThan(20);
    const audit = await auditor.run("ledger", "audit", "--data-dir", node.dataDir, "--json");
    expect([audit.code, audit.stdout.slice(0, 200)]).toEqual([0, expect.stringContaining('"ok":true')]);
  });
});

test("a node that is killed while it computes a table ends with one set of outputs", async () => {
  const claims = {
    "t1.csv": { kind: "table", rows: ["sex"] },
    "t2.csv": { kind: "table", rows: ["flc.grp"] },
  };
  const { id } = await w.researcher.must("POST", "/api/v1/jobs", tableJob(claims));
  await node.kill9();
  node = await node.restart();
  w = worldAt(w, node);
  expect(await awaitJob(w.auditors[0], id, ["held", "failed"])).toMatchObject({ state: "held" });
  const { items } = await w.auditors[0].must("GET", `/api/v1/jobs/${id}/outputs`);
  expect(items.map((o: Json) => [o.name, o.evidence, o.verdict])).toEqual([
    ["t1.csv", "verified", "review"],
    ["t2.csv", "verified", "review"],
  ]);
});
