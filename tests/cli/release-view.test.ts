/** How a release reads in a terminal: what needs a human first, cells with reasons in columns, also in Chinese. */
import { describe, expect, test } from "@jest/globals";
import { type Release, releaseSheet } from "../../src/cli/release-view.js";
import { columnsOf, wrap } from "../../src/cli/terminal.js";

const HASH = "ab".repeat(32);
const RELEASE: Release = {
  id: "rel_01",
  job: "job_01",
  state: "submitted",
  justification: "for the mortality report",
  created_at: "2026-11-24T08:00:00.000Z",
  room: {
    record_bytes: 133,
    job: { bytes: 1229, records: 10 },
    to_date: { bytes: 3481, records: 27, files: 5 },
  },
  files: [
    {
      name: "t1.csv",
      verdict: "pass",
      evidence: "verified",
      bytes: 812,
      sha256: HASH,
      room: { bytes: 0, records: 0 },
      findings: [
        {
          rule: "recomputed",
          verdict: "pass",
          message: "The node computed units by sex, where age >= 60: 6 cells, on 12 units or more.",
          message_zh: "节点自行计算 units，分组 sex，条件 age >= 60；共 6 个单元格，每格至少 12 个单元。",
        },
      ],
    },
    {
      name: "notes.md",
      verdict: "review",
      evidence: "unverified",
      bytes: 2100,
      sha256: HASH,
      room: { bytes: 1229, records: 10 },
      findings: [{ rule: "unverified", verdict: "review", message: "The program wrote this file." }],
    },
    {
      name: "t2.csv",
      verdict: "fail",
      evidence: "verified",
      bytes: 903,
      sha256: HASH,
      room: { bytes: 0, records: 0 },
      findings: [
        {
          rule: "dominance",
          verdict: "fail",
          message: "2 cells in which the largest units hold too much of the sum.",
          message_zh: "2 个单元格由少数单元主导。",
          cells: [
            ["F / 武汉", "sum kappa"],
            ["M / Xi'an", "sum kappa"],
          ],
          reasons: [
            {
              en: "the 2 largest of 14 units hold 93 % of it; 90 % is too much",
              zh: "14 个单元中最大的 2 个占 93 %，上限 90 %",
            },
            {
              en: "the 2 largest of 30 units hold 95 % of it; 90 % is too much",
              zh: "30 个单元中最大的 2 个占 95 %，上限 90 %",
            },
          ],
        },
      ],
    },
  ],
};

describe("a release in a terminal", () => {
  test("shows what needs a human first, which cells and why, how much it could hold, and what was verified", () => {
    expect(releaseSheet("en", RELEASE)).toBe(
      `release         rel_01
state           submitted
job             job_01
why             for the mortality report
asked           2026-11-24 08:00:00Z
job could hold  1.2 kB ≈ 10 records
to date         3.4 kB ≈ 27 records, in 5 files

file      verdict  evidence    size    could hold at most             sha256
t2.csv    fail     verified    903 B   nothing: fixed before the run  ${HASH}
notes.md  review   unverified  2.1 kB  1.2 kB ≈ 10 records            ${HASH}
t1.csv    pass     verified    812 B   nothing: fixed before the run  ${HASH}

For people to judge:
  ✗ fail  t2.csv · dominance
      2 cells in which the largest units hold too much of the sum.
        F / 武汉 | sum kappa   the 2 largest of 14 units hold 93 % of it; 90 % is too much
        M / Xi'an | sum kappa  the 2 largest of 30 units hold 95 % of it; 90 % is too much
  ? review  notes.md · unverified
      The program wrote this file.

Verified and noted:
  ✓ t1.csv: The node computed units by sex, where age >= 60: 6 cells, on 12 units or more.`,
    );
  });

  test("reads in Chinese, its reasons in one column although characters are twice as wide", () => {
    const text = releaseSheet("zh", RELEASE);
    expect(text).toContain("✗ 不通过  t2.csv · dominance\n      2 个单元格由少数单元主导。");
    const lines = text.split("\n").filter((line) => line.includes(" | "));
    const starts = lines.map((line) => columnsOf(line.slice(0, line.search(/\d+ 个单元中/))));
    expect(new Set(starts).size).toBe(1);
    expect(text).toContain("无（内容于运行前已定）");
  });

  test("no line of it is wider than asked but what cannot be broken", () => {
    for (const language of ["en", "zh"] as const)
      for (const line of releaseSheet(language, RELEASE, 60).split("\n").slice(13))
        expect(columnsOf(line)).toBeLessThanOrEqual(60);
  });

  test("control characters of a label do not reach the terminal", () => {
    const hostile = structuredClone(RELEASE);
    hostile.files[2]!.findings![0]!.cells![0] = ["\u001b[2Jgone", "\u202ex"];
    const shown = releaseSheet("en", hostile);
    for (const character of ["\u001b", "\u202e"]) expect(shown).not.toContain(character);
  });
});

test("text is broken between words, and between Chinese characters", () => {
  expect(wrap("one two three four", 20, "")).toEqual(["one two three four"]);
  expect(wrap("the node counted the units itself", 24, "  ")).toEqual([
    "  the node counted the",
    "  units itself",
  ]);
  expect(wrap("单元格的单元数大于零且少于十（由节点自行计数）。", 24).every((l) => columnsOf(l) <= 24)).toBe(
    true,
  );
});
