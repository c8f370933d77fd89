/**
 * A backup taken while a node works, its machine lost, and the node restored elsewhere from backup and wrapping key:
 * what was released before is served and verifies, what was held can still be released, and the log goes on.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { verifyBundle } from "../../src/airlock/index.js";
import { glovebox } from "../cli/fixture.js";
import {
  awaitJob,
  type Json,
  type RunningNode,
  requestRelease,
  review,
  sandboxJob,
  startNode,
  submitJob,
  type TempDir,
  tempDir,
  until,
  Witness,
  type World,
  world,
  worldAt,
} from "../harness/index.js";

const COUNT = `import csv, os
rows = list(csv.DictReader(open("/data/flchain.csv")))
open("/out/n.json", "w").write('{"persons": %d}' % len(rows))
`;

let place: TempDir;
let keyFile: string;
let node: RunningNode;
let w: World;
let released: { id: string; zip: Buffer; key: string; origin: string };
let held: string;

const inPlace = (name: string) => join(place.path, name);
const run = (...words: string[]) => glovebox([...words, "--json"], { GLOVEBOX_KEY_FILE: keyFile });

async function release(people: World, job: string): Promise<{ id: string; zip: Buffer }> {
  // Its outputs can be asked for once its end shows to its submitter, which is later than it is.
  await awaitJob(people.researcher, job);
  const id = await requestRelease(people.researcher, job, ["n.json"]);
  for (const auditor of people.auditors) await review(auditor, id);
  let zip: Buffer | undefined;
  await until(async () => {
    const answer = await people.researcher.http("GET", `/api/v1/releases/${id}/bundle`);
    zip = answer.status === 200 ? answer.bytes : undefined;
    return zip !== undefined;
  }, "the bundle");
  return { id, zip: zip! };
}

beforeAll(async () => {
  place = tempDir("backup");
  keyFile = inPlace("wrapping.key");
  node = await startNode({ dataDir: inPlace("data"), env: { GLOVEBOX_KEY_FILE: keyFile } });
  w = await world(node);
  const jobs = [1, 2].map(() => submitJob(w.researcher, sandboxJob(COUNT, ["n.json"])));
  const [first, second] = (await Promise.all(jobs)) as [string, string];
  for (const job of [first, second]) await awaitJob(w.auditors[0], job, ["held"]);
  held = second;
  const done = await release(w, first);
  const { log } = JSON.parse(entry(done.zip, "receipt.json"));
  released = { ...done, key: log.public_key, origin: log.origin ?? "glovebox/local" };
});
afterAll(async () => {
  await node?.destroy();
  place?.remove();
});

/** One stored file of a bundle. */
function entry(zip: Buffer, name: string): string {
  const at = zip.indexOf(name);
  return zip.subarray(at + name.length, at + name.length + zip.readUInt32LE(at - 30 + 18)).toString();
}

test("backups taken while jobs are submitted, run, are held and are cancelled are each whole and of one moment", async () => {
  let on = true;
  const busy = (async () => {
    for (let i = 0; on; i++) {
      const job = await submitJob(w.researcher, sandboxJob(COUNT, ["n.json"], { purpose: `busy ${i}` }));
      await awaitJob(w.auditors[0], job, i % 2 === 0 ? ["held"] : ["running", "held"]);
      if (i % 2 === 1) await w.researcher.http("POST", `/api/v1/jobs/${job}/cancel`, { body: {} });
    }
  })();
  for (const name of ["one", "two.tar", "three"]) {
    const taken = await run("backup", inPlace(name), "--data-dir", node.dataDir);
    expect([taken.code, taken.json.missing, taken.json.wrapping_key]).toEqual([0, [], "not included"]);
  }
  on = false;
  await busy;
  for (const name of ["one", "two.tar", "three"]) {
    const target = inPlace(`check-${name}`);
    const restored = await run("restore", inPlace(name), "--data-dir", target);
    expect([name, restored.code, restored.json.ok, restored.json.changed]).toEqual([name, 0, true, []]);
    expect(restored.json.opened.ledger).toMatchObject({ ok: true, problems: [] });
    expect(restored.json.opened.scrub).toMatchObject({ ok: true, problems: [] });
  }
});

test("a scrub beside the running node finds all whole", async () => {
  const scrubbed = await run("scrub", "--data-dir", node.dataDir);
  expect([scrubbed.code, scrubbed.json.ok, scrubbed.json.removed]).toEqual([0, true, 0]);
  const refused = await run("scrub", "--repair", "--data-dir", node.dataDir);
  expect([refused.code, refused.json.error.code]).toEqual([1, "state_conflict"]);
});

test("restored where nothing was before, the node serves: old bundle, held outputs, the people with their tokens", async () => {
  const before = (await w.auditors[0].http("GET", "/api/v1/ledger/checkpoint")).text;
  expect((await run("backup", inPlace("last.tar"), "--data-dir", node.dataDir)).code).toBe(0);
  const head = (await w.auditors[0].http("GET", "/api/v1/ledger/checkpoint")).text;
  await node.destroy();

  const target = inPlace("elsewhere");
  expect((await run("restore", inPlace("last.tar"), "--data-dir", target)).code).toBe(0);
  expect(readdirSync(target).sort()).toEqual(expect.arrayContaining(["glovebox.db", "keys.json", "vault"]));
  // The admin's token is known by its hash alone; the file with it is not in a backup.
  writeFileSync(join(target, "admin.token"), `${w.admin.token}\n`, { mode: 0o600 });
  node = await startNode({ dataDir: target, env: { GLOVEBOX_KEY_FILE: keyFile } });
  const people = worldAt(w, node);

  const bundle = await people.researcher.http("GET", `/api/v1/releases/${released.id}/bundle`);
  expect(bundle.bytes.equals(released.zip)).toBe(true);
  expect(verifyBundle(bundle.bytes, { origin: released.origin, key: released.key })).toMatchObject({
    ok: true,
    problems: [],
  });
  const next = await release(people, held);
  expect(verifyBundle(next.zip, { origin: released.origin, key: released.key }).ok).toBe(true);
  expect(JSON.parse(entry(next.zip, "outputs/n.json"))).toEqual({ persons: 7874 });

  const witness = new Witness(target);
  try {
    process.env.GLOVEBOX_KEY_FILE = keyFile;
    expect(witness.audit([before, head])).toMatchObject({ ok: true });
  } finally {
    delete process.env.GLOVEBOX_KEY_FILE;
    witness.close();
  }
  const job = await submitJob(people.researcher, sandboxJob(COUNT, ["n.json"]));
  await awaitJob(people.auditors[0], job, ["held"]);
});

test("one flipped byte in a stopped node's vault is found by name; --repair touches nothing of it", async () => {
  await node.stop();
  const object = (() => {
    const witness = new Witness(node.dataDir);
    try {
      return witness.rows<{ object: string }>("SELECT object FROM versions")[0]!.object;
    } finally {
      witness.close();
    }
  })();
  const file = join(node.dataDir, "vault", object.slice(0, 2), object.slice(2));
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 4, bytes.length >> 1);
  writeFileSync(file, bytes);
  for (const words of [["scrub"], ["scrub", "--repair"]]) {
    const found = await run(...words, "--data-dir", node.dataDir);
    expect(found.code).toBe(1);
    expect(found.json.problems.map(({ object, what }: Json) => [object, what])).toEqual([
      [object, "damaged"],
    ]);
    expect(found.json.ledger.ok).toBe(true);
  }
  expect(readFileSync(file).equals(bytes)).toBe(true);
  const told = await glovebox(["scrub", "--data-dir", node.dataDir], { GLOVEBOX_KEY_FILE: keyFile });
  expect(told.stdout).toContain(`damaged: ${object} (versions.object)`);
});
