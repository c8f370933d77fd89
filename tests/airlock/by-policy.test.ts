/** Releases by the owner's signed policy: what goes out without people, what does not, and what the bundle says of it. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { relateClaims } from "../../src/airlock/by-policy/bars.js";
import {
  type Airlock,
  createAirlock,
  type PolicyInput,
  type PolicyStatement,
  policyBytes,
  type ReleaseView,
  verifyBundle,
} from "../../src/airlock/index.js";
import { checkChain, type Links } from "../../src/airlock/verify/chain.js";
import { readBundle } from "../../src/airlock/verify/files.js";
import { checkPolicies } from "../../src/airlock/verify/policies.js";
import { Report } from "../../src/airlock/verify/report.js";
import { createEngine, type Engine } from "../../src/catalog/index.js";
import { nodeCrypto } from "../../src/ledger/index.js";
import { claimFromWritten, columnsOf, writtenClaim } from "../../src/privacy/index.js";
import type { Actor } from "../../src/vocabulary/index.js";
import { DAY, datasetIn, give, put } from "../catalog/fixture.js";
import { type JobsFixture, jobsFixture } from "../jobs/fixture.js";

const ROWS = Array.from({ length: 240 }, (_, i) => [
  `unit-${1000 + i}`,
  50 + (i % 40),
  i % 2 === 0 ? "F" : "M",
  Math.floor(i / 2) % 2,
]);
const csvOf = (rows: unknown[][]) => `id,age,sex,dead\n${rows.map((r) => r.join(",")).join("\n")}\n`;
const TABLE = { kind: "table", rows: ["sex"], columns: ["dead"] };
const among = (where: string) => ({ ...TABLE, where });

let engine: Engine;
beforeAll(() => {
  engine = createEngine();
});
afterAll(() => engine.close());

interface Fixture extends JobsFixture<Engine> {
  airlock: Airlock;
  keys: JobsFixture["keys"];
  ownerKey: KeyObject;
  ownerPublic: string;
}
let f: Fixture;
afterEach(() => f.end());

const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey,
    raw: publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64"),
  };
};

async function study(dataset = {}, rows: unknown[][] = ROWS, grant = {}): Promise<string> {
  const base = jobsFixture({}, engine);
  const { privateKey, raw } = keyPair();
  base.catalog.principals.setKey(base.owner, raw);
  f = { ...base, airlock: createAirlock(base), ownerKey: privateKey, ownerPublic: raw };
  await datasetIn(
    f,
    "published",
    { name: "study", auditors: ["auditor", "stranger"], ...dataset },
    csvOf(rows),
  );
  return give(f, "study", grant).id;
}

function signed(
  statement: Omit<PolicyStatement, "dataset">,
  key = f.ownerKey,
  dataset?: string,
): PolicyInput {
  const bytes = policyBytes({ ...statement, dataset: dataset ?? f.catalog.datasets.row("study").id });
  return { ...statement, signature: sign(null, bytes, key).toString("base64") };
}
const policy = (more: Partial<Omit<PolicyStatement, "dataset">> = {}) =>
  f.airlock.setPolicy(
    f.owner,
    "study",
    signed({ auto_release: "verified_tables", max_grade: 3, number: 1, ...more }),
  );

async function table(claims: Record<string, object>, actor: Actor = f.researcher): Promise<string> {
  f.clock.advance(1);
  const job = await f.jobs.submit(actor, {
    kind: "table",
    purpose: "mortality by age",
    datasets: ["study"],
    claims,
  });
  await f.jobs.idle();
  f.clock.advance(DAY / 24);
  return job.id;
}
function request(job: string, names = ["t1.csv"], actor: Actor = f.researcher): ReleaseView {
  const release = f.airlock.create(actor, { job, outputs: names, justification: "for the report" });
  return f.airlock.submit(actor, release.id);
}
const ask = async (claim: object, actor: Actor = f.researcher): Promise<ReleaseView> =>
  request(await table({ "t1.csv": claim }, actor), ["t1.csv"], actor);
async function bundleOf(id: string): Promise<Buffer> {
  await f.airlock.completed(f.researcher, id);
  return Buffer.concat((await f.airlock.bundle(f.researcher, id).stream.toArray()) as Buffer[]);
}
const entries = (kind: string) =>
  f.ledger
    .entries(0, f.ledger.size())
    .flatMap((r) => (r.kind === kind ? [f.ledger.opening(r.seq).data] : []));
const because = () => entries("release.sent_to_people").at(-1)?.because;

describe("by an owner's policy", () => {
  test("nothing goes out where the owner said nothing", async () => {
    await study();
    expect(await ask(TABLE)).toMatchObject({ state: "submitted", reviews_needed: 2 });
    expect(entries("release.sent_to_people")).toEqual([]);
  });

  test("a model whose checks passed goes to people all the same: the policy speaks of tables", async () => {
    await study();
    policy();
    const model = { kind: "regression", family: "ols", formula: "age ~ dead", where: "age < 70" };
    const release = request(await table({ "m.json": model }), ["m.json"]);
    expect(release).toMatchObject({ state: "submitted", reviews_needed: 2 });
    expect(because()).toContain("model");
  });

  test("what went out of a job of another kind is held against a table as well", async () => {
    await study();
    policy();
    const first = await ask({ kind: "table", rows: ["sex"] });
    expect(first.state).toBe("approved");
    // As if a program had claimed it.
    f.store.db.prepare("UPDATE jobs SET kind = 'sandbox'").run();
    expect(await ask({ kind: "table", rows: ["dead"] })).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["overlap"]);
  });

  test("a table whose checks passed is released at its submission, and the bundle says by what", async () => {
    await study();
    expect(policy()).toMatchObject({ auto_release: "verified_tables", max_grade: 3, number: 1 });
    const release = await ask(TABLE);
    expect(release).toMatchObject({
      state: "approved",
      approved_by: "policy",
      reviews: [],
      reviews_needed: 0,
    });
    const bundle = await bundleOf(release.id);
    expect(f.airlock.get(f.researcher, release.id)).toMatchObject({
      state: "released",
      approved_by: "policy",
    });
    const { ok, proves, not_proven } = verifyBundle(bundle, {
      origin: f.ledger.origin,
      key: f.ledger.publicKey,
    });
    expect(ok).toBe(true);
    expect(proves.join(" ")).toContain(
      `Released by the owner's recorded policy, not by two reviewers: the holder of the key ${f.ownerPublic} (owner) signed`,
    );
    expect(proves.join(" ")).not.toContain("signed an approval");
    expect(not_proven).toContain("That a person looked at these files: by this policy none had to.");
    const [approved] = entries("release.approved");
    expect(approved).toMatchObject({ reviews: [], decisions: [], policies: [expect.any(Number)] });
    expect(f.airlock.get(f.auditor, release.id).files[0]).toMatchObject({
      evidence: "verified",
      verdict: "pass",
    });
  });

  test("what it says is signed by the owner, for this dataset, with the next number", async () => {
    await study();
    const said = { auto_release: "verified_tables", max_grade: 3, number: 1 } as const;
    const other = keyPair();
    const set =
      (input: PolicyInput, actor: Actor = f.owner) =>
      () =>
        f.airlock.setPolicy(actor, "study", input);
    const code = (c: string) => expect.objectContaining({ code: c });
    expect(set(signed(said, other.privateKey))).toThrow(code("invalid_input"));
    expect(set(signed(said, f.ownerKey, "dst_01ARZ3NDEKTSV4RRFFQ69G5FAV"))).toThrow(code("invalid_input"));
    expect(set({ ...signed(said), max_grade: 4 })).toThrow(code("invalid_input"));
    expect(set(signed({ ...said, number: 2 }))).toThrow(code("stale"));
    for (const actor of [f.otherOwner, f.admin, f.auditor, f.researcher])
      expect(set(signed(said), actor)).toThrow(code("forbidden"));
    const first = signed(said);
    set(first)();
    set(signed({ ...said, auto_release: "none", number: 2 }))();
    // The one that was taken back cannot be set again.
    expect(set(first)).toThrow(code("stale"));
    expect(f.airlock.policy(f.researcher, "study")).toMatchObject({ auto_release: "none", number: 2 });
    expect(await ask(TABLE)).toMatchObject({ state: "submitted" });
  });

  test("only numbers on enough units go out: small cells, extremes and one-sided lines go to people", async () => {
    await study();
    policy();
    for (const claim of [
      among("age < 51"),
      { kind: "table", rows: ["sex"], values: "age", agg: "max" },
      { kind: "table", rows: ["sex"], columns: ["dead"], where: "sex == 'F'" },
      { kind: "table", rows: ["id"] },
    ]) {
      expect(await ask(claim)).toMatchObject({ state: "submitted" });
      expect(because()).toContain("verdict");
    }
  });

  test("one bad table in the job keeps its good ones back: else their way out would tell of the bad one", async () => {
    await study();
    policy();
    const job = await table({ "t1.csv": TABLE, "t2.csv": among("age < 51") });
    expect(request(job)).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["verdict"]);
  });

  test("a verdict that the signals did not show does not show by the way that a table takes", async () => {
    await study({}, ROWS, { signal_bits: 6 });
    policy();
    const job = await table({ "t1.csv": TABLE });
    expect(f.jobs.get(f.researcher, job).verdict).toBeUndefined();
    expect(request(job)).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["verdict"]);
  });

  test("not above the grade that was signed, not with several rows a unit, not while suspended or without a grant", async () => {
    await study();
    policy({ max_grade: 2 });
    expect(await ask(TABLE)).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["no_policy"]);
    policy({ number: 2 });
    const job = await table({ "t1.csv": TABLE });
    const second = await table({ "t1.csv": among("age >= 60") });
    f.catalog.datasets.suspend(f.owner, "study");
    expect(request(job)).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["dataset"]);
    f.catalog.datasets.publish(f.owner, "study");
    f.catalog.grants.revoke(f.owner, f.catalog.grants.list(f.owner).items[0]!.id);
    expect(request(second)).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["dataset"]);
    await f.end();
    await study({ max_rows_per_unit: 2 });
    policy();
    expect(await ask(TABLE)).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["rows"]);
  });
});

describe("what two tables could tell together does not go out without people", () => {
  test("all, then all but one: in two jobs, by two people, in one job", async () => {
    await study();
    give(f, "study", { principal: "operator" });
    policy();
    expect(await ask(TABLE)).toMatchObject({ state: "approved" });
    for (const actor of [f.researcher, f.operator]) {
      expect(await ask(among("id != 'unit-1007'"), actor)).toMatchObject({ state: "submitted" });
      expect(because()).toEqual(["verdict", "overlap"]);
    }
    await f.end();
    await study();
    policy();
    const job = await table({ "t1.csv": TABLE, "t2.csv": among("id != 'unit-1007'") });
    expect(request(job, ["t1.csv", "t2.csv"])).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["verdict", "overlap"]);
  });

  test("other groups over the same rows, and the same table of another version", async () => {
    await study();
    policy();
    const first = { kind: "histogram", value: "age", edges: [50, 70, 90] };
    expect(await ask(first)).toMatchObject({ state: "approved" });
    expect(await ask({ ...first, edges: [50, 71, 90] })).toMatchObject({ state: "submitted" });
    expect(await ask(first)).toMatchObject({ state: "approved" });
    await put(f, "study", csvOf(ROWS.slice(1)));
    expect(await ask(first)).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["verdict", "overlap"]);
  });

  test("but tables over provably other rows do, and so does one that went out before", async () => {
    await study();
    policy();
    for (const where of ["age < 70", "age >= 70", "age < 70"])
      expect(await ask(among(where))).toMatchObject({ state: "approved" });
    expect(await ask(among("age < 71"))).toMatchObject({ state: "submitted" });
  });

  test("what people let out counts as well", async () => {
    await study();
    const release = await ask(TABLE);
    for (const who of [f.auditor, f.stranger]) {
      const { privateKey, raw } = keyPair();
      f.catalog.principals.setKey(who, raw);
      const files = {
        "t1.csv": { sha256: f.airlock.get(who, release.id).files[0]!.sha256!, vote: "approved" as const },
      };
      const { statementBytes, statementOf } = await import("../../src/airlock/index.js");
      const votes = { files, decision: "approve" as const };
      const signature = sign(null, statementBytes(statementOf(release.id, votes)), privateKey).toString(
        "base64",
      );
      await f.airlock.review(who, release.id, { ...votes, signature });
    }
    expect(f.airlock.get(f.researcher, release.id)).toMatchObject({
      state: "released",
      approved_by: "reviewers",
    });
    policy();
    expect(await ask(among("id != 'unit-1007'"))).toMatchObject({ state: "submitted" });
    expect(because()).toEqual(["verdict", "overlap"]);
  });

  test("submitted at the same time, one of two that overlap goes out; one submitted twice goes out once", async () => {
    await study();
    policy();
    const jobs = [await table({ "t1.csv": TABLE }), await table({ "t1.csv": among("id != 'unit-1007'") })];
    const releases = jobs.map((job) =>
      f.airlock.create(f.researcher, { job, outputs: ["t1.csv"], justification: "for the report" }),
    );
    const states = await Promise.all(
      releases.map(async ({ id }) => f.airlock.submit(f.researcher, id).state),
    );
    expect(states.sort()).toEqual(["approved", "submitted"]);
    const out = releases.find(({ id }) => f.airlock.get(f.researcher, id).state !== "submitted")!;
    expect(() => f.airlock.submit(f.researcher, out.id)).toThrow(
      expect.objectContaining({ code: "state_conflict" }),
    );
    await Promise.all([f.airlock.completed(f.researcher, out.id), f.airlock.tick(), f.airlock.tick()]);
    expect(entries("release.released")).toHaveLength(1);
  });

  test("conditions that cannot be compared are not taken for apart", () => {
    const columns = columnsOf([
      { name: "age", type: "integer", nullable: false },
      { name: "ht", type: "decimal", nullable: false },
    ]);
    const claim = (where?: string) => ({
      claim: claimFromWritten(
        writtenClaim.parse({ kind: "table", ...(where ? { where } : {}) }),
        "d",
        columns,
        "c",
      ),
      version: "v1",
    });
    const relate = (a?: string, b?: string) => relateClaims(claim(a), claim(b), { a: columns, b: columns });
    expect(relate("age < 60", "age >= 60")).toBe("disjoint");
    expect(relate("age < 60", "age * ht > 3")).toBe("undecided");
    expect(relate("age * ht > 3", "not (age * ht > 3)")).toBe("disjoint");
    expect(relate(undefined, "age < 0")).toBe("undecided");
    expect(relate("age < 60", `age in [${Array.from({ length: 2000 }, (_, i) => i + 100).join(",")}]`)).toBe(
      "undecided",
    );
    const renamed = columnsOf([{ name: "age", type: "text", nullable: false }]);
    expect(relateClaims(claim("age < 60"), claim("age >= 60"), { a: columns, b: renamed })).toBe("undecided");
  });
});

describe("whoever tampers with the policy is found out", () => {
  test("a policy that the owner did not sign lets nothing out, wherever it was written", async () => {
    await study();
    const dataset = f.catalog.datasets.row("study").id;
    const statement = { dataset, auto_release: "verified_tables", max_grade: 4, number: 1 };
    const forger = keyPair();
    f.ledger.commit((tx) => {
      tx.entry({
        kind: "dataset.release_policy_set",
        actor: f.owner.id,
        subject: dataset,
        dataset,
        data: {
          statement,
          public_key: forger.raw,
          signature: sign(null, policyBytes(statement as PolicyStatement), forger.privateKey).toString(
            "base64",
          ),
        },
      });
    });
    expect(await ask(TABLE)).toMatchObject({ state: "submitted" });
  });

  test("in a bundle every part of it takes part in a check, and is named", async () => {
    await study();
    policy();
    const bundle = await bundleOf((await ask(TABLE)).id);
    const parsed = () => readBundle(bundle, new Report())!;
    const links: Links = checkChain(nodeCrypto, parsed(), new Report())!;
    const forger = keyPair();
    const attacks: [string, RegExp, (b: ReturnType<typeof parsed>, l: Links) => void][] = [
      [
        "a higher grade",
        /not signed/,
        (b) => {
          b.reviews.policies![0]!.statement.max_grade = 4;
        },
      ],
      [
        "off, read as on",
        /not signed/,
        (b) => {
          b.reviews.policies![0]!.statement.auto_release = "none";
        },
      ],
      [
        "another key",
        /not signed/,
        (b) => {
          b.reviews.policies![0]!.public_key = forger.raw;
        },
      ],
      [
        "a forged one",
        /set another policy/,
        (b) => {
          const p = b.reviews.policies![0]!;
          p.statement.max_grade = 4;
          p.public_key = forger.raw;
          p.signature = sign(null, policyBytes(p.statement), forger.privateKey).toString("base64");
        },
      ],
      [
        "another owner",
        /set another policy/,
        (b) => {
          b.reviews.policies![0]!.owner.id = "prn_x";
        },
      ],
      [
        "of the requester",
        /of the one who asked/,
        (b, l) => {
          b.reviews.policies![0]!.owner.id = l.request.opening.actor;
        },
      ],
      [
        "none",
        /needs one policy/,
        (b) => {
          b.reviews.policies = [];
        },
      ],
      [
        "another entry",
        /has no entry of the policy/,
        (b) => {
          b.reviews.policies![0]!.entry += 1;
        },
      ],
      [
        "a higher grade of data",
        /does not let out data/,
        (b) => {
          b.job.job.grade = 4;
        },
      ],
      [
        "a program's file",
        /not verified/,
        (b) => {
          b.findings.outputs["t1.csv"]!.evidence = "unverified";
        },
      ],
      [
        "a failed check",
        /not verified/,
        (b) => {
          b.findings.outputs["t1.csv"]!.verdict = "fail";
        },
      ],
      [
        "a sandbox job",
        /no declared statistic/,
        (b) => {
          b.job.job.kind = "sandbox";
        },
      ],
    ];
    const clean = new Report();
    checkPolicies(nodeCrypto, parsed(), links, clean);
    expect(clean.problems).toEqual([]);
    for (const [what, named, attack] of attacks) {
      const [forged, report] = [parsed(), new Report()];
      attack(forged, links);
      checkPolicies(nodeCrypto, forged, links, report);
      expect([what, report.problems.map((p) => p.what).join("; ")]).toEqual([
        what,
        expect.stringMatching(named),
      ]);
      const whole = new Report();
      checkChain(nodeCrypto, forged, whole);
      expect(whole.problems.length).toBeGreaterThan(0);
    }
    // Reviews cannot be left out by calling them a policy: without either, nothing is proven.
    const bare = parsed();
    delete bare.reviews.policies;
    const report = new Report();
    checkChain(nodeCrypto, bare, report);
    expect(report.problems.map((p) => p.what)).toContain("has fewer than two reviews");
  });

  test("one flipped byte of the bundle anywhere is found", async () => {
    await study();
    policy();
    const bundle = await bundleOf((await ask(TABLE)).id);
    for (let at = 0; at < bundle.length; at += 97) {
      const flipped = Buffer.from(bundle);
      flipped[at]! ^= 1;
      expect([at, verifyBundle(flipped).ok]).toEqual([at, false]);
    }
  });
});
