/** A table that fails its check, and the safe version of it that is released: over HTTP and at the command line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import { verifyBundle } from "../../src/airlock/index.js";
import { Terminal } from "../cli/fixture.js";
import {
  awaitJob,
  FLCHAIN_CSV,
  type Json,
  type RunningNode,
  requestRelease,
  review,
  startNode,
  type TempDir,
  tempDir,
  type World,
  world,
} from "../harness/index.js";

type Row = Record<string, string>;
const ROWS: Row[] = parse(readFileSync(FLCHAIN_CSV, "utf8"), { columns: true });
const THRESHOLD = 10;
const CLAIM = { kind: "table", rows: ["chapter"], columns: ["sex"], margins: true };

let node: RunningNode;
let w: World;
let dir: TempDir;
let failed: string;
/** Its safe version. */
let safe: string;
beforeAll(async () => {
  dir = tempDir("safe");
  node = await startNode({ workers: 0 });
  w = await world(node);
  const spec = { kind: "table", purpose: "tests", datasets: ["flchain"], claims: { "t.csv": CLAIM } };
  failed = (await w.researcher.must("POST", "/api/v1/jobs", spec)).id;
  await awaitJob(w.researcher, failed);
}, 120_000);
afterAll(async () => {
  await node?.destroy();
  dir?.remove();
});

const outputOf = async (job: string): Promise<Json> =>
  (await w.auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`)).items[0];
const rulesOf = (output: Json, verdict: string): string[] =>
  output.findings.filter((f: Json) => f.verdict === verdict).map((f: Json) => f.rule);
const askSafe = (job: string, how: Json, name = "t.csv") =>
  w.researcher.http("POST", `/api/v1/jobs/${job}/outputs/${name}/safe`, { body: how });

const count = (chapter: string, sex: string): number =>
  new Set(
    ROWS.filter((r) => r.chapter !== "" && r.chapter !== "NA")
      .filter((r) => (chapter === "Total" || r.chapter === chapter) && (sex === "Total" || r.sex === sex))
      .map((r) => r.id),
  ).size;

describe("a table with cells that are too small", () => {
  test("fails its check", async () => {
    const output = await outputOf(failed);
    expect(output.verdict).toBe("fail");
    expect(rulesOf(output, "fail")).toContain("threshold");
  });

  test("is asked for again as a safe version in one call, which is verified and does not fail", async () => {
    const answer = await askSafe(failed, { how: "suppress" });
    expect(answer.status).toBe(202);
    safe = answer.json.id;
    const job = await awaitJob(w.researcher, safe);
    expect(job).toMatchObject({ kind: "table", state: "held", verdict: "pass" });
    expect(job.spec.claims["t.csv"].statistic.protect).toEqual({ how: "suppress" });
    const output = await outputOf(job.id);
    expect([output.verdict, output.evidence]).toEqual(["pass", "verified"]);
    expect(rulesOf(output, "fail")).toEqual([]);
    expect(rulesOf(output, "pass")).toContain("protection");
  });

  test("is released without an override, and shows every number or x, never one of few", async () => {
    const release = await requestRelease(w.researcher, safe, ["t.csv"]);
    for (const auditor of w.auditors) await review(auditor, release);
    expect(await w.researcher.must("GET", `/api/v1/releases/${release}`)).toMatchObject({
      state: "released",
    });
    const { bytes } = await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`);
    expect(verifyBundle(bytes)).toMatchObject({ ok: true, problems: [] });
    const { text } = await w.researcher.http("GET", `/api/v1/releases/${release}/files/t.csv`);
    const [header, ...rows] = parse(text) as string[][];
    expect(header).toEqual(["chapter", "F", "M", "Total"]);
    let hidden = 0;
    for (const [chapter, ...cells] of rows)
      for (const [i, cell] of cells.entries()) {
        const truth = count(chapter!, header![i + 1]!);
        if (cell === "x") hidden++;
        else {
          expect([chapter, cell]).toEqual([chapter, String(truth)]);
          expect(truth === 0 || truth >= THRESHOLD).toBe(true);
        }
      }
    expect(hidden).toBeGreaterThan(0);
    expect(hidden).toBeLessThan(rows.length * 3);
    // No line hides one number alone.
    for (const row of rows) expect(row.filter((cell) => cell === "x").length).not.toBe(1);
  });

  test("may be rounded, or have fewer cells", async () => {
    const rounded = (await askSafe(failed, { how: "round" })).json;
    expect(rounded.spec.claims["t.csv"].statistic.protect).toEqual({ how: "round", base: 5, random: false });
    const coarser = (await askSafe(failed, { how: "coarsen", drop: "sex" })).json;
    expect(coarser.spec.claims["t.csv"].statistic.columns).toEqual([]);
    const thirds = (await askSafe(failed, { how: "round", base: 3, random: true })).json;
    for (const { id } of [rounded, coarser, thirds]) await awaitJob(w.researcher, id);
    const findings = (await outputOf(rounded.id)).findings;
    expect(findings.map((f: Json) => f.rule)).toContain("protection");
    expect((await outputOf(thirds.id)).findings.map((f: Json) => f.rule)).toContain("protection");
  });

  test("is nobody else's to ask for, and of outputs that the job names alone", async () => {
    expect((await askSafe(failed, { how: "suppress" }, "other.csv")).status).toBe(404);
    const path = `/api/v1/jobs/${failed}/outputs/t.csv/safe`;
    expect((await w.owner.http("POST", path, { body: { how: "suppress" } })).status).toBe(403);
    expect((await askSafe(failed, { how: "guess" })).status).toBe(422);
    expect((await askSafe(failed, { how: "coarsen", drop: "no such" })).json.errors[0].path).toBe("drop");
  });
});

describe("at the command line", () => {
  test("one command makes a held table safe; declared as safe at once, it is the same to the byte", async () => {
    const researcher = new Terminal({ GLOVEBOX_PROFILE: join(dir.path, "researcher") });
    await researcher.must("login", "--url", node.url, "--token", w.researcher.token);
    const made = await researcher.must("job", "safe", failed, "t.csv", "--how", "suppress", "--wait");
    expect(made).toMatchObject({ state: "held", verdict: "pass" });
    const asked = await researcher.must(
      ...["table", "--dataset", "flchain", "--rows", "chapter", "--cols", "sex", "--margins"],
      ...["--protect", "suppress", "--wait"],
    );
    expect(asked).toMatchObject({ state: "held", verdict: "pass" });
    expect((await outputOf(asked.id)).sha256).toBe((await outputOf(made.id)).sha256);
    const wrong = await researcher.run("job", "safe", failed, "t.csv", "--drop", "sex");
    expect(wrong.code).toBe(2);
  });
});
