/** Canonicalising what is canonical changes nothing, whatever the file was. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { PNG } from "pngjs";
import { defaultPolicy } from "../../../src/privacy/index.js";
import type { Grade } from "../../../src/vocabulary/index.js";
import { rebuild } from "../../harness/rebuild.js";
import { testSeed } from "../../harness/seed.js";

const seed = testSeed();
console.info(`idempotence: seed ${seed}`);
const runs = { seed, numRuns: Number(process.env.GLOVEBOX_TEST_RUNS ?? 400) };

const grade = fc.constantFrom<Grade>(1, 3, 4, 5);
const digits = fc.string({ unit: fc.constantFrom(..."0123456789.eE+-,; "), maxLength: 60 });
const odd = fc.string({
  unit: fc.constantFrom(
    ..."a1Z9.0e+-=@\"',\n\r\t\0 ​‮﻿\x1b[31m\u0085\u00a0\u2028\u0661\uff11\u0301\u3000\u2126\ue000".split(""),
    "😀",
    "\u{1d7d8}",
    "\u{e0041}",
  ),
  maxLength: 80,
});
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 80 }), odd, digits);

function twice(name: string, bytes: Buffer, grade: Grade) {
  const policy = defaultPolicy(grade);
  const once = rebuild(name, bytes, policy);
  if (once.canonical === undefined) {
    expect(once.findings.some((f) => f.verdict === "fail")).toBe(true);
    return undefined;
  }
  const again = rebuild(name, once.canonical, policy);
  expect(again.canonical?.toString("latin1")).toBe(once.canonical.toString("latin1"));
  expect(again.sha256).toBe(once.sha256);
  expect(
    again.findings.filter((f) => ["rounding", "invisible_text", "hidden_content"].includes(f.rule)),
  ).toEqual([]);
  expect(again.table).toEqual(once.table);
  return once;
}

describe("canonical forms are fixed points", () => {
  test("of text, logs and Markdown", () => {
    fc.assert(
      fc.property(text, grade, (s, g) => void twice("a.log", Buffer.from(s), g)),
      runs,
    );
  });

  test("of tables", () => {
    const quoted = (s: string) => `"${s.replaceAll('"', '""')}"`;
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((columns) =>
        fc.array(fc.array(text, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 6 }),
      );
    fc.assert(
      fc.property(table, grade, (rows, g) => {
        const csv = rows.map((r) => r.map(quoted).join(",")).join("\r\n");
        twice("a.csv", Buffer.from(csv), g);
      }),
      runs,
    );
  });

  test("of anything that parses as a table", () => {
    fc.assert(
      fc.property(text, grade, (s, g) => void twice("a.csv", Buffer.from(s), g)),
      runs,
    );
  });

  test("of JSON documents", () => {
    const value = fc.jsonValue({ stringUnit: "binary", maxDepth: 4 });
    fc.assert(
      fc.property(value, grade, (v, g) => {
        const once = twice("a.json", Buffer.from(JSON.stringify(v)), g);
        if (once?.canonical !== undefined) JSON.parse(once.canonical.toString("utf8"));
      }),
      runs,
    );
  });

  test("of pictures", () => {
    const picture = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .chain(([width, height]) =>
        fc
          .uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 })
          .map((data) => ({ width, height, data })),
      );
    fc.assert(
      fc.property(picture, fc.constantFrom(0, 2, 4, 6), ({ width, height, data }, colorType) => {
        const png = new PNG({ width, height });
        png.data = Buffer.from(data);
        const once = twice("a.png", PNG.sync.write(png, { colorType: colorType as 0 | 2 | 4 | 6 }), 3);
        expect(once).toBeDefined();
      }),
      { seed, numRuns: 150 },
    );
  });
});
