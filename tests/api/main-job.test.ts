/** Datasets, grants, jobs, outputs, releases and the ledger over HTTP; the test takes the part of the worker. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  leafHash,
  parseNote,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
} from "../../src/ledger/index.js";
import { claim, finish } from "../jobs/fixture.js";
import {
  type ApiFixture,
  apiFixture,
  type Caller,
  expectStatus,
  grant,
  inAMonth,
  jobSpec,
  publish,
  reviewerKey,
} from "./fixture.js";

let f: ApiFixture;
beforeAll(async () => {
  f = await apiFixture();
});
afterAll(() => f.end());

describe("datasets and grants", () => {
  test("a dataset goes its way from draft to retired, with a twin to download", async () => {
    await publish(f, "way");
    const twin = await expectStatus(200, f.researcher.http("GET", "/api/v1/datasets/way/synthetic"));
    expect(twin.headers.get("content-type")).toContain("text/csv");
    expect(twin.headers.get("content-disposition")).toContain("way.synthetic.csv");
    const seen = (await expectStatus(200, f.researcher.http("GET", "/api/v1/datasets/way"))).json;
    expect(seen.columns.map((c: { name: string }) => c.name)).toEqual(["id", "age", "city"]);
    expect(seen.auditors).toBeUndefined();
    const budget = (await expectStatus(200, f.owner.http("GET", "/api/v1/datasets/way/budget"))).json;
    expect(budget).toMatchObject({ unit: "id", scope: "dataset", charges: [] });
    expect(
      (await expectStatus(200, f.owner.http("POST", "/api/v1/datasets/way/suspend", {}))).json.state,
    ).toBe("suspended");
    expect(
      (await expectStatus(200, f.owner.http("POST", "/api/v1/datasets/way/publish", {}))).json.state,
    ).toBe("published");
    expect(
      (await expectStatus(200, f.owner.http("POST", "/api/v1/datasets/way/retire", {}))).json.state,
    ).toBe("retired");
    expect((await f.owner.http("POST", "/api/v1/datasets/way/publish", {})).json.code).toBe("state_conflict");
  });

  test("content of another media type is refused before it is read", async () => {
    const sent = { "content-type": "application/pdf" };
    const answer = await f.owner.http("PUT", "/api/v1/datasets/none/content", Buffer.from("%PDF"), sent);
    expect([answer.status, answer.json.errors[0].path]).toEqual([422, "Content-Type"]);
  });

  test("a grant is requested, approved, read by both and revoked", async () => {
    await publish(f, "granted");
    const body = {
      dataset: "granted",
      purpose: "to be asked for",
      access: "sandbox",
      expires_at: inAMonth(f),
    };
    const asked = (await expectStatus(201, f.researcher.http("POST", "/api/v1/grants", body))).json;
    expect(asked.state).toBe("requested");
    const path = `/api/v1/grants/${asked.id}`;
    expect((await f.researcher.http("POST", `${path}/approve`, {})).json.code).toBe("forbidden");
    expect((await expectStatus(200, f.owner.http("POST", `${path}/approve`, {}))).json.state).toBe("active");
    expect((await expectStatus(200, f.researcher.http("GET", path))).json.state).toBe("active");
    expect((await f.operator.http("GET", path)).status).toBe(404);
    expect((await expectStatus(200, f.owner.http("POST", `${path}/revoke`, {}))).json.state).toBe("revoked");
    expect((await f.researcher.http("POST", "/api/v1/jobs", jobSpec("granted"))).json.code).toBe("no_grant");
  });
});

/** A held job of the researcher on a dataset of its own. */
async function heldJob(dataset: string, mode = "real"): Promise<string> {
  await publish(f, dataset);
  await grant(f, dataset, f.researcher.name);
  const submitted = await expectStatus(
    202,
    f.researcher.http("POST", "/api/v1/jobs", jobSpec(dataset, { mode })),
  );
  expect(submitted.headers.get("location")).toBe(`/api/v1/jobs/${submitted.json.id}`);
  f.rooms.clock.advance(10);
  await finish(f.rooms, claim(f.rooms), {}, { "t.csv": "city,n\nWuhan,20\nChengdu,30\n" });
  await f.rooms.jobs.idle();
  f.rooms.clock.advance(60_000);
  return submitted.json.id;
}

describe("jobs", () => {
  test("are seen by their submitter, auditors and the owner; by nobody else", async () => {
    const job = await heldJob("seen");
    for (const caller of [f.researcher, f.auditors[0], f.owner]) {
      await expectStatus(200, caller.http("GET", `/api/v1/jobs/${job}`));
    }
    for (const path of [`/jobs/${job}`, `/jobs/${job}/outputs`, `/jobs/${job}/events`, `/jobs/${job}/code`]) {
      expect([path, (await f.operator.http("GET", `/api/v1${path}`)).status]).toEqual([path, 404]);
    }
    const ids = (await f.operator.http("GET", "/api/v1/jobs")).json.items;
    expect(ids).toEqual([]);
  });

  test("show outputs in full to the auditor, by id and name to the requester, and to nobody bytes", async () => {
    const job = await heldJob("outputs");
    const full = (await expectStatus(200, f.auditors[0].http("GET", `/api/v1/jobs/${job}/outputs`))).json
      .items;
    expect(full.map((o: { name: string }) => o.name).sort()).toEqual(["stderr.log", "stdout.log", "t.csv"]);
    expect(full[0].sha256).toMatch(/^[0-9a-f]{64}$/);
    const names = (await expectStatus(200, f.researcher.http("GET", `/api/v1/jobs/${job}/outputs`))).json
      .items;
    for (const output of names) expect(Object.keys(output).sort()).toEqual(["id", "name"]);
    const bytes = await f.researcher.http("GET", `/api/v1/jobs/${job}/outputs/t.csv`);
    expect(bytes.status).toBeGreaterThanOrEqual(400);
    expect(bytes.text).not.toContain("Wuhan");
    const code = await expectStatus(200, f.auditors[0].http("GET", `/api/v1/jobs/${job}/code`));
    expect(code.headers.get("content-type")).toBe("application/x-tar");
    expect(code.text).toContain("main.py");
  });

  test("of a dry run give their submitter the outputs at once", async () => {
    const job = await heldJob("rehearsed", "dry_run");
    const answer = await expectStatus(200, f.researcher.http("GET", `/api/v1/jobs/${job}/outputs/t.csv`));
    expect(answer.text).toContain("Wuhan,20");
    expect(answer.headers.get("x-content-sha256")).toMatch(/^[0-9a-f]{64}$/);
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="t.csv"/);
    expect(
      (await f.auditors[0].http("GET", `/api/v1/jobs/${job}/outputs/t.csv`)).status,
    ).toBeGreaterThanOrEqual(400);
  });

  test("are cancelled once, and closed only when held", async () => {
    await publish(f, "cancelled");
    await grant(f, "cancelled", f.researcher.name);
    const { json } = await expectStatus(202, f.researcher.http("POST", "/api/v1/jobs", jobSpec("cancelled")));
    expect((await f.researcher.http("POST", `/api/v1/jobs/${json.id}/close`, {})).json.code).toBe(
      "state_conflict",
    );
    expect(
      (await expectStatus(200, f.researcher.http("POST", `/api/v1/jobs/${json.id}/cancel`, {}))).json.state,
    ).toBe("cancelled");
    expect((await f.researcher.http("POST", `/api/v1/jobs/${json.id}/cancel`, {})).json.code).toBe(
      "state_conflict",
    );
  });

  test("are followed by events: the view now, and each change, until it is final", async () => {
    await publish(f, "followed");
    await grant(f, "followed", f.researcher.name);
    const { json } = await expectStatus(202, f.researcher.http("POST", "/api/v1/jobs", jobSpec("followed")));
    const response = await fetch(`${f.url}/api/v1/jobs/${json.id}/events`, {
      headers: { authorization: `Bearer ${f.researcher.token}` },
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    await expectStatus(200, f.researcher.http("POST", `/api/v1/jobs/${json.id}/cancel`, {}));
    const text = await response.text();
    const states = [...text.matchAll(/^data: (.*)$/gm)].map((m) => JSON.parse(m[1]!).state);
    expect(states).toEqual(["queued", "cancelled"]);
    expect(text).toMatch(/^event: job$/m);
  });
});

describe("releases", () => {
  const keys = [reviewerKey(), reviewerKey()] as const;

  beforeAll(async () => {
    for (const [i, auditor] of f.auditors.entries()) {
      const answer = await expectStatus(
        200,
        auditor.http("PUT", "/api/v1/me/key", { public_key: keys[i]!.publicKey }),
      );
      expect(answer.json.public_keys).toEqual([keys[i]!.publicKey]);
    }
  });

  async function requested(dataset: string): Promise<{ id: string; name: string; sha256: string }> {
    const job = await heldJob(dataset);
    const { items } = (await f.auditors[0].http("GET", `/api/v1/jobs/${job}/outputs`)).json;
    const output = items.find((o: { name: string }) => o.name === "t.csv");
    const body = { job, outputs: [output.id], justification: "two large counts" };
    const release = (await expectStatus(201, f.researcher.http("POST", "/api/v1/releases", body))).json;
    expect(release.state).toBe("pending");
    await expectStatus(200, f.researcher.http("POST", `/api/v1/releases/${release.id}/submit`, {}));
    return { id: release.id, name: "t.csv", sha256: output.sha256 };
  }

  function vote(
    auditor: 0 | 1,
    file: { id: string; name: string; sha256: string },
    decision = "approve",
  ): Promise<{ status: number; json: { state: string; code: string } }> {
    const files = {
      [file.name]: { sha256: file.sha256, vote: decision === "approve" ? "approved" : "undecided" },
    };
    const overrides = decision === "approve" ? { [file.name]: "judged by hand" } : undefined;
    const statement = { files, decision, ...(overrides ? { overrides } : {}) };
    const signature = keys[auditor].sign({ release: file.id, ...statement });
    return f.auditors[auditor].http("POST", `/api/v1/releases/${file.id}/reviews`, {
      ...statement,
      signature,
    });
  }

  test("two signed approvals release; the requester then has file and bundle, and not before", async () => {
    const file = await requested("released");
    const path = `/api/v1/releases/${file.id}`;
    const held = await expectStatus(200, f.auditors[0].http("GET", `${path}/files/t.csv`));
    expect(held.text).toContain("Wuhan");
    for (const part of ["files/t.csv", "bundle"]) {
      const early = await f.researcher.http("GET", `${path}/${part}`);
      expect(early.status).toBeGreaterThanOrEqual(400);
      expect(early.text).not.toContain("Wuhan");
    }
    expect((await vote(0, file)).json.state).toBe("partially_reviewed");
    expect((await vote(1, file)).json.state).toBe("released");
    expect((await expectStatus(200, f.researcher.http("GET", `${path}/files/t.csv`))).text).toContain(
      "Wuhan",
    );
    const bundle = await expectStatus(200, f.researcher.http("GET", `${path}/bundle`));
    expect(bundle.headers.get("content-type")).toBe("application/zip");
    expect(bundle.bytes.subarray(0, 2).toString()).toBe("PK");
    const own = (await f.researcher.http("GET", "/api/v1/releases")).json.items;
    expect(own.map((r: { id: string }) => r.id)).toContain(file.id);
  });

  test("a review by a stranger, the requester or with another's signature is refused", async () => {
    const file = await requested("guarded");
    const body = {
      files: { "t.csv": { sha256: file.sha256, vote: "approved" } },
      decision: "approve",
      signature: keys[0].sign({ release: file.id }),
    };
    const send = (caller: Caller) => caller.http("POST", `/api/v1/releases/${file.id}/reviews`, body);
    expect((await send(f.add("stranger-auditor", ["auditor"]))).status).toBe(404);
    expect((await send(f.researcher)).json.code).toBe("forbidden");
    expect((await send(f.auditors[1])).status).toBeGreaterThanOrEqual(400);
    const withdrawn = await f.researcher.http("POST", `/api/v1/releases/${file.id}/withdraw`, {});
    expect(withdrawn.json.code).toBe("state_conflict");
  });
});

describe("the ledger", () => {
  test("its head is signed, and proofs hold against it", async () => {
    const auditor = f.auditors[0];
    const { text } = await expectStatus(200, auditor.http("GET", "/api/v1/ledger/checkpoint"));
    const note = verifyNote(text, { publicKey: f.rooms.ledger.publicKey, origin: f.rooms.ledger.origin });
    expect(note).toBeDefined();
    const { size, root } = note!;
    const inclusion = (
      await expectStatus(200, auditor.http("GET", `/api/v1/ledger/proof/inclusion?index=3&size=${size}`))
    ).json;
    const { items } = (await expectStatus(200, auditor.http("GET", "/api/v1/ledger/entries?from=3&to=4")))
      .json;
    expect(inclusion.leaf_hash).toBe(items[0].leaf_hash);
    expect(leafHash(items[0].leaf)).toBe(items[0].leaf_hash);
    expect(verifyInclusion({ leaf: items[0].leaf, index: 3, size, root, proof: inclusion.proof })).toBe(true);
    const earlier = f.rooms.ledger.checkpoint(5).root;
    const consistency = (
      await expectStatus(200, auditor.http("GET", `/api/v1/ledger/proof/consistency?from=5&to=${size}`))
    ).json;
    expect(
      verifyConsistency({ from: 5, to: size, fromRoot: earlier, toRoot: root, proof: consistency.proof }),
    ).toBe(true);
  });

  test("an auditor opens the entries of its dataset, an admin none of them", async () => {
    const opened = async (caller: Caller) => {
      const { items } = (await expectStatus(200, caller.http("GET", "/api/v1/ledger/entries"))).json;
      const kinds = items
        .filter((e: { opening?: object }) => e.opening)
        .map((e: { leaf: string }) => JSON.parse(e.leaf).kind);
      return new Set<string>(kinds);
    };
    expect(await opened(f.auditors[0])).toContain("job.held");
    expect(await opened(f.owner)).toContain("job.held");
    expect(await opened(f.admin)).not.toContain("job.held");
    expect(await opened(f.add("unnamed", ["auditor"]))).not.toContain("job.held");
  });

  test("a submitter sees the log as of the last full hour, hashes alone, and its own entries", async () => {
    const before = (await expectStatus(200, f.researcher.http("GET", "/api/v1/ledger/entries"))).json;
    const head = await expectStatus(200, f.researcher.http("GET", "/api/v1/ledger/checkpoint"));
    expect(parseNote(head.text)!.size).toBe(before.size);
    expect(before.size).toBeLessThan(f.rooms.ledger.size());
    const beyond = await f.researcher.http(
      "GET",
      `/api/v1/ledger/proof/inclusion?index=0&size=${before.size + 1}`,
    );
    expect(beyond.json.code).toBe("invalid_input");
    f.rooms.clock.advance(3_600_000);
    const after = (await expectStatus(200, f.researcher.http("GET", "/api/v1/ledger/entries"))).json;
    expect(after.size).toBe(f.rooms.ledger.size());
    for (const entry of after.items) {
      if (entry.opening === undefined) expect(Object.keys(entry).sort()).toEqual(["leaf_hash", "seq"]);
      else expect([entry.opening.actor, entry.opening.subject]).toContain(f.researcher.actor.id);
    }
    expect(after.items.some((e: { opening?: object }) => e.opening)).toBe(true);
  });

  test("who is auditor and submitter in one has the submitter's sight of it", async () => {
    const both = f.add("both", ["auditor", "researcher"]);
    f.rooms.clock.advance(3_600_000);
    const { items } = (await expectStatus(200, both.http("GET", "/api/v1/ledger/entries"))).json;
    expect(items.filter((e: { leaf?: string }) => e.leaf).length).toBeLessThanOrEqual(1);
  });
});

describe("an answer lost in a crash", () => {
  /** Posts twice with one key, the stored answer gone in between, as when the node died before it was stored. */
  async function lostAnswer(caller: Caller, path: string, body: unknown): Promise<[string, string]> {
    const headers = { "idempotency-key": `lost-${path}` };
    const first = await caller.http("POST", `/api/v1${path}`, body, headers);
    expect(first.status).toBeLessThan(300);
    const forget = "UPDATE idempotency SET status = NULL, response_sealed = NULL WHERE key = ?";
    f.rooms.store.db.prepare(forget).run(headers["idempotency-key"]);
    const again = await caller.http("POST", `/api/v1${path}`, body, headers);
    expect([again.status < 300, again.headers.get("idempotency-replayed")]).toEqual([true, "true"]);
    return [first.json.id, again.json.id];
  }

  test("is answered from what was committed, for each kind of thing that is made", async () => {
    const dataset = await lostAnswer(f.owner, "/datasets", { name: "lost" });
    const principal = await lostAnswer(f.admin, "/principals", { name: "lost-one", roles: ["researcher"] });
    await publish(f, "lost-data");
    const granted = {
      dataset: "lost-data",
      purpose: "tests of the API",
      access: "sandbox",
      expires_at: inAMonth(f),
    };
    const grantIds = await lostAnswer(f.owner, "/grants", { ...granted, principal: f.researcher.name });
    const job = await lostAnswer(f.researcher, "/jobs", jobSpec("lost-data"));
    for (const [first, again] of [dataset, principal, grantIds, job]) expect(again).toBe(first);
    const jobs = f.rooms.store.db.prepare(
      "SELECT count(*) FROM job_datasets jd JOIN datasets d ON d.id = jd.dataset WHERE d.name = 'lost-data'",
    );
    expect(jobs.pluck().get()).toBe(1);
  });
});

describe("workers", () => {
  test("get a token from the admin, which opens their calls and nothing else", async () => {
    const made = (await expectStatus(201, f.admin.http("POST", "/api/v1/workers", {}))).json;
    expect((await f.http("GET", "/api/v1/me", { token: made.token })).status).toBe(401);
    expect((await f.http("POST", "/internal/v1/claim", { token: f.admin.token, body: {} })).status).toBe(401);
    await expectStatus(200, f.admin.http("POST", `/api/v1/workers/${made.id}/revoke`, {}));
  });
});
