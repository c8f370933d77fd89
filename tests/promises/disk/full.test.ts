/**
 * Promise 5, the disk: filled to the last byte, or to what is left for the database, at every point where the node
 * writes. The caller is told what it is, nothing accepted is lost, nothing is there by half, and once there is room
 * again all goes on by itself.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { verifyBundle } from "../../../src/airlock/index.js";
import { defaultStagingRoot } from "../../../src/sandbox/index.js";
import { glovebox } from "../../cli/fixture.js";
import {
  awaitJob,
  FLCHAIN_CSV,
  type Json,
  type RunningNode,
  requestRelease,
  review,
  sandboxJob,
  signedReview,
  startNode,
  submitJob,
  until,
  Witness,
  type World,
  world,
} from "../../harness/index.js";
import { SmallDisk } from "./small-disk.js";

const MIB = 1024 * 1024;
/** Less than what the vault leaves to the database. */
const RESERVE_ONLY = 20 * MIB;
const LEVELS: [string, number][] = [
  ["to the last byte", 0],
  ["to the database's reserve", RESERVE_ONLY],
];

/** Waits, then writes more than fits. */
const SLOW = `import os, time
time.sleep(2)
open("/out/big.txt", "w").write(("x" * 99 + "\\n") * 60000)
`;
/** So many files take their checks a while, in which the disk can be filled. */
const MANY = Array.from({ length: 24 }, (_, i) => `t${i}.csv`);
const TABLES = `for i in range(${MANY.length}):
    open(f"/out/t{i}.csv", "w").write("group,count\\r\\n\\"a\\",120\\r\\nb,130.0000000001\\r\\n")
`;
const QUICK = 'open("/out/n.json", "w").write("{}")\n';

let disk: SmallDisk;
let node: RunningNode;
let w: World;
let seen: Witness;
let checkpoint: string;

beforeAll(async () => {
  disk = new SmallDisk(160);
  node = await startNode({ dataDir: disk.data });
  w = await world(node);
  seen = new Witness(node.dataDir);
  checkpoint = (await w.auditors[0].http("GET", "/api/v1/ledger/checkpoint")).text;
});
afterAll(async () => {
  seen?.close();
  await node?.destroy();
  disk?.end();
});
afterEach(async () => {
  disk.empty();
  await whole();
});

/** What must be so once there is room, whatever came before. */
async function whole(): Promise<void> {
  await until(() => readdirSync(join(node.dataDir, "vault", "tmp")).length === 0, "drafts to be gone");
  expect(await seen.unreadable()).toEqual([]);
  expect(seen.unnamed()).toEqual([]);
  expect(seen.audit([checkpoint])).toMatchObject({ ok: true, problems: [] });
  expect((await node.http("GET", "/readyz")).json).toMatchObject({ ready: true });
}

const told = (answer: { status: number; json: Json }) => [answer.status, answer.json?.code];
const FULL = [507, "insufficient_storage"];
const csv = { "content-type": "text/csv" };
const submit = (job: Json, key: string) =>
  w.researcher.http("POST", "/api/v1/jobs", { body: job, headers: { "idempotency-key": key } });
/** How often the node has said something; `since` counts from the moment of the call. */
const logged = (text: string) => node.stderr().split(text).length - 1;
const since = (text: string) => {
  const before = logged(text);
  return () => logged(text) > before;
};
const REFUSED_UPLOAD = '"status":507';

describe.each(LEVELS)("filled %s", (level, leave) => {
  const dataset = `d${leave}`;

  test("an upload is refused, before it and in its middle, and leaves no version; then it succeeds", async () => {
    await w.owner.must("POST", "/api/v1/datasets", { name: dataset, unit_column: "id" });
    const content = readFileSync(FLCHAIN_CSV);
    const put = (body: Buffer) =>
      w.owner.http("PUT", `/api/v1/datasets/${dataset}/content`, { body, headers: csv });
    disk.fill(leave);
    expect(told(await put(content))).toEqual(FULL);
    expect((await node.http("GET", "/readyz")).json.checks.storage).toBe(false);
    disk.empty();
    async function* slowly() {
      yield content.subarray(0, 100_000);
      disk.fill(leave);
      yield content.subarray(100_000);
    }
    const answer = await fetch(`${node.url}/api/v1/datasets/${dataset}/content`, {
      method: "PUT",
      headers: { ...csv, authorization: `Bearer ${w.owner.token}` },
      body: Readable.toWeb(Readable.from(slowly())) as ReadableStream,
      duplex: "half",
    } as RequestInit);
    expect([answer.status, ((await answer.json()) as Json).code]).toEqual(FULL);
    expect(seen.count("versions v JOIN datasets d ON d.id = v.dataset WHERE d.name = ?", dataset)).toBe(0);
    disk.empty();
    expect((await put(content)).status).toBe(200);
  });

  test("an upload that goes on keeps what was synced, and goes on there when there is room", async () => {
    const dataset = `parts-${leave}`;
    await w.owner.must("POST", "/api/v1/datasets", { name: dataset, unit_column: "id" });
    const content = Buffer.from(
      `id,note\n${Array.from({ length: 100_000 }, (_, i) => `${i},${"x".repeat(90)}`).join("\n")}\n`,
    );
    const begun = await w.owner.must("POST", `/api/v1/datasets/${dataset}/uploads`, undefined, {
      "upload-length": String(content.length),
    });
    const at = `/api/v1/uploads/${begun.id}`;
    const headers = { "content-type": "application/offset+octet-stream" };
    const part = (from: number, to: number) =>
      w.owner.http("PATCH", at, {
        body: content.subarray(from, to),
        headers: { ...headers, "upload-offset": String(from) },
      });
    expect((await part(0, 1000)).status).toBe(204);
    disk.fill(leave);
    expect(told(await part(1000, content.length))).toEqual(FULL);
    const { offset, state } = await w.owner.must("GET", at);
    expect([offset >= 1000, offset < content.length, state]).toEqual([true, true, "receiving"]);
    const more = { "upload-length": "5000000" };
    const another = await w.owner.http("POST", `/api/v1/datasets/${dataset}/uploads`, { headers: more });
    expect(told(another)).toEqual(FULL);
    disk.empty();
    expect((await part(offset, content.length)).status).toBe(204);
    const sha256 = createHash("sha256").update(content).digest("hex");
    expect(await w.owner.must("POST", `${at}/content`)).toMatchObject({ rows: 100_000, sha256 });
  });

  test("a submission is refused and there is no job; the same key then makes one, once", async () => {
    const job = sandboxJob(QUICK, ["n.json"], { purpose: `${level} submit` });
    const before = seen.count("jobs");
    disk.fill(leave);
    const refused = await submit(job, `submit-${leave}`);
    expect(told(refused)).toEqual(FULL);
    expect(refused.json.next).toMatch(/try again/);
    expect(seen.count("jobs")).toBe(before);
    disk.empty();
    const first = await submit(job, `submit-${leave}`);
    const again = await submit(job, `submit-${leave}`);
    expect([first.status, again.json.id, seen.count("jobs")]).toEqual([202, first.json.id, before + 1]);
    await awaitJob(w.auditors[0], first.json.id, ["held"]);
  });

  test("a run whose outputs find no room waits with them; it is not run again", async () => {
    const job = await submitJob(w.researcher, sandboxJob(SLOW, ["big.txt"], { purpose: `${level} outputs` }));
    await seen.reach("its program to run", () => seen.newestRun(job).state === "executing");
    const refused = since(REFUSED_UPLOAD);
    disk.fill(leave);
    await until(refused, "the upload to be refused");
    expect(seen.newestRun(job).uploaded).toBeLessThan(3);
    disk.empty();
    await awaitJob(w.auditors[0], job, ["held"]);
    expect(seen.runs(job).map(({ fence, state }) => [fence, state])).toEqual([[1, "ended"]]);
    expect(seen.outputs(job).map(({ name }) => name)).toEqual(["big.txt", "stderr.log", "stdout.log"]);
  });

  test("a check that finds no room is carried out later, and its outputs are kept", async () => {
    const job = await submitJob(w.researcher, sandboxJob(TABLES, MANY, { purpose: `${level} check` }));
    await seen.reach("its files to be there", () => seen.jobState(job) === "checking");
    const failed = since("a check could not be carried out");
    disk.fill(leave);
    await until(failed, "the check to be refused");
    disk.empty();
    await awaitJob(w.auditors[0], job, ["held"]);
    const [state, tries] = [
      seen.jobState(job),
      seen.rows<{ n: number }>("SELECT check_attempts AS n FROM jobs WHERE id = ?", job),
    ];
    expect([state, tries[0]?.n]).toEqual(["held", 0]);
    const tables = seen.outputs(job).filter(({ name }) => MANY.includes(name));
    expect(tables.map(({ object, raw_object }) => [object === null, raw_object])).toEqual(
      MANY.map(() => [false, null]),
    );
  });

  test("a vote, the approval and the bundle: told, or done later, never by half", async () => {
    const job = await submitJob(w.researcher, sandboxJob(QUICK, ["n.json"], { purpose: `${level} bundle` }));
    await awaitJob(w.researcher, job, ["held"]);
    const release = await requestRelease(w.researcher, job, ["n.json"]);
    await review(w.auditors[0], release);
    const body = await signedReview(w.auditors[1], release);
    const vote = () => w.auditors[1].http("POST", `/api/v1/releases/${release}/reviews`, { body });
    const refused = since('"tick":"airlock"');
    disk.fill(leave);
    const voted = await vote();
    if (leave === 0) {
      expect(told(voted)).toEqual(FULL);
      expect(seen.releaseState(release)).toBe("partially_reviewed");
    } else {
      expect(voted.status).toBe(201);
      expect(seen.releaseState(release)).toBe("approved");
      await until(refused, "the bundle to be refused");
      expect((await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`)).status).toBe(409);
    }
    disk.empty();
    if (leave === 0) expect((await vote()).status).toBe(201);
    await until(() => seen.releaseState(release) === "released", "the release");
    const bundle = await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`);
    expect(verifyBundle(bundle.bytes)).toMatchObject({ ok: true, problems: [] });
  });
});

test("jobs in the queue wait for room, at no cost of their tries", async () => {
  const slow = await submitJob(w.researcher, sandboxJob(SLOW, ["big.txt"], { purpose: "before" }));
  const waiting = await submitJob(w.researcher, sandboxJob(QUICK, ["n.json"], { purpose: "waits" }));
  await seen.reach("the first to run", () => seen.newestRun(slow).state === "executing");
  const refused = since(REFUSED_UPLOAD);
  disk.fill(RESERVE_ONLY);
  // The worker has finished with the first as far as it can; nothing takes the second.
  await until(refused, "the upload to be refused");
  expect([seen.jobState(waiting), seen.runs(waiting)]).toEqual(["queued", []]);
  disk.empty();
  await awaitJob(w.auditors[0], waiting, ["held"]);
  expect(seen.runs(waiting)).toHaveLength(1);
});

describe("no room in staging, which is memory", () => {
  const mounts = () =>
    readdirSync(defaultStagingRoot()).filter((name) =>
      node.workers.some((pid) => name.startsWith(`${pid}-`)),
    );
  const resize = (options: string) => {
    for (const name of mounts())
      execFileSync("mount", ["-o", `remount,${options}`, join(defaultStagingRoot(), name)]);
  };

  test("the run fails on the platform's account and is tried again; with room it is held", async () => {
    expect(mounts().length).toBeGreaterThan(0);
    resize("size=64k");
    const job = await submitJob(w.researcher, sandboxJob(QUICK, ["n.json"], { purpose: "staging" }));
    await until(() => seen.runs(job).some(({ state }) => state === "lost"), "its first run to be lost");
    resize("size=512m");
    await awaitJob(w.auditors[0], job, ["held"]);
    expect(seen.count("runs WHERE job = ?", job)).toBeLessThanOrEqual(3);
  });
});

test("a node that is started on a full disk says so, and starts when there is room", async () => {
  await node.stop();
  disk.fill();
  const ran = await glovebox(["up", "--data-dir", node.dataDir, "--port", "0", "--json"], {
    HOME: process.env.HOME!,
  });
  expect([ran.code, ran.json.error.code]).toEqual([1, "insufficient_storage"]);
  disk.empty();
  node = await node.restart();
  w = {
    ...w,
    admin: w.admin.at(node.url),
    owner: w.owner.at(node.url),
    researcher: w.researcher.at(node.url),
    auditors: [w.auditors[0].at(node.url), w.auditors[1].at(node.url)],
  };
});
