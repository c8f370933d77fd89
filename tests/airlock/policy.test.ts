import { describe, expect, test } from "@jest/globals";
import type { Release, ReleaseDataset, Review } from "../../src/airlock/index.js";
import {
  barredFrom,
  checkReview,
  completesReview,
  outcomeOf,
  requireReviewers,
  reviewsNeeded,
} from "../../src/airlock/policy.js";
import type { Actor, PrincipalId } from "../../src/vocabulary/index.js";

const p = (name: string) => name as PrincipalId;
const data = (name: string, owner: string, auditors: string[], grantedBy = owner): ReleaseDataset => ({
  dataset: name as ReleaseDataset["dataset"],
  name,
  owner: p(owner),
  auditors: auditors.map(p),
  grant: `grant-${name}` as ReleaseDataset["grant"],
  granted_by: p(grantedBy),
});
const release = (datasets: ReleaseDataset[], reviewers: string[] = []): Release => ({
  id: "rel" as Release["id"],
  job: "job" as Release["job"],
  principal: p("requester"),
  author: p("author"),
  justification: "",
  state: "submitted",
  round: 3,
  files: [],
  datasets,
  reviews: [
    { reviewer: p("a"), round: 2 } as Review,
    ...reviewers.map((r) => ({ reviewer: p(r), round: 3 }) as Review),
  ],
  created_at: 0,
  submitted_at: 0,
  released_at: null,
  rev: 1,
});
const auditor = (name: string): Pick<Actor, "id" | "roles"> => ({ id: p(name), roles: ["auditor"] });

describe("who may review", () => {
  const r = release([data("d", "owner", ["a", "b", "requester", "author", "giver"], "giver")]);
  test.each([
    ["a named auditor", auditor("a"), undefined],
    [
      "one without the role",
      { id: p("a"), roles: ["researcher", "admin", "owner"] as const },
      /only an auditor/,
    ],
    ["the requester", auditor("requester"), /own release/],
    ["the job's author", auditor("author"), /author/],
    ["who granted the access", auditor("giver"), /granted/],
    ["an auditor of other data", auditor("c"), /named you/],
  ])("%s", (_name, who, says) => {
    if (says === undefined) expect(barredFrom(who, r)).toBeUndefined();
    else expect(barredFrom(who, r)).toMatch(says);
  });

  test("a release that too few may review is not submitted", () => {
    expect(() => requireReviewers(release([data("d", "owner", ["a", "b"])]))).not.toThrow();
    for (const auditors of [[], ["a"], ["a", "owner"], ["a", "requester"], ["a", "author"]])
      expect(() => requireReviewers(release([data("d", "owner", auditors)]))).toThrow(
        expect.objectContaining({ code: "state_conflict" }),
      );
  });
});

describe("when a round is full", () => {
  const one = [data("d", "owner", ["a", "b", "c"])];
  const two = [data("d", "o1", ["a", "b"]), data("e", "o2", ["b", "c", "d"])];

  test("two reviews of one dataset", () => {
    expect(completesReview(release(one), p("a"))).toBe(false);
    expect(completesReview(release(one, ["a"]), p("b"))).toBe(true);
    expect([reviewsNeeded(release(one)), reviewsNeeded(release(one, ["a"]))]).toEqual([2, 1]);
  });

  test("two for each owner's data; one auditor of both counts for both", () => {
    expect(completesReview(release(two, ["a"]), p("b"))).toBe(false);
    expect(completesReview(release(two, ["a", "b"]), p("c"))).toBe(true);
    expect(completesReview(release(two, ["c", "d", "a"]), p("b"))).toBe(true);
  });

  test("one does not review twice, nor where one's data has its two reviews", () => {
    expect(() => completesReview(release(one, ["a"]), p("a"))).toThrow("already");
    expect(() => completesReview(release(two, ["c", "d"]), p("d"))).toThrow("already");
    expect(() => completesReview(release(two, ["b", "d"]), p("c"))).toThrow("have their two reviews");
  });

  test("a vote of one who is no auditor of the data any more does not count", () => {
    expect(reviewsNeeded(release([data("d", "owner", ["b", "c"])], ["a", "b"]))).toBe(1);
  });

  test("only agreement decides", () => {
    expect(outcomeOf(["approve", "approve"])).toBe("approve");
    expect(outcomeOf(["reject", "reject", "reject"])).toBe("reject");
    for (const mixed of [["approve", "reject"], ["approve", "return"], ["return", "return"], []] as const)
      expect(outcomeOf(mixed)).toBe("return");
  });
});

describe("what a review must say", () => {
  const files = [
    { name: "a", sha256: "1", verdict: "pass" as const },
    { name: "b", sha256: "2", verdict: "fail" as const },
  ];
  const vote = (sha256: string, v: "approved" | "undecided" = "approved") => ({ sha256, vote: v });
  const both = { a: vote("1"), b: vote("2") };
  const approve = "approve" as const;
  test.each([
    [
      "all files, with a reason for the failed one",
      { files: both, decision: approve, overrides: { b: "known" } },
      "ok",
    ],
    ["no reason for the failed one", { files: both, decision: approve }, "disclosure_refused"],
    ["a reason of blanks", { files: both, decision: approve, overrides: { b: " " } }, "disclosure_refused"],
    ["a reason for another", { files: both, decision: approve, overrides: { a: "x" } }, "disclosure_refused"],
    ["a file missing", { files: { a: vote("1") }, decision: approve }, "invalid_input"],
    ["a file too many", { files: { ...both, c: vote("3") }, decision: approve }, "invalid_input"],
    ["an override of no file", { files: both, decision: approve, overrides: { c: "x" } }, "invalid_input"],
    ["another hash", { files: { ...both, a: vote("9") }, decision: approve }, "stale"],
    [
      "an undecided file",
      { files: { ...both, a: vote("1", "undecided") }, decision: approve },
      "invalid_input",
    ],
    [
      "an undecided file, returned",
      { files: { ...both, a: vote("1", "undecided") }, decision: "return" as const },
      "ok",
    ],
    ["a rejection without reasons", { files: both, decision: "reject" as const }, "ok"],
    [
      "a rejection of another hash",
      { files: { ...both, b: vote("1") }, decision: "reject" as const },
      "stale",
    ],
    ["an inherited name for a file", { files: Object.create(both), decision: approve }, "invalid_input"],
  ])("%s", (_name, input, code) => {
    const check = () => checkReview(input, files);
    if (code === "ok") expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code }));
  });
});
