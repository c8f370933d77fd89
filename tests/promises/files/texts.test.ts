/** Promise 3, tables, documents and logs: hostile ones are refused or made harmless, in bounded time. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { defaultPolicy } from "../../../src/privacy/index.js";
import { rebuild } from "../../harness/rebuild.js";

const policy = defaultPolicy(3);
const rulesOf = (name: string, content: string | Buffer) => {
  const got = rebuild(name, Buffer.from(content as string), policy);
  return { got, rules: got.findings.map((f) => `${f.rule}:${f.verdict}`) };
};

describe("files that would exhaust their reader are refused in seconds", () => {
  const million = 1_000_000;
  test.each<[string, string, () => string | Buffer, string]>([
    ["a table of a million columns", "t.csv", () => Array(million).fill("x").join(","), "limits"],
    ["a table of a million rows", "t.csv", () => "n\n".repeat(million), "limits"],
    ["a table of more than a million cells", "t.csv", () => `${"1,".repeat(999)}1\n`.repeat(1100), "limits"],
    ["a cell of a million characters", "t.csv", () => `n\n${"x".repeat(million)}`, "limits"],
    ["a quote that never closes", "t.csv", () => `n\n"${"x\n".repeat(million)}`, "unreadable"],
    ["brackets a million deep", "t.json", () => "[".repeat(million), "limits"],
    ["objects a million deep", "t.json", () => '{"a":'.repeat(million), "limits"],
    ["a million values", "t.json", () => `[${"0,".repeat(million)}0]`, "limits"],
    ["an exponent beyond reason", "t.json", () => "1e999999999", "unreadable"],
    ["more bytes than allowed", "t.log", () => Buffer.alloc(policy.max_output_bytes + 1, 97), "limits"],
    ["a number of ten million digits", "t.json", () => `[1.${"7".repeat(10_000_000)}]`, "limits"],
    ["a number of ten million digits in a cell", "t.csv", () => `n\n${"7".repeat(10_000_000)}`, "limits"],
    ["a digit run of ten million", "t.log", () => "7".repeat(10_000_000), "limits"],
    ["zeros and points by the million", "t.log", () => `${"0.".repeat(5_000_000)}1`, "limits"],
    ["a sparse file of NULs", "t.txt", () => Buffer.alloc(policy.max_output_bytes), "unreadable"],
  ])("%s", (_, name, content, rule) => {
    const bytes = content();
    const start = performance.now();
    const { got, rules } = rulesOf(name, bytes);
    expect(rules).toEqual([`${rule}:fail`]);
    expect(got.canonical).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test.each<[string, string, () => string]>([
    ["numbers as long as they may be", "t.json", () => `[1.${"7".repeat(65_000)},2.${"7".repeat(65_000)}]`],
    ["digit runs as long as they may be", "t.log", () => `${"7".repeat(65_000)} `.repeat(200)],
    ["zeros and points as many as may be", "t.log", () => `${"0.".repeat(32_000)}1 `.repeat(200)],
    ["blanks by the million before a letter", "t.log", () => `a${" ".repeat(10_000_000)}b`],
    ["escape sequences that never end", "t.log", () => "\x1b[".repeat(3_000_000)],
    ["one escape sequence of ten million characters", "t.log", () => `\x1b[${"0;".repeat(5_000_000)}`],
    ["combining marks by the million", "t.txt", () => `a${"\u0301\u0316".repeat(1_000_000)}`],
    ["half-open markup by the million", "t.md", () => "![".repeat(4_000_000)],
  ])("%s takes linear time", (_, name, content) => {
    const text = content();
    const start = performance.now();
    const { got } = rulesOf(name, text);
    expect(got.canonical).toBeDefined();
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe("what is of another kind than its name is refused", () => {
  test.each<[string, string, Buffer]>([
    ["gzip named .csv", "t.csv", gzipSync("a,b\n1,2\n")],
    [
      "a pickle named .txt",
      "t.txt",
      Buffer.from("80049512000000000000008c05706f736978948c0673797374656d9493942e", "hex"),
    ],
    ["a zip named .json", "t.json", Buffer.from("504b0304140000000800", "hex")],
    ["a parquet file named .csv", "t.csv", Buffer.from("PAR1\x15\x04")],
    ["a NumPy array named .log", "t.log", Buffer.from("\x93NUMPY\x01\x00", "latin1")],
    ["JSON named .csv", "t.csv", Buffer.from('{"rows":[[1,2,3]]}')],
    ["a picture named .md", "t.md", Buffer.from("\x89PNG\r\n\x1a\n", "latin1")],
  ])("%s", (_, name, bytes) => {
    expect(rulesOf(name, bytes).rules).toEqual(["media_type:fail"]);
  });

  test.each(["model.pkl", "x.zip", "x.tar.gz", "x.npy", "x.xlsx", "x", ".csv.exe"])("%s", (name) => {
    expect(rulesOf(name, "a,b\n1,2\n").rules).toEqual(["media_type:fail"]);
  });
});

describe("what a reader cannot see does not leave", () => {
  test("identifiers in zero-width bits, tags, variation selectors and trailing blanks", () => {
    const bits = [...Buffer.from("patient 4711")].flatMap((b) => [...b.toString(2).padStart(8, "0")]);
    const zero = bits.map((b) => (b === "1" ? "\u200b" : "\u2060")).join("");
    const tags = [..."patient 4711"].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join("");
    const selectors = [...Buffer.from("4711")].map((b) => String.fromCodePoint(0xe0100 + b)).join("");
    const blanks = bits.map((b) => (b === "1" ? "\t" : " ")).join("");
    const { got, rules } = rulesOf("stdout.log", `ok${zero}\nok${tags}\nok${selectors}\nok${blanks}\n\n\n`);
    expect(got.canonical?.toString()).toBe("ok\nok\nok\nok\n");
    expect(rules).toContain("invisible_text:review");
  });

  test("low-order digits of every number, in all types", () => {
    const secret = "0.12345678987654321";
    for (const [name, content] of [
      ["t.csv", `k,v\na,${secret}\nid ${secret},1\n`],
      ["t.json", `{"k":${secret},"s":"${secret}","${secret}":1}`],
      ["t.log", `value=${secret};\nx${secret}y\n`],
    ] as const) {
      const text = rulesOf(name, content).got.canonical!.toString();
      expect(text).toContain("0.12345679");
      expect(text).not.toMatch(/\d{10}/);
    }
  });

  test("bits told by letters that look like Latin ones are for people, in all types that show text", () => {
    const word = "B\u0430nd \u0391ge p\u03bf";
    for (const [name, content] of [
      ["t.csv", `k,n\n${word},20\n`],
      ["t.json", `{"${word}":1}`],
      ["t.md", `# ${word}\n`],
      ["t.html", `<!DOCTYPE html><p>${word}</p>`],
      ["t.svg", `<svg xmlns="http://www.w3.org/2000/svg"><text x="1" y="1">${word}</text></svg>`],
    ] as const)
      expect(rulesOf(name, content).rules).toContain("mixed_scripts:review");
  });

  test("text of several scripts, each word of one, is honest; so are letters of formulas", () => {
    for (const text of [
      "мужчины FLC",
      "κ/λ μg βhat Δage χ2 σ_y",
      "尿酸UA 患者A组",
      "ΜΑΡΙΑ Maria",
      "naïve Žižek",
    ])
      expect(rulesOf("t.md", `${text}\n`).rules).not.toContain("mixed_scripts:review");
  });

  test("the spelling of numbers, order of keys, white space, quotes and line ends", () => {
    const forms = ["1.50", "+1.5", "15e-1", "0.15E1", "1.5000", "01.5"];
    const csv = forms.map((f) => rulesOf("t.csv", `"k" , v\r\na,"${f}"\r\n`).got.sha256);
    expect(new Set(csv).size).toBe(1);
    const json = ['{"a":1,"b":[2]}', '{ "b" : [2.0],\n"a":1e0 }', '{"\\u0062":[2],"a":10e-1}'];
    expect(new Set(json.map((j) => rulesOf("t.json", j).got.sha256)).size).toBe(1);
  });
});

test("a capacity is stated for every file, and never exceeds its length", () => {
  for (const [name, content] of [
    ["t.csv", "k,n\na,20\n"],
    ["t.json", '{"a":1}'],
    ["t.log", "x".repeat(10_000)],
  ] as const) {
    const { got } = rulesOf(name, content);
    const finding = got.findings.find((f) => f.rule === "capacity");
    expect(finding?.message).toMatch(/^Could hold at most [\d.]+ (B|kB|MB)\.$/);
    expect(got.capacity_bytes).toBeLessThanOrEqual(got.bytes);
  }
  expect(rulesOf("t.log", "x".repeat(10_000)).got.capacity_bytes).toBeLessThan(50);
});

test("no finding of a refused file holds a piece of it", () => {
  const canary = "CANARY4711";
  for (const [name, content] of [
    ["t.csv", `a,b\n1,"${canary}\n`],
    ["t.csv", `${canary},b\n1\n`],
    ["t.json", `{"${canary}":1,"${canary}":2}`],
    ["t.json", `{"a":${canary}}`],
    ["t.txt", `${canary}\0`],
  ] as const)
    expect(JSON.stringify(rulesOf(name, content).got.findings)).not.toContain(canary);
});
