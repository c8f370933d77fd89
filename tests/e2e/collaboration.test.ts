/**
 * Three domains and a coordinator that holds no data, each a node of its own: what they find together is what the pooled
 * data say, and nobody but all of them opens it.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import { bodyDigest, signRequest } from "../../src/federated/messages/request.js";
import { openStore } from "../../src/store/index.js";
import { systemClock } from "../../src/vocabulary/index.js";
import { Terminal } from "../cli/fixture.js";
import {
  FLCHAIN_CSV,
  heldResult,
  type Json,
  Person,
  type RunningNode,
  resultOf,
  roundOver,
  startNode,
  until,
} from "../harness/index.js";

const rows = readFileSync(FLCHAIN_CSV, "utf8").trimEnd().replaceAll('"', "").split("\n");
const header = rows[0]!;
const NAMES = ["bureau", "hospital", "insurer"] as const;
/** Uneven parts, one after the other, so that no person is in two. */
const CUTS = [0, 4_000, 6_500, rows.length - 1];

const COLUMNS = [
  { name: "sex", type: "text", categories: ["F", "M"] },
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"], decimals: 6 },
  { name: "death", type: "integer", bounds: ["0", "1"] },
];

interface Domain {
  name: string;
  node: RunningNode;
  owner: Person;
  operator: Person;
  auditors: [Person, Person];
  key: string;
}

async function domain(name: string, part?: string): Promise<Domain> {
  const node = await startNode({ workers: 0, args: ["--domain", name] });
  const admin = Person.admin(node.url, node.adminToken);
  const owner = await Person.add(admin, "owner", ["owner"]);
  const operator = await Person.add(admin, "operator", ["operator"]);
  const auditors: [Person, Person] = [
    await Person.add(admin, "auditor-1", ["auditor"]),
    await Person.add(admin, "auditor-2", ["auditor"]),
  ];
  if (part !== undefined) {
    await owner.must("POST", "/api/v1/datasets", {
      name: "records",
      unit_column: "id",
      auditors: auditors.map((a) => a.name),
      columns: [
        { name: "id", class: "identifier", grade: 3 },
        { name: "sex", class: "quasi-identifier", grade: 3, categories: ["F", "M"] },
      ],
    });
    await owner.must("PUT", "/api/v1/datasets/records/content", Buffer.from(part), {
      "content-type": "text/csv",
    });
    await owner.must("POST", "/api/v1/datasets/records/assess", {});
    await owner.must("POST", "/api/v1/datasets/records/publish", {});
  }
  const { key } = await operator.must("GET", "/api/v1/domain");
  return { name, node, owner, operator, auditors, key };
}

async function consent({ owner, operator }: Domain, spec: string): Promise<string> {
  const grant = await owner.must("POST", "/api/v1/grants", {
    principal: operator.name,
    dataset: "records",
    purpose: "mortality over three domains",
    access: "query",
    job_kinds: ["aggregate"],
    constraints: { collaboration: spec },
    expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  });
  return grant.id;
}

const ask = (of: Domain, id: string, statistic: Json) =>
  of.operator.must("POST", `/api/v1/collaborations/${id}/rounds`, { statistic });

const terminal = (of: Domain): Terminal =>
  new Terminal({ GLOVEBOX_URL: of.node.url, GLOVEBOX_TOKEN: of.operator.token });

const field = (row: string, name: string): string => row.split(",")[header.split(",").indexOf(name)]!;

describe("three domains and a coordinator", () => {
  let coordinator: Domain;
  let domains: Domain[];
  let id: string;
  let spec_sha256: string;

  beforeAll(async () => {
    const parts = NAMES.map((_, i) => [header, ...rows.slice(1 + CUTS[i]!, 1 + CUTS[i + 1]!)].join("\n"));
    coordinator = await domain("coordinator");
    domains = await Promise.all(NAMES.map((name, i) => domain(name, parts[i])));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([coordinator, ...(domains ?? [])].map((d) => d?.node.destroy()));
  });

  test("one proposes, each joins by its own hand under its own owner's grant", async () => {
    const proposed = await coordinator.operator.must("POST", "/api/v1/collaborations", {
      name: "mortality",
      purpose: "mortality over three domains",
      participants: domains.map(({ name, key }) => ({ name, key })),
      recipients: ["bureau", "hospital"],
      columns: COLUMNS,
      max_rows: 100_000,
      threshold: 10,
      max_rounds: 50,
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
    });
    ({ id, spec_sha256 } = proposed);
    for (const d of domains) {
      const invitation = { url: coordinator.node.url, id, coordinator: coordinator.key };
      const known = await d.operator.must("POST", "/api/v1/collaborations/invitations", invitation);
      expect(known).toMatchObject({ state: "invited", spec_sha256, role: "participant" });
      const early = await d.operator.http("POST", `/api/v1/collaborations/${id}/join`, {
        body: { dataset: "records" },
      });
      expect([early.status, early.json.code]).toEqual([403, "no_grant"]);
      await consent(d, spec_sha256);
      await d.operator.must("POST", `/api/v1/collaborations/${id}/join`, { dataset: "records" });
    }
    for (const d of [coordinator, ...domains])
      await until(
        async () => (await d.operator.must("GET", `/api/v1/collaborations/${id}`)).state === "active",
        `${d.name} active`,
      );
  });

  test("a table of counts and means is that of the pooled data, at each recipient and nowhere else", async () => {
    const [bureau, hospital, insurer] = domains as [Domain, Domain, Domain];
    const asked = ["--rows", "sex", "--cols", "death", "--bins", "death=0,1,2", "--values", "kappa"];
    const { round } = await terminal(bureau).must(
      "collab",
      "stat",
      id,
      ...asked,
      "--agg",
      "sum",
      "mean",
      "std",
    );
    const held = await terminal(bureau).must("collab", "result", id, String(round), "--wait");
    expect(held).toMatchObject({ state: "done", job_state: "held", verdict: "review" });
    expect(held.result).toBeUndefined();
    expect(
      (await bureau.owner.must("GET", `/api/v1/collaborations/${id}/rounds/${round}`)).job,
    ).toBeUndefined();
    expect(await heldResult(bureau, held.job)).toMatchObject({ name: "result.csv", evidence: "verified" });
    const [told, there] = [await resultOf(bureau, id, round), await resultOf(hospital, id, round)];
    const kappa = (sex: string, death: string) =>
      rows
        .slice(1)
        .filter((r) => field(r, "sex") === sex && field(r, "death") === death)
        .map((r) => Number(field(r, "kappa")));
    expect(told.result).toBe(there.result);
    for (const sex of ["F", "M"]) {
      const list = kappa(sex, "1");
      const sum = list.reduce((s, x) => s + Math.round(x * 1e6), 0) / 1e6;
      expect(told.result).toContain(String(list.length));
      expect(told.result).toContain(String(Number(sum.toPrecision(8))));
      expect(told.result).toContain(String(Number((sum / list.length).toPrecision(8))));
    }
    expect((await roundOver(insurer.operator, id, round)).result).toBeUndefined();
    expect(
      (await coordinator.operator.must("GET", `/api/v1/collaborations/${id}/rounds/${round}`)).result,
    ).toBeUndefined();
  });

  test("a table with a cell of few people is refused, and nothing of it is shown", async () => {
    const { round } = await ask(domains[0]!, id, {
      kind: "table",
      rows: [{ value: "age", edges: [50, 60, 70, 100, 102] }],
      columns: ["sex"],
    });
    const told = await roundOver(domains[0]!.operator, id, round);
    expect([told.state, told.verdict, told.result]).toEqual(["done", undefined, undefined]);
    const { verdict, findings } = await heldResult(domains[0]!, told.job);
    expect(verdict).toBe("fail");
    expect(findings).toContainEqual(expect.objectContaining({ rule: "threshold", verdict: "fail" }));
  });

  test("a participant that dies in the middle of a round says the same again, and the round ends", async () => {
    const insurer = domains[2]!;
    const { round } = await ask(domains[0]!, id, {
      kind: "table",
      rows: ["sex"],
      values: ["age"],
      agg: ["sum"],
    });
    const commits = (db: Database.Database) =>
      db
        .prepare("SELECT count(*) FROM board_messages WHERE round = ? AND kind = 'key_commit'")
        .pluck()
        .get(round) as number;
    const look = new Database(`${insurer.node.dataDir}/glovebox.db`, { readonly: true });
    await until(() => commits(look) > 0, "the round has begun");
    look.close();
    await insurer.node.kill9();
    insurer.node = await insurer.node.restart();
    insurer.operator = insurer.operator.at(insurer.node.url);
    insurer.owner = insurer.owner.at(insurer.node.url);
    const told = await resultOf(domains[0]!, id, round);
    const sum = (sex: string) =>
      rows
        .slice(1)
        .filter((r) => field(r, "sex") === sex)
        .reduce((s, r) => s + Number(field(r, "age")), 0);
    expect(told.state).toBe("done");
    for (const sex of ["F", "M"]) expect(told.result).toContain(`,${sum(sex)}`);
    const after = new Database(`${insurer.node.dataDir}/glovebox.db`, { readonly: true });
    const kinds =
      "SELECT kind, count(*) AS n FROM board_messages WHERE round = ? AND author = ? GROUP BY kind";
    for (const { kind, n } of after.prepare(kinds).all(round, insurer.key) as { kind: string; n: number }[])
      expect([kind, n]).toEqual([kind, 1]);
    expect(after.prepare("SELECT count(*) FROM attempt_secrets").pluck().get()).toBe(0);
    after.close();
  });

  test("who is not of it, or signs nothing, finds no board", async () => {
    const url = new URL(`/federation/v1/boards/${id}/messages?after=0&wait=0`, coordinator.node.url);
    expect((await fetch(url)).status).toBe(401);
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
    const stranger = { publicKey: raw, sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
    const parts = {
      method: "GET",
      path: url.pathname,
      query: url.search,
      digest: bodyDigest(Buffer.alloc(0)),
    };
    const signed = signRequest(parts, stranger, systemClock);
    expect((await fetch(url, { headers: signed })).status).toBe(404);
  });

  test("an owner who revokes its grant ends its part with the next round, and the others are told so", async () => {
    const hospital = domains[1]!;
    const { items } = await hospital.owner.must("GET", "/api/v1/grants");
    await hospital.owner.must("POST", `/api/v1/grants/${items[0].id}/revoke`, {});
    const { round } = await ask(domains[0]!, id, { kind: "table", rows: ["sex"] });
    expect(await roundOver(domains[0]!.operator, id, round)).toMatchObject({
      state: "refused",
      refused_by: "hospital",
      reason: "consent",
    });
  });

  test("each domain's ledger holds its own part, and audits", async () => {
    for (const d of domains) {
      await d.node.stop();
      const store = openStore(d.node.dataDir, { readonly: true });
      const kinds = store.db
        .prepare("SELECT kind, count(*) AS n FROM ledger_leaves WHERE subject = ? GROUP BY kind")
        .all(id);
      const count = (kind: string) =>
        (kinds as { kind: string; n: number }[]).find((k) => k.kind === kind)?.n ?? 0;
      expect([count("collaboration.joined"), count("round.contributed"), count("round.shared")]).toEqual([
        1, 3, 3,
      ]);
      store.close();
    }
  });
});
