/** What `glovebox collab stat` sends for its flags: one statistic at a time, whole, and nothing that says nothing of it. */
import { describe, expect, test } from "@jest/globals";
import { type StatFlags, statOf } from "../../src/cli/collab-stat.js";

describe("one statistic", () => {
  test("a table unless a flag names something else", () => {
    expect(statOf({ rows: ["sex"] })).toMatchObject({ kind: "table", rows: ["sex"] });
    expect(statOf({ model: "logit", formula: "y ~ x", where: "x > 1" })).toEqual({
      kind: "regression",
      family: "logit",
      formula: "y ~ x",
      where: "x > 1",
    });
  });

  test("curves, or their test by one flag more", () => {
    const flags = { survival: "t", event: "e", by: ["g"], times: "1,2" };
    const asked = { time: "t", event: "e", by: ["g"], times: ["1", "2"] };
    expect(statOf(flags)).toEqual({ kind: "survival", ...asked });
    expect(statOf({ ...flags, logrank: true })).toEqual({ kind: "logrank", ...asked });
  });
});

test("what is missing, foreign or two at once is said with its flag", () => {
  const wrong: [StatFlags, RegExp][] = [
    [{ model: "logit" }, /--formula/],
    [{ survival: "t", event: "e" }, /--times/],
    [{ model: "logit", formula: "y ~ x", rows: ["sex"] }, /--rows/],
    [{ rows: ["sex"], logrank: true }, /--logrank/],
    [{ model: "logit", formula: "y ~ x", survival: "t" }, /two statistics/],
    [{ model: "tree", formula: "y ~ x" }, /no family/],
  ];
  for (const [flags, said] of wrong) expect(() => statOf(flags)).toThrow(said);
});
