import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { assertOutputNames, MAX_OUTPUTS, outputNameProblem } from "../../src/sandbox/index.js";

describe("names of outputs", () => {
  test.each([
    "model.json",
    "table 1.csv",
    "图表.png",
    "-x",
    ".hidden",
    "a".repeat(255),
    "Ünïcode.txt".normalize("NFC"),
  ])("%s is fine", (name) => expect(outputNameProblem(name)).toBeUndefined());

  test.each([
    "",
    ".",
    "..",
    "a/b",
    "/a",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\tb",
    "\x1b[2J",
    "a\u202eb",
    "a\u200bb",
    "\ufeffa",
    "a\u2028b",
    "e\u0301.csv",
    " a",
    "a ",
    "\ud800",
    "a".repeat(256),
    "图".repeat(86),
    "stdout.log",
    "STDERR.LOG",
  ])("%j is refused", (name) => expect(outputNameProblem(name)).toEqual(expect.any(String)));

  test("an accepted name is one component of a path, and shows as what it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (name) => {
        if (outputNameProblem(name) !== undefined) return;
        expect(name).not.toMatch(/[/\\\p{C}]/u);
        expect([".", "..", ""]).not.toContain(name);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
        expect(Buffer.from(name, "utf8").toString("utf8")).toBe(name);
      }),
    );
  });

  test("twins and too many are refused together, naming the place and not the name", () => {
    const thrown = (names: string[]): unknown => {
      try {
        assertOutputNames(names);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    expect(thrown(["a.csv", "b.csv"])).toBeUndefined();
    expect(thrown(["a.csv", "A.csv"])).toMatchObject({
      code: "invalid_input",
      params: { errors: [{ path: "outputs[1]" }] },
    });
    expect(thrown(Array.from({ length: MAX_OUTPUTS + 1 }, (_, i) => `f${i}`))).toMatchObject({
      code: "invalid_input",
    });
  });
});
