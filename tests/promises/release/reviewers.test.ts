/** Promise 3: what a program produced goes past two people, neither the requester nor each other nor the admin's. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Actor, Role } from "../../../src/vocabulary/index.js";
import {
  type AirlockFixture,
  airlockFixture,
  bundleOf,
  idsOf,
  type Reviewer,
  request,
  review,
  reviewBy,
  signed,
  submitted,
} from "../../airlock/fixture.js";
import { DAY, datasetIn, give, outcome, outcomeOf } from "../../catalog/fixture.js";
import { claim, finish, submit } from "../../jobs/fixture.js";

let f: AirlockFixture;
beforeAll(async () => {
  f = await airlockFixture();
});
afterAll(() => f.end());

const stateOf = (id: string) => f.airlock.get(f.researcher, id).state;
/** A vote on the files as they are, whether or not this person may see their hashes. */
function voteOf(who: Reviewer, id: string, comment: string) {
  const files = Object.fromEntries(
    f.airlock
      .get(f.researcher, id)
      .files.map(({ name }) => [name, { sha256: f.outputs.get(name)!.sha256, vote: "approved" as const }]),
  );
  const votes = { files, decision: "approve" as const, comment };
  return { ...votes, signature: signed(who, id, votes) };
}
const tries = (who: Reviewer, id: string) => outcomeOf(f.airlock.review(who, id, voteOf(who, id, who.name)));

describe("nobody but two named, uninvolved auditors lets anything out", () => {
  test("one reviewer is not two, however often", async () => {
    const { id } = submitted(f);
    await review(f, f.first, id);
    expect(await tries(f.first, id)).toBe("state_conflict");
    expect(stateOf(id)).toBe("partially_reviewed");
    expect(outcome(() => f.airlock.bundle(f.first, id))).toBe("state_conflict");
  });

  test("an auditor whom nobody named for this data does not know of it", async () => {
    const { id } = submitted(f);
    expect(await tries(f.unnamed, id)).toBe("not_found");
    expect(outcome(() => f.airlock.file(f.unnamed, id, "t1.csv"))).toBe("not_found");
  });

  test("the admin, even with every role, does not", async () => {
    const roles: Role[] = ["admin", "owner", "auditor", "operator", "researcher"];
    const admin = f.reviewer("super", roles);
    const { id } = submitted(f);
    expect(await tries(admin, id)).toBe("not_found");
    expect(outcome(() => f.airlock.get(f.admin, id))).toBe("not_found");
    expect(outcome(() => f.airlock.file(f.admin, id, "t1.csv"))).toBe("not_found");
    // Nor can the admin name auditors.
    const named = () => f.catalog.datasets.patch(f.admin, "study", { auditors: ["super"] });
    expect(["forbidden", "not_found"]).toContain(outcome(named));
  });

  test("the requester who is an auditor of the data does not, nor the owner who granted", async () => {
    const both = f.reviewer("both", ["researcher", "auditor"]);
    const ownerAuditor = f.reviewer("owner-auditor", ["owner", "auditor"]);
    f.catalog.datasets.create(ownerAuditor, {
      name: "own",
      unit_column: "id",
      auditors: ["both", "first"],
      columns: ["id", "age", "city"].map((name) => ({ name, grade: 3 as const })),
    });
    await fill(ownerAuditor, "own");
    f.catalog.grants.create(ownerAuditor, {
      principal: "both",
      dataset: "own",
      purpose: "tests",
      access: "sandbox",
      expires_at: new Date(f.clock.now() + 9 * DAY).toISOString(),
    });
    const id = await ownRelease(both, ["own"]);
    // One of its two auditors is party to it: it does not even get into review.
    expect(outcome(() => f.airlock.submit(both, id))).toBe("state_conflict");
    f.catalog.datasets.patch(ownerAuditor, "own", { auditors: ["both", "first", "second"] });
    // The catalogue refuses to name the owner; here is one who got in all the same.
    const own = f.catalog.datasets.row("own").id;
    f.store.db
      .prepare("INSERT INTO dataset_auditors (dataset, principal, named_by, named_at) VALUES (?, ?, ?, 0)")
      .run(own, ownerAuditor.id, ownerAuditor.id);
    f.airlock.submit(both, id);
    const sha256 = f.jobs.heldOutputs(f.airlock.get(both, id).job).find((o) => o.name === "t.csv")!.sha256;
    for (const who of [both, ownerAuditor]) {
      const votes = {
        files: { "t.csv": { sha256, vote: "approved" as const } },
        decision: "approve" as const,
      };
      const input = { ...votes, signature: signed(who, id, votes) };
      expect(await outcomeOf(f.airlock.review(who, id, input))).toBe("forbidden");
    }
    // The requester who is an auditor too has the requester's sight: no hash, no byte.
    expect(f.airlock.get(both, id).files).toEqual([{ name: "t.csv", output: expect.any(String) }]);
    expect(outcome(() => f.airlock.file(both, id, "t.csv"))).toBe("forbidden");
  });

  test("data of two owners needs two auditors of each", async () => {
    await datasetIn(f, "published", {
      name: "left",
      auditors: ["first", "second"],
      columns: ["id", "age", "city"].map((name) => ({ name, grade: 3 as const })),
    });
    const third = f.reviewer("third");
    f.catalog.datasets.create(f.otherOwner, {
      name: "right",
      unit_column: "id",
      auditors: ["second", "third"],
      columns: ["id", "age", "city"].map((name) => ({ name, grade: 3 as const })),
    });
    await fill(f.otherOwner, "right");
    give(f, "left");
    f.catalog.grants.create(f.otherOwner, {
      principal: "researcher",
      dataset: "right",
      purpose: "tests",
      access: "sandbox",
      expires_at: new Date(f.clock.now() + 9 * DAY).toISOString(),
    });
    const id = await ownRelease(f.researcher, ["left", "right"]);
    f.airlock.submit(f.researcher, id);
    expect((await review(f, f.first, id)).state).toBe("partially_reviewed");
    expect((await review(f, f.second, id)).state).toBe("partially_reviewed");
    expect(f.airlock.get(f.researcher, id).reviews_needed).toBe(1);
    expect((await review(f, third, id)).state).toBe("released");
  });
});

async function fill(owner: Actor, name: string): Promise<void> {
  const { Readable } = await import("node:stream");
  const csv = Readable.from(["id,age,city\na1,61,Wuhan\na2,72,Chengdu\na3,55,Wuhan\n"]);
  await f.catalog.datasets.putContent(owner, name, csv, "text/csv");
  f.catalog.datasets.assess(owner, name);
  f.catalog.datasets.publish(owner, name);
}

async function ownRelease(who: Actor, datasets: string[]): Promise<string> {
  const job = await submit(f, { datasets, outputs: ["t.csv"] }, who);
  await finish(f, claim(f), {}, { "t.csv": "city,n\nWuhan,120\n" });
  await f.jobs.idle();
  f.clock.advance(DAY);
  const output = f.jobs.heldOutputs(job.id).find((o) => o.name === "t.csv")!;
  return f.airlock.create(who, { job: job.id, outputs: [output.id], justification: "tests" }).id;
}

describe("a vote counts only as it was signed", () => {
  test("a forged signature, another's key, a signature over anything else", async () => {
    const { id } = submitted(f);
    const good = reviewBy(f, f.first, id);
    const bad = {
      "random bytes": { ...good, signature: Buffer.alloc(64, 7).toString("base64") },
      "too short": { ...good, signature: "AAAA" },
      "no base64": { ...good, signature: "!" },
      "another reviewer's": { ...good, signature: signed(f.second, id, good) },
      "of another decision": { ...good, signature: signed(f.first, id, { ...good, decision: "reject" }) },
      "of other files": { ...good, signature: signed(f.first, id, { ...good, files: {} }) },
      "without the comment": { ...good, comment: "added later" },
      "without the override": { ...good, overrides: { "t1.csv": "added later" } },
      "the same with another last bit": { ...good, signature: malleated(good.signature) },
    };
    for (const [name, input] of Object.entries(bad))
      expect([name, await outcomeOf(f.airlock.review(f.first, id, input))]).toEqual([name, "invalid_input"]);
    expect(stateOf(id)).toBe("submitted");
    expect((await f.airlock.review(f.first, id, good)).state).toBe("partially_reviewed");
  });

  test("a signature for another release, or of an earlier round", async () => {
    const [a, b] = [submitted(f), submitted(f)];
    const forA = reviewBy(f, f.first, a.id);
    expect(await outcomeOf(f.airlock.review(f.first, b.id, forA))).toBe("invalid_input");
    await f.airlock.review(f.first, a.id, forA);
    await review(f, f.second, a.id, { decision: "return" });
    expect(stateOf(a.id)).toBe("returned");
    f.airlock.submit(f.researcher, a.id);
    expect(await outcomeOf(f.airlock.review(f.first, a.id, forA))).toBe("state_conflict");
    expect((await review(f, f.first, a.id, { comment: "still so" })).state).toBe("partially_reviewed");
  });

  test("a reviewer without a registered key", async () => {
    const keyless = f.person("keyless", ["auditor"]);
    const auditors = ["first", "second", "keyless"];
    f.catalog.datasets.patch(f.owner, "study", { auditors });
    const { id } = submitted(f);
    const input = reviewBy(f, { ...f.first, ...keyless }, id);
    expect(await outcomeOf(f.airlock.review(keyless, id, input))).toBe("forbidden");
    f.catalog.datasets.patch(f.owner, "study", { auditors: ["first", "second"] });
  });

  test("an auditor who was revoked or un-named between the two votes", async () => {
    const { id } = submitted(f);
    const temporary = f.reviewer("temporary");
    f.catalog.datasets.patch(f.owner, "study", { auditors: ["first", "second", "temporary"] });
    await review(f, temporary, id);
    f.catalog.datasets.patch(f.owner, "study", { auditors: ["first", "second"] });
    expect((await review(f, f.first, id)).state).toBe("partially_reviewed");
    expect((await review(f, f.second, id)).state).toBe("released");
    expect((await bundleOf(f, id)).length).toBeGreaterThan(0);
  });
});

/** S + L is another encoding of the same signature in a lax verifier. */
function malleated(signature: string): string {
  const bytes = Buffer.from(signature, "base64");
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + order;
  const high = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
  return Buffer.concat([bytes.subarray(0, 32), high]).toString("base64");
}

describe("a vote is on a file's bytes", () => {
  test("a file changed after a vote: the votes are void, and the old hash is refused", async () => {
    const { id } = submitted(f, ["t1.csv", "model.json"]);
    const late = reviewBy(f, f.second, id);
    await review(f, f.first, id);
    const [other] = idsOf(f, ["t2.csv"]);
    const changed = f.airlock.replaceFile(f.researcher, id, "t1.csv", { output: other! });
    expect([changed.state, changed.reviews_in]).toEqual(["returned", 0]);
    expect(await outcomeOf(f.airlock.review(f.second, id, late))).toBe("state_conflict");
    f.airlock.submit(f.researcher, id);
    expect(await outcomeOf(f.airlock.review(f.second, id, late))).toBe("stale");
    expect((await review(f, f.second, id)).state).toBe("partially_reviewed");
    expect((await review(f, f.first, id)).state).toBe("released");
    const { stream } = f.airlock.file(f.researcher, id, "t1.csv");
    expect(Buffer.concat((await stream.toArray()) as Buffer[]).toString()).toContain("Wuhan,60");
  });

  test("a vote on a hash that is none of the file's", async () => {
    const { id } = submitted(f, ["t1.csv"]);
    const files = { "t1.csv": { sha256: f.outputs.get("t2.csv")!.sha256, vote: "approved" as const } };
    expect(await outcomeOf(review(f, f.first, id, { files }))).toBe("stale");
  });

  test("If-Match of an earlier revision", async () => {
    const { id, rev } = submitted(f);
    const second = reviewBy(f, f.second, id);
    await f.airlock.review(f.first, id, reviewBy(f, f.first, id), rev);
    expect(await outcomeOf(f.airlock.review(f.second, id, second, rev))).toBe("stale");
  });
});

describe("what may be asked for", () => {
  test("only held outputs of one's own real job", async () => {
    const ask = (who: Actor, job: string, outputs: string[], justification = "tests") =>
      outcome(() => f.airlock.create(who, { job, outputs, justification }));
    const [t1] = idsOf(f, ["t1.csv"]) as [string];
    expect(ask(f.operator, f.job, [t1])).toBe("not_found");
    expect(ask(f.first, f.job, [t1])).toBe("forbidden");
    expect(ask(f.owner, f.job, [t1])).toBe("forbidden");
    expect(ask(f.researcher, f.job, [])).toBe("invalid_input");
    expect(ask(f.researcher, f.job, [t1, t1])).toBe("invalid_input");
    expect(ask(f.researcher, f.job, ["out_01K0000000000000000000000X"])).toBe("invalid_input");
    expect(ask(f.researcher, f.job, [t1], "  ")).toBe("invalid_input");
    const rehearsal = await submit(f, { mode: "dry_run", outputs: ["t1.csv"] });
    expect(ask(f.researcher, rehearsal.id, [t1])).toBe("state_conflict");
    f.jobs.cancel(f.researcher, rehearsal.id);
    const { id } = request(f, ["t1.csv"]);
    const [json, t1Again] = idsOf(f, ["model.json", "t1.csv"]) as [string, string];
    const put = (name: string, output: string) =>
      outcome(() => f.airlock.replaceFile(f.researcher, id, name, { output }));
    expect([put("none.csv", json), put("t1.csv", json), put("t1.csv", t1Again)]).toEqual([
      "not_found",
      "invalid_input",
      "invalid_input",
    ]);
  });
});
