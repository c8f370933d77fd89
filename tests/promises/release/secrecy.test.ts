/** Promise 1 at the airlock: before a release its requester learns nothing of it, and reviewers nothing of each other. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { RULES } from "../../../src/privacy/index.js";
import { type AirlockFixture, airlockFixture, review, submitted } from "../../airlock/fixture.js";
import { outcome, outcomeOf } from "../../catalog/fixture.js";

let f: AirlockFixture;
beforeAll(async () => {
  f = await airlockFixture({ "t1.csv": "city,n\nWuhan,120\n", "small.csv": "city,n\nWuhan,2\n" });
});
afterAll(() => f.end());

describe("the requester", () => {
  test("sees ids and names, no hash, verdict, size or byte, in every state before it is released", async () => {
    const bare = [{ name: "t1.csv", output: f.outputs.get("t1.csv")!.id }];
    const { id } = submitted(f, ["t1.csv"]);
    const hidden = () => {
      expect(f.airlock.get(f.researcher, id).files).toEqual(bare);
      expect(f.airlock.list(f.researcher).items.find((r) => r.id === id)!.files).toEqual(bare);
      expect(outcome(() => f.airlock.file(f.researcher, id, "t1.csv"))).toBe("forbidden");
      expect(outcome(() => f.airlock.bundle(f.researcher, id))).toBe("state_conflict");
    };
    hidden();
    await review(f, f.first, id, { decision: "return" });
    hidden();
    await review(f, f.second, id);
    hidden();
    f.airlock.submit(f.researcher, id);
    await review(f, f.first, id, { decision: "reject" });
    await review(f, f.second, id, { decision: "reject" });
    hidden();
  });

  test("finds no hash of a held output in the entries whose actor they are", async () => {
    const { id } = submitted(f, ["t1.csv"]);
    await review(f, f.first, id);
    const hashes = [...f.outputs.values()].map((o) => o.sha256);
    const own = f.ledger
      .entries(0, f.ledger.size())
      .filter((row) => row.actor === f.researcher.id || row.subject === f.researcher.id);
    expect(own.map((row) => row.kind)).toContain("release.submitted");
    for (const row of own)
      for (const hash of hashes) expect(JSON.stringify(f.ledger.opening(row.seq))).not.toContain(hash);
  });

  test("after the release sees of the findings which rules spoke, in words that no program can choose", async () => {
    const { id } = submitted(f, ["small.csv"]);
    const overrides = { "small.csv": "hospitals" };
    await review(f, f.first, id, { overrides });
    await review(f, f.second, id, { overrides });
    const [file] = f.airlock.get(f.researcher, id).files;
    const [theirs] = f.airlock.get(f.first, id).files;
    expect(file).toMatchObject({ sha256: f.outputs.get("small.csv")!.sha256, verdict: "fail" });
    const sentences = new Set(RULES.map((r) => r.sentence));
    expect(file!.findings!.length).toBeGreaterThan(0);
    for (const finding of file!.findings!) {
      expect(Object.keys(finding).sort()).toEqual(["message", "rule", "verdict"]);
      expect(sentences).toContain(finding.message);
    }
    expect(JSON.stringify(theirs!.findings)).toContain("cells");
  });
});

describe("a reviewer", () => {
  test("sees nothing of the other's vote until both are in, not even in the ledger", async () => {
    const { id } = submitted(f, ["t1.csv"]);
    await review(f, f.first, id, { decision: "reject", comment: "smallcells" });
    for (const who of [f.second, f.researcher, f.owner]) {
      const view = f.airlock.get(who, id);
      expect([view.reviews_in, view.reviews]).toEqual([1, []]);
      expect(JSON.stringify(view)).not.toContain("smallcells");
    }
    expect(f.airlock.get(f.first, id).reviews).toMatchObject([{ reviewer: "first", decision: "reject" }]);
    const [entry] = f.ledger.about(id).filter((row) => row.kind === "release.reviewed");
    const opened = JSON.stringify(f.ledger.opening(entry!.seq));
    for (const word of ["reject", "changes_requested", "smallcells"]) expect(opened).not.toContain(word);
    await review(f, f.second, id);
    expect(f.airlock.get(f.second, id).reviews.map((r) => r.decision)).toEqual(["reject", "approve"]);
  });

  test("does not see a vote that was void before it was complete", async () => {
    const { id } = submitted(f, ["t1.csv"]);
    await review(f, f.first, id, { decision: "reject", comment: "secretly" });
    const other = f.outputs.get("small.csv")!.id;
    expect(f.airlock.replaceFile(f.researcher, id, "t1.csv", { output: other }).state).toBe("returned");
    f.airlock.submit(f.researcher, id);
    expect(JSON.stringify(f.airlock.get(f.second, id))).not.toContain("secretly");
  });

  test("keeps their words sealed in the database", async () => {
    const { id } = submitted(f, ["t1.csv"]);
    await review(f, f.first, id, { comment: "xyzzy-plugh" });
    const rows = f.store.db.prepare("SELECT * FROM reviews WHERE release = ?").all(id) as object[];
    expect(JSON.stringify(rows)).not.toContain("xyzzy");
  });
});

describe("an output whose check failed", () => {
  test("goes out only with a written reason by both, which the bundle shows", async () => {
    expect(f.outputs.get("small.csv")!.verdict).toBe("fail");
    const { id } = submitted(f, ["small.csv"]);
    expect(await outcomeOf(review(f, f.first, id))).toBe("disclosure_refused");
    await review(f, f.first, id, { overrides: { "small.csv": "hospitals, not people" } });
    expect(await outcomeOf(review(f, f.second, id))).toBe("disclosure_refused");
    expect(f.airlock.get(f.researcher, id).state).toBe("partially_reviewed");
    await review(f, f.second, id, { overrides: { "small.csv": "agreed" } });
    const { stream } = f.airlock.bundle(f.researcher, id);
    const bundle = Buffer.concat((await stream.toArray()) as Buffer[]).toString("latin1");
    expect(bundle).toContain("hospitals, not people");
    expect(bundle).toContain("agreed");
  });
});
