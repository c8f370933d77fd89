/** The command line's own decisions: which word is the script, what is signed, where a token may go, how it ends. */
import { describe, expect, test } from "@jest/globals";
import { isMet } from "../../src/cli/bench.js";
import { inside } from "../../src/cli/download.js";
import { EXIT, Failure, Refusal, tellFailure, Usage } from "../../src/cli/failure.js";
import { expiry } from "../../src/cli/grant.js";
import { statementOf } from "../../src/cli/review.js";
import { arrangeRun } from "../../src/cli/run-arguments.js";
import { languageOf, requireUrl, settingsOf } from "../../src/cli/settings.js";
import { plain, sheet, table } from "../../src/cli/terminal.js";
import { ERRORS, type ErrorCode } from "../../src/vocabulary/index.js";

describe("`run` finds its script", () => {
  const isFile = (path: string) => ["fit.py", "b.csv", "old.csv"].includes(path);

  test.each<[string, string]>([
    ["--dataset d fit.py", "--dataset d -- fit.py"],
    ["--out a.csv --wait fit.py x --y", "--out a.csv --wait -- fit.py x --y"],
    ["--out a.csv c.csv --wait fit.py", "--out a.csv --out c.csv --wait -- fit.py"],
    ["--out a.csv fit.py", "--out a.csv -- fit.py"],
    ["--out a.csv fit.py --depth 3", "--out a.csv -- fit.py --depth 3"],
    ["--out a.csv c.csv fit.py one two", "--out a.csv --out c.csv -- fit.py one two"],
    ["--out a.csv gone.py", "--out a.csv -- gone.py"],
    ["--out fit.py other.py", "--out fit.py -- other.py"],
    ["--out a.csv c.csv -- fit.py -x", "--out a.csv --out c.csv -- fit.py -x"],
    ["--out=a.csv fit.py", "--out=a.csv -- fit.py"],
    ["--claim a.json --isolation gvisor fit.py x", "--claim a.json --isolation gvisor -- fit.py x"],
    ["fit.py --json", "-- fit.py --json"],
    [
      "--json --dataset d e --image r --out t fit.py",
      "--json --dataset d --dataset e --image r --out t -- fit.py",
    ],
    ["--help", "--help"],
    ["", ""],
  ])("%s", (words, arranged) => {
    expect(arrangeRun(words.split(" ").filter(Boolean), isFile).join(" ")).toBe(arranged);
  });
});

describe("what a reviewer signs", () => {
  const seen = [
    { name: "a.csv", bytes: 3, sha256: "aa" },
    { name: "a=b", bytes: 3, sha256: "bb" },
  ];

  test("is every file by the hash that was computed here, and only what was said", () => {
    expect(statementOf("rel_1", "approve", seen, {})).toEqual({
      release: "rel_1",
      decision: "approve",
      files: { "a.csv": { sha256: "aa", vote: "approved" }, "a=b": { sha256: "bb", vote: "approved" } },
    });
  });

  test("takes votes and reasons by name, even of a name with an equals sign", () => {
    const flags = { file: ["a=b=undecided"], override: ["a.csv=seen = known"], comment: "see b" };
    expect(statementOf("rel_1", "return", seen, flags)).toEqual({
      release: "rel_1",
      decision: "return",
      comment: "see b",
      overrides: { "a.csv": "seen = known" },
      files: {
        "a.csv": { sha256: "aa", vote: "changes_requested" },
        "a=b": { sha256: "bb", vote: "undecided" },
      },
    });
  });

  test.each([["other.csv=approved"], ["a.csv"], ["a.csv=maybe"]])("refuses %s", (word) => {
    expect(() => statementOf("rel_1", "approve", seen, { file: [word] })).toThrow(Usage);
  });
});

describe("a token", () => {
  test.each([
    ["http://127.0.0.1:4100"],
    ["http://localhost:1"],
    ["http://[::1]:4100"],
    ["https://node.example"],
  ])("may go to %s", (url) => {
    expect(requireUrl(url).href).toContain(url);
  });
  test.each([
    ["http://node.example"],
    ["http://10.0.0.1:4100"],
    ["http://127.0.0.1.example"],
    ["ftp://x"],
    ["x"],
    [""],
  ])("never goes to %j", (url) => {
    expect(() => requireUrl(url)).toThrow(Usage);
  });
  test("comes from the flag before the environment", () => {
    const env = {
      GLOVEBOX_TOKEN: "from-env",
      GLOVEBOX_URL: "http://localhost:1",
      GLOVEBOX_PROFILE: "/nonexistent",
    };
    expect(settingsOf({ token: "from-flag" }, env)).toMatchObject({
      token: "from-flag",
      url: "http://localhost:1",
    });
    expect(settingsOf({}, env).token).toBe("from-env");
  });
});

describe("how a command ends", () => {
  const exits: [ErrorCode, number][] = [
    ["unauthenticated", 3],
    ["forbidden", 3],
    ["no_grant", 3],
    ["grant_expired", 3],
    ["budget_exhausted", 3],
    ["disclosure_refused", 3],
    ["isolation_unavailable", 3],
    ["not_found", 1],
    ["invalid_input", 1],
    ["state_conflict", 1],
    ["internal", 1],
  ];
  test.each(exits)("%s ends with %i", (code, exit) => {
    expect(tellFailure(new Refusal(code, {}), "en").exit).toBe(exit);
  });

  test.each(Object.keys(ERRORS) as ErrorCode[])("%s says what went wrong and what is next", (code) => {
    const told = tellFailure(new Refusal(code, { detail: "here" }), "en");
    expect(told.text).toContain(ERRORS[code].title);
    expect(told.text).toContain("here");
    expect(told.text).toContain(`Next: ${ERRORS[code].next}`);
    expect(tellFailure(new Refusal(code, {}), "zh").text).toContain(ERRORS[code].title_zh);
  });

  test("wrong usage ends with 2, and both languages have their words", () => {
    const usage = new Usage("wrong", "错误");
    expect(tellFailure(usage, "en")).toMatchObject({ exit: EXIT.usage, text: "wrong" });
    expect(tellFailure(usage, "zh").text).toBe("错误");
    expect(tellFailure(new Failure("f", "败"), "en").exit).toBe(EXIT.failed);
  });
});

describe("small decisions", () => {
  test("a file that a node names never leaves its folder", () => {
    expect(inside("/out", "a b.csv")).toBe("/out/a b.csv");
    for (const name of ["../x", "a/b", "..", ".", "", "/etc/passwd"])
      expect(() => inside("/out", name)).toThrow(Failure);
  });

  test("an expiry is days or a date", () => {
    expect(expiry("30d", 0)).toBe("1970-01-31T00:00:00.000Z");
    expect(expiry("2027-01-31", 0)).toBe("2027-01-31T00:00:00.000Z");
    expect(() => expiry("soon", 0)).toThrow(Usage);
  });

  test("the language is the flag's, then the environment's", () => {
    expect(languageOf({}, { LANG: "zh_CN.UTF-8" })).toBe("zh");
    expect(languageOf({ lang: "en" }, { LANG: "zh_CN.UTF-8" })).toBe("en");
    expect(languageOf({}, { LANG: "C", LC_ALL: "zh_TW" })).toBe("zh");
    expect(languageOf({}, {})).toBe("en");
  });

  test("what a node says cannot repaint a terminal", () => {
    expect(plain("a\u001b[2Jb\r\u202ec")).toBe("a [2Jb  c");
  });

  test("tables and sheets are plain text in columns", () => {
    const heads = [
      ["name", "名称"],
      ["n", "数"],
    ] as const;
    expect(
      table("en", heads, [
        ["a", 1],
        ["long", 22],
      ]),
    ).toBe("name  n\na     1\nlong  22");
    expect(table("zh", heads, [])).toBe("（无）");
    expect(
      sheet("en", [
        [["a", "甲"], 1],
        [["long", "长"], "x"],
        [["none", "无"], undefined],
      ]),
    ).toBe("a     1\nlong  x");
  });

  test("a benchmark is met at most or at least as asked", () => {
    const of = (ratio: number, asked?: object) => isMet({ name: "", value: 1, unit: "", ratio, asked });
    expect([
      of(1.4, { at_most: 1.5 }),
      of(1.6, { at_most: 1.5 }),
      of(0.6, { at_least: 0.5 }),
      of(0.4, { at_least: 0.5 }),
      of(1),
    ]).toEqual([true, false, true, false, undefined]);
  });
});
