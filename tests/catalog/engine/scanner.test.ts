import { describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { findDelimiter } from "../../../src/catalog/engine/process/import/dialect.js";
import { Lines } from "../../../src/catalog/engine/process/import/lines.js";
import { Missing } from "../../../src/catalog/engine/process/import/missing.js";
import { Scanner } from "../../../src/catalog/engine/process/import/scanner.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";

const field = fc.string({
  unit: fc.constantFrom("a", "é", "中", "😀", ",", '"', "\n", " ", ";", "0"),
  maxLength: 6,
});
const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** All that the scanner makes of bytes that come in pieces of `size`. */
function run(content: Buffer, size: number): { scanner: Scanner; out: string } {
  const scanner = new Scanner({ delimiter: ",", quote: '"', missing: new Missing(["", "NA"]), header: true });
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += size)
    pieces.push(Buffer.from(scanner.push(content.subarray(at, at + size))));
  pieces.push(Buffer.from(scanner.end()));
  return { scanner, out: Buffer.concat(pieces).toString("utf8") };
}

describe("the scanner", () => {
  test("reads what another RFC 4180 parser reads, however it is cut, quoted and ended", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }).chain((width) =>
          fc.array(fc.array(fc.tuple(field, fc.boolean()), { minLength: width, maxLength: width }), {
            minLength: 1,
            maxLength: 6,
          }),
        ),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        (rows, size, newline, last) => {
          const write = ([text, always]: [string, boolean]) =>
            always || /[",\n\r]/.test(text) ? quote(text) : text;
          const width = rows[0]!.length;
          const header = Array.from({ length: width }, (_, i) => `h${i}`).join(",");
          const body = rows.map((row) => row.map(write).join(",")).join(newline);
          const { scanner, out } = run(Buffer.from(`${header}${newline}${body}${last ? newline : ""}`), size);
          expect(scanner.header).toEqual(header.split(","));
          expect(scanner.records).toBe(rows.length);
          const expected = rows.map((row, i) => [String(i), ...row.map(([text]) => text)]);
          expect(parse(out)).toEqual(expected);
        },
      ),
      { seed: testSeed(), numRuns: 400 },
    );
  });

  test("takes any bytes and refuses only with a line", () => {
    const junk = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", "\0", "b"), maxLength: 40 });
    fc.assert(
      fc.property(junk, fc.integer({ min: 1, max: 5 }), (text, size) => {
        try {
          const { scanner, out } = run(Buffer.from(text), size);
          const rows: string[][] = parse(out);
          expect(rows.length).toBe(scanner.records);
          expect(rows.every((row) => row.length === scanner.header!.length + 1)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(GloveboxError);
          expect((error as GloveboxError).params.detail).toMatch(/^(line \d+|content): /);
        }
      }),
      { seed: testSeed(), numRuns: 1500 },
    );
  });
});

test("texts are called numbers only where each is one that DuckDB reads as it stands", () => {
  const text = fc.string({
    unit: fc.constantFrom("0", "1", "9", ".", "-", "e", " "),
    minLength: 1,
    maxLength: 6,
  });
  let [numbers, wholes] = [0, 0];
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), (texts) => {
      const { scanner } = run(Buffer.from(`a,b\n${texts.map((t) => `${t},x\n`).join("")}`), 1000);
      const { whole, numeric } = scanner.column(0);
      if (numeric)
        expect(texts.every((t) => /^-?(?:(?:0|[1-9]\d*)\.?|(?:0|[1-9]\d*)?\.\d+)$/.test(t))).toBe(true);
      if (whole) expect(texts.map((t) => String(BigInt(t)))).toEqual(texts);
      [numbers, wholes] = [numbers + Number(numeric), wholes + Number(whole)];
    }),
    { seed: testSeed(), numRuns: 5000 },
  );
  expect([numbers > 50, wholes > 50]).toEqual([true, true]);
});

describe("lines", () => {
  test("are known for every record, across blank lines and line breaks in cells", () => {
    const { scanner } = run(Buffer.from('a,b\n1,2\n\n\n"x\ny",2\n3,4\n'), 3);
    expect([0, 1, 2].map((record) => scanner.lines.place(record))).toEqual(["line 2", "line 5", "line 7"]);
  });
  test("cost nothing where they follow each other", () => {
    const lines = new Lines();
    for (let i = 0; i < 1_000_000; i++) lines.note(i, i + 2);
    expect(lines.line(999_999)).toBe(1_000_001);
  });
});

describe("the delimiter", () => {
  test.each([
    ["a,b\n1,2\n", ","],
    ["a;b;c\n1,0;2,0;3,0\n", ";"],
    ["a\tb\n1,2,3\t4\n", "\t"],
    ["name|note\nx|a, b, c\ny|d\n", "|"],
    ['"a,b";c\n"1,2";3\n', ";"],
    ["just one column\n1\n", ","],
    ["a b\n", ","],
  ])("of %j is %j", (text, expected) => {
    expect(findDelimiter(Buffer.from(text), true)).toBe(expected);
  });
});
