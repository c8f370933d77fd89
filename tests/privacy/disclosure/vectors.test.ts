/** Every vector file under tests/vectors/canonical and tests/vectors/disclosure comes out as its header expects. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { defaultPolicy, RULES, verdictOf } from "../../../src/privacy/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { rebuild } from "../../harness/rebuild.js";

interface Vector {
  source: string;
  expect: string;
  name: string;
  input?: string;
  input_base64?: string;
  canonical?: string;
  findings?: [string, string][];
  cells?: Record<string, [string, string][]>;
  rule?: string;
}

const ROOT = join(packageRoot(), "tests/vectors");
function load(folder: string): [string, Vector][] {
  const files = readdirSync(join(ROOT, folder)).filter((f) => f.endsWith(".json"));
  return files.map((f) => [f, JSON.parse(readFileSync(join(ROOT, folder, f), "utf8")) as Vector]);
}
const bytesOf = (v: Vector) =>
  Buffer.from(v.input ?? v.input_base64!, v.input === undefined ? "base64" : "utf8");
const check = (v: Vector) => rebuild(v.name, bytesOf(v), defaultPolicy(3));

describe("canonical forms", () => {
  test.each(load("canonical/valid"))("%s", (_, v) => {
    const got = check(v);
    expect(got.canonical?.toString("utf8")).toBe(v.canonical);
    expect(got.findings.map((f) => [f.rule, f.verdict])).toEqual(v.findings);
    for (const [rule, cells] of Object.entries(v.cells ?? {}))
      expect(got.findings.find((f) => f.rule === rule)?.cells).toEqual(cells);
  });

  test.each(load("canonical/invalid"))("%s is refused", (_, v) => {
    const got = check(v);
    expect(got.canonical).toBeUndefined();
    expect(got.findings.map((f) => [f.rule, f.verdict])).toEqual([[v.rule, "fail"]]);
  });
});

describe("rules for tables", () => {
  test.each(load("disclosure/threshold"))("%s", (_, v) => {
    const judged = check(v).findings.filter((f) => ["threshold", "no_counts"].includes(f.rule));
    expect(judged.map((f) => [f.rule, f.verdict])).toEqual(v.findings);
    for (const f of judged) expect(f.cells ?? []).toEqual(v.cells?.[f.rule] ?? []);
  });
});

describe("the table of rules", () => {
  test("has unique ids, and every finding of every vector is in it with a verdict that it allows", () => {
    expect(new Set(RULES.map((r) => r.id)).size).toBe(RULES.length);
    const all = ["canonical/valid", "canonical/invalid", "disclosure/threshold"].flatMap(load);
    for (const [, v] of all) {
      for (const f of check(v).findings)
        expect(RULES.find((r) => r.id === f.rule)?.verdicts).toContain(f.verdict);
    }
  });

  test("nothing hand-written passes by itself but an empty log", () => {
    for (const [, v] of load("canonical/valid")) expect(verdictOf(check(v).findings)).not.toBe("pass");
    expect(verdictOf(rebuild("stdout.log", Buffer.alloc(0), defaultPolicy(3)).findings)).toBe("pass");
  });
});
