/**
 * Four domains and a coordinator that holds no data: what becomes of rounds when some do not answer, and of collaborations
 * when parts are suspended, keys replaced or revoked.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import { nodeChecks } from "../../src/cli/node-checks.js";
import { bodyDigest, signRequest } from "../../src/federated/messages/request.js";
import { fingerprint, openKeys } from "../../src/store/index.js";
import { systemClock } from "../../src/vocabulary/index.js";
import { Terminal } from "../cli/fixture.js";
import {
  askOver,
  collaborate,
  type Domain,
  domainAt,
  FLCHAIN_ROWS,
  fieldOf,
  type Json,
  partsAt,
  resultOf,
  roundOver,
  SPOKEN_COLUMNS,
  startDomain,
  until,
} from "../harness/index.js";

const CUTS = [0, 1_500, 2_500, 3_200, 4_000];
const TABLE = { kind: "table", rows: ["sex"], values: ["age"], agg: ["sum"] };

const terminal = (of: Domain, token = of.operator.token): Terminal =>
  new Terminal({ GLOVEBOX_URL: of.node.url, GLOVEBOX_TOKEN: token });

const seen = (of: Domain, id: string): Promise<Json> =>
  of.operator.must("GET", `/api/v1/collaborations/${id}`);

const becomes = (of: Domain, id: string, state: string) =>
  until(async () => (await seen(of, id)).state === state, `${of.name}: ${state}`);

/** Sums of ages by sex over the first so many parts. */
const sumsOver = (parts: number): string[] =>
  ["F", "M"].map((sex) => {
    const rows = FLCHAIN_ROWS.slice(0, CUTS[parts]).filter((r) => fieldOf(r, "sex") === sex);
    return String(rows.reduce((sum, r) => sum + Number(fieldOf(r, "age")), 0));
  });

/** TCP connections of a process: local and other port, and whether it listens. */
function connections(pid: number): { address: string; local: number; other: number; listens: boolean }[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const lines = ["tcp", "tcp6"].flatMap((t) =>
    readFileSync(`/proc/${pid}/net/${t}`, "utf8").split("\n").slice(1),
  );
  return lines.flatMap((line) => {
    const [, local, other, state, , , , , , inode] = line.trim().split(/\s+/);
    if (inode === undefined || !inodes.has(inode)) return [];
    const port = (end: string) => Number.parseInt(end.split(":")[1]!, 16);
    return [
      { address: local!.split(":")[0]!, local: port(local!), other: port(other!), listens: state === "0A" },
    ];
  });
}

const LOOPBACK = "0100007F";

describe("four domains, some of which go away", () => {
  let coordinator: Domain;
  let domains: [Domain, Domain, Domain, Domain];
  let id: string;
  /** The hospital's, before it has another. */
  let firstKey: string;

  /** Of three domains, one of which comes with a key that is given. */
  const specWith = ({ key }: { key: string }): Json => ({
    name: "another",
    purpose: "mortality over the domains",
    participants: [domains[0], { name: "hospital", key }, domains[3]].map((d) => ({
      name: d.name,
      key: d.key,
    })),
    recipients: ["bureau"],
    columns: SPOKEN_COLUMNS,
    max_rows: 100_000,
    threshold: 10,
    max_rounds: 5,
    expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  });

  beforeAll(async () => {
    const parts = partsAt(CUTS);
    coordinator = await startDomain("coordinator", undefined, ["--coordinator"]);
    domains = (await Promise.all(
      ["bureau", "hospital", "insurer", "clinic"].map((name, i) => startDomain(name, parts[i])),
    )) as typeof domains;
    firstKey = domains[1].key;
    ({ id } = await collaborate(coordinator, domains, { min_contributors: 3, attempt_seconds: 8 }));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([coordinator, ...(domains ?? [])].map((d) => d?.node.destroy()));
  });

  test("a coordinator starts nothing but itself, says that it holds no data, and who it is", async () => {
    const { node, owner, key } = coordinator;
    expect([node.workers, node.redis_pid]).toEqual([[], null]);
    const refused = await owner.http("POST", "/api/v1/datasets", { body: { name: "records" } });
    expect([refused.status, refused.json.code]).toEqual([409, "state_conflict"]);
    expect(refused.json.detail).toContain("holds no data");
    const shown = await seen(domains[0], id);
    expect(shown.fingerprints.coordinator).toBe(fingerprint(key));
    expect(nodeChecks(node.dataDir, {})).toContainEqual(
      expect.objectContaining({ name: "identity", detail: expect.stringContaining(fingerprint(key)) }),
    );
  });

  test("who does not answer in time is left out, where the spec allows it, and stays so while results are exact", async () => {
    const [bureau, , , clinic] = domains;
    await clinic.node.kill9();
    const round = await askOver(bureau, id, TABLE);
    const told = await resultOf(bureau, id, round);
    expect(told).toMatchObject({ state: "done", contributors: ["bureau", "hospital", "insurer"] });
    expect(told.attempt).toBeGreaterThan(1);
    for (const sum of sumsOver(3)) expect(told.result).toContain(`,${sum}`);
    domains[3] = domainAt(clinic, await clinic.node.restart());
    const all = await bureau.operator.http("POST", `/api/v1/collaborations/${id}/rounds`, {
      body: { statistic: TABLE },
    });
    expect([all.status, all.json.code]).toEqual([409, "state_conflict"]);
    expect(all.json.detail).toContain("bureau, hospital, insurer");
    // The one that was left out gave nothing of itself, and keeps nothing.
    await becomes(domains[3], id, "active");
    const look = new Database(`${domains[3].node.dataDir}/glovebox.db`, { readonly: true });
    const own = "SELECT count(*) FROM board_messages WHERE round > 0 AND author = ?";
    expect(look.prepare(own).pluck().get(domains[3].key)).toBe(0);
    look.close();
  });

  test("participants connect outward alone, and listen where nobody else reaches them", async () => {
    const ports = new Map(
      [coordinator, ...domains].map((d) => [d.node.pid, Number(new URL(d.node.url).port)]),
    );
    const board = ports.get(coordinator.node.pid)!;
    const asking = terminal(domains[0]).must(
      ...["collab", "stat", id, "--rows", "death", "--bins", "death=0,1,2", "--without", "clinic", "--wait"],
    );
    let over = false;
    let polls = 0;
    const ended = asking.finally(() => {
      over = true;
    });
    while (!over) {
      for (const [pid, own] of ports)
        for (const { address, local, other, listens } of connections(pid)) {
          if (listens) expect(address).toBe(LOOPBACK);
          else if (local !== own) {
            // What a node itself began: a participant to the board, the coordinator to nobody.
            expect([pid === coordinator.node.pid, other]).toEqual([false, board]);
            polls++;
          }
        }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await ended).state).toBe("done");
    expect(polls).toBeGreaterThan(0);
  });

  test("a part is suspended and taken up again, with reasons; the others are told, and ask it nothing", async () => {
    const [bureau, hospital] = domains;
    const why = ["--why", "the owner asked"];
    const stopped = await terminal(hospital).must("collab", "suspend", id, ...why);
    expect(stopped).toMatchObject({
      state: "suspended",
      stopped: { why: "operator", note: "the owner asked" },
    });
    await until(async () => (await seen(bureau, id)).away?.includes("hospital") === true, "it is away");
    const asked = await bureau.operator.http("POST", `/api/v1/collaborations/${id}/rounds`, {
      body: { statistic: TABLE, without: ["clinic"] },
    });
    expect([asked.status, asked.json.detail]).toEqual([409, expect.stringContaining("hospital suspended")]);
    await terminal(hospital).must("collab", "resume", id);
    await becomes(hospital, id, "active");
    await until(async () => (await seen(bureau, id)).away === undefined, "it is back");
    const over = await bureau.operator.must("POST", `/api/v1/collaborations/${id}/rounds`, {
      statistic: { kind: "table", rows: ["sex"] },
      without: ["clinic"],
    });
    expect((await roundOver(bureau.operator, id, over.round)).state).toBe("done");
  });

  test("an owner's revoked grant suspends its domain's part, until there is another", async () => {
    const [bureau, , insurer] = domains;
    const { items } = await insurer.owner.must("GET", "/api/v1/grants");
    await insurer.owner.must("POST", `/api/v1/grants/${items[0].id}/revoke`, {});
    const { round } = await bureau.operator.must("POST", `/api/v1/collaborations/${id}/rounds`, {
      statistic: { kind: "table", rows: ["sex"] },
      without: ["clinic"],
    });
    expect(await roundOver(bureau.operator, id, round)).toMatchObject({
      state: "refused",
      refused_by: "insurer",
      reason: "consent",
    });
    await becomes(insurer, id, "suspended");
    expect((await seen(insurer, id)).stopped).toEqual({ why: "consent" });
    const early = await insurer.operator.http("POST", `/api/v1/collaborations/${id}/resume`, { body: {} });
    expect([early.status, early.json.code]).toEqual([403, "no_grant"]);
  });

  test("its coordinator ends a collaboration for all, and a participant cannot", async () => {
    const refused = await domains[0].operator.http("POST", `/api/v1/collaborations/${id}/end`, { body: {} });
    expect(refused.status).toBe(403);
    await terminal(coordinator).must("collab", "end", id, "--why", "all was asked");
    for (const d of [domains[0], domains[1], domains[3]]) {
      await becomes(d, id, "ended");
      expect((await seen(d, id)).stopped).toEqual({ why: "ended", by: "coordinator" });
    }
  });

  test("a domain that goes on under another key says so with the old one; what named it ends, and it is known by the new", async () => {
    const [bureau, hospital, , clinic] = domains;
    const three = [bureau, hospital, clinic];
    const { id: second } = await collaborate(coordinator, three, { name: "second" });
    const admin = terminal(hospital, hospital.node.adminToken);
    const { key, fingerprint: print } = await admin.must("collab", "rotate");
    expect(key).not.toBe(hospital.key);
    for (const d of [bureau, clinic, coordinator]) {
      await becomes(d, second, "ended");
      expect((await seen(d, second)).stopped).toEqual({ why: "rotated", by: "hospital" });
      const { items } = await terminal(d).must("collab", "peers");
      const states = (items as Json[]).filter((p) => p.name === "hospital").map((p) => [p.key, p.state]);
      expect(states).toEqual(
        expect.arrayContaining([
          [hospital.key, "replaced"],
          [key, "pinned"],
        ]),
      );
    }
    // The old key is taken for nobody, the new one is; also after a start.
    const before = await coordinator.operator.http("POST", "/api/v1/collaborations", {
      body: specWith(hospital),
    });
    expect([before.status, before.json.detail]).toEqual([409, expect.stringContaining(print)]);
    await hospital.node.stop();
    domains[1] = { ...domainAt(hospital, await hospital.node.restart()), key };
    expect((await domains[1].operator.must("GET", "/api/v1/domain")).key).toBe(key);
    await collaborate(coordinator, [bureau, domains[1], clinic], { name: "fourth" });
  });

  test("a key that is at odds with the pinned one, or with what was read out, is refused with both fingerprints", async () => {
    const [bureau, hospital, insurer] = domains;
    const swapped = openKeys(insurer.node.dataDir).log.publicKey;
    const body = { name: "hospital", key: swapped };
    // The insurer was never told of the new key: for it, too, the hospital has another one.
    const own = await insurer.operator.http("POST", "/api/v1/collaborations", { body: specWith(body) });
    expect(own.status).toBe(409);
    for (const key of [swapped, firstKey]) expect(own.json.detail).toContain(fingerprint(key));
    await terminal(insurer).must("collab", "revoke", "hospital", "--why", "to propose another for it");
    const { id: wrong } = await insurer.operator.must("POST", "/api/v1/collaborations", specWith(body));
    const accept = await bureau.operator.http("POST", "/api/v1/collaborations/invitations", {
      body: { url: insurer.node.url, id: wrong, coordinator: insurer.key },
    });
    expect(accept.status).toBe(409);
    for (const key of [swapped, hospital.key]) expect(accept.json.detail).toContain(fingerprint(key));
    const { id: fifth } = await coordinator.operator.must(
      ...(["POST", "/api/v1/collaborations", specWith(hospital)] as const),
    );
    const told = await terminal(bureau).run(
      ...["collab", "accept", fifth, "--board", coordinator.node.url, "--coordinator", coordinator.key],
      ...["--peer", `hospital=${fingerprint(swapped)}`],
    );
    expect(told.code).not.toBe(0);
    expect(told.stderr).toContain(fingerprint(hospital.key));
  });

  test("nothing more is taken from a revoked key, and what it was of is suspended", async () => {
    const [bureau, , , clinic] = domains;
    const fourth = (await bureau.operator.must("GET", "/api/v1/collaborations")).items.find(
      (c: Json) => c.spec.name === "fourth",
    ).id;
    await terminal(bureau).must("collab", "revoke", "clinic", "--why", "its key was stolen");
    expect(await seen(bureau, fourth)).toMatchObject({
      state: "suspended",
      stopped: { why: "revoked", by: "clinic" },
    });
    const again = await bureau.operator.http("POST", `/api/v1/collaborations/${fourth}/resume`, { body: {} });
    expect([again.status, again.json.detail]).toEqual([
      409,
      expect.stringContaining(fingerprint(clinic.key)),
    ]);
    await until(async () => (await seen(domains[1], fourth)).away?.includes("bureau") === true, "told");
    await terminal(coordinator).must(
      "collab",
      "revoke",
      fingerprint(clinic.key),
      "--why",
      "its key was stolen",
    );
    const url = new URL(`/federation/v1/boards/${fourth}/messages?after=0&wait=0`, coordinator.node.url);
    const parts = {
      method: "GET",
      path: url.pathname,
      query: url.search,
      digest: bodyDigest(Buffer.alloc(0)),
    };
    const { identity } = openKeys(clinic.node.dataDir);
    expect((await fetch(url, { headers: signRequest(parts, identity, systemClock) })).status).toBe(404);
  });
});
