/** `run` sends what was said, and a job's sheet says what its reader may do next. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Context } from "../../src/cli/command.js";
import { type Job, jobSheet, outputTable } from "../../src/cli/job-view.js";
import { glovebox } from "./fixture.js";

const JOB: Job = {
  id: "job_1",
  kind: "table",
  mode: "real",
  state: "ended",
  datasets: ["flchain"],
  principal: "lin",
  purpose: "study",
  created_at: "2026-11-24T10:00:00Z",
  signals: { bits: 11, left: null },
};

describe("glovebox run --claim", () => {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-run-"));
  const at = (name: string) => join(folder, name);
  const bodies: unknown[] = [];
  let server: Server;
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      bodies.push(await json(request));
      response.setHeader("content-type", "application/json");
      response.statusCode = 202;
      response.end(JSON.stringify(JOB));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    writeFileSync(at("fit.py"), "print(1)\n");
    writeFileSync(at("a.json"), JSON.stringify({ "t1.csv": { kind: "table", rows: ["sex"] } }));
    writeFileSync(at("b.json"), JSON.stringify({ "m.json": { kind: "regression", family: "ols" } }));
    writeFileSync(at("list.json"), "[1]");
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  const run = (...words: string[]) =>
    glovebox(["run", "--dataset", "flchain", "--purpose", "study", ...words], {
      GLOVEBOX_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      GLOVEBOX_TOKEN: "token",
    });

  test("declares outputs before the program runs: they need not be named twice", async () => {
    const { code, stderr } = await run(
      "--out",
      "x.json",
      "t1.csv",
      "--claim",
      at("a.json"),
      "--claim",
      at("b.json"),
      at("fit.py"),
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(bodies.at(-1)).toMatchObject({
      outputs: ["x.json", "t1.csv", "m.json"],
      claims: { "t1.csv": { kind: "table", rows: ["sex"] }, "m.json": { kind: "regression", family: "ols" } },
      command: ["python3", "fit.py"],
    });
  });

  test("sends none where none is made, and says what is wrong with a file that is none", async () => {
    expect((await run("--out", "x.json", "--", at("fit.py"))).code).toBe(0);
    expect(bodies.at(-1)).not.toHaveProperty("claims");
    const { code, stderr } = await run("--claim", at("list.json"), "--", at("fit.py"));
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("is no JSON object of outputs and their claims"),
    ]);
  });
});

describe("what fails its check", () => {
  const inLanguage = (language: Context["language"]) =>
    ({ language, say: (en: string, zh: string) => (language === "zh" ? zh : en) }) as Context;

  test("comes with how to ask for a safe version of it, in both languages", () => {
    const failed = { ...JOB, verdict: "fail" };
    expect(jobSheet(inLanguage("en"), failed)).toContain("glovebox job safe job_1 FILE");
    expect(jobSheet(inLanguage("zh"), failed)).toContain("表格可申请安全版本：glovebox job safe job_1 文件");
    expect(jobSheet(inLanguage("en"), { ...JOB, verdict: "review" })).not.toContain("job safe");
  });

  test("in a rehearsal as well, of tables that the node computed", () => {
    const output = { id: "out_1", name: "t.csv", media_type: "text/csv", verdict: "fail" };
    const finding = { rule: "threshold", verdict: "fail", message: "too few", message_zh: "单元过少" };
    const shown = (evidence: string, language: Context["language"]) =>
      outputTable(inLanguage(language), [{ ...output, evidence, findings: [finding] }]);
    expect(shown("verified", "en")).toContain("t.csv can be had in a safe version");
    expect(shown("unverified", "en")).not.toContain("safe version");
    expect(shown("recomputed", "zh")).toContain("t.csv: fail threshold: 单元过少");
  });
});
