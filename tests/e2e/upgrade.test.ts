/** Data that an earlier version left is opened, audited and served by this one. tests/vectors/store says what it is. */
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { verifyBundle } from "../../src/airlock/index.js";
import { auditLedger, parseNote } from "../../src/ledger/index.js";
import { openKeys, openStore, openVault, type Store, scrub } from "../../src/store/index.js";
import { MIGRATIONS, type Migration } from "../../src/store/migrations/index.js";
import { glovebox } from "../cli/fixture.js";
import {
  awaitJob,
  call,
  type Json,
  Person,
  type RunningNode,
  sandboxJob,
  startNode,
  type TempDir,
  tempDir,
} from "../harness/index.js";
import { unzip } from "./reference.js";

const VECTORS = join(import.meta.dirname, "..", "vectors", "store");
const schemas = readdirSync(VECTORS).filter((name) => name.startsWith("schema-"));
const newest = MIGRATIONS.at(-1)!.version;

/** The vector's data in a folder of its own, restored as an operator would. */
async function restored(folder: string, place: TempDir): Promise<{ dataDir: string; keyFile: string }> {
  const keyFile = join(place.path, "wrapping.key");
  copyFileSync(join(VECTORS, folder, "wrapping.key"), keyFile);
  chmodSync(keyFile, 0o600);
  const dataDir = join(place.path, "data");
  const words = ["restore", join(VECTORS, folder, "node.tar"), "--data-dir", dataDir, "--key-file", keyFile];
  const ran = await glovebox([...words, "--json"]);
  expect([ran.code, ran.json.ok, ran.json.opened.ledger.problems]).toEqual([0, true, []]);
  return { dataDir, keyFile };
}

test("there is data of the first schema, and of none that is not known", () => {
  expect(schemas).toContain("schema-1");
  const known = MIGRATIONS.map(({ version }) => `schema-${version}`);
  expect(schemas.filter((name) => !known.includes(name))).toEqual([]);
});

describe.each(schemas)("a node's data of %s", (folder) => {
  const told: Json = JSON.parse(readFileSync(join(VECTORS, folder, "expect.json"), "utf8"));
  const bundle = readFileSync(join(VECTORS, folder, "bundle.zip"));
  let place: TempDir;
  let node: RunningNode;
  const as = (name: string) => ({
    get: (path: string) => call(node.url, "GET", `/api/v1${path}`, { token: told.tokens[name] }),
  });

  beforeAll(async () => {
    place = tempDir("upgrade");
    const { dataDir, keyFile } = await restored(folder, place);
    writeFileSync(join(dataDir, "admin.token"), `${told.tokens.admin}\n`, { mode: 0o600 });
    node = await startNode({
      dataDir,
      env: { GLOVEBOX_KEY_FILE: keyFile },
      args: ["--domain", told.origin.replace("glovebox/", "")],
    });
  });
  afterAll(async () => {
    await node?.destroy();
    place?.remove();
  });

  test("is brought to the newest schema, and its log continues the head that was given out", async () => {
    const store = openStore(node.dataDir, { readonly: true });
    try {
      expect(store.db.pragma("user_version", { simple: true })).toBe(newest);
      const keys = openKeys(node.dataDir, { keyFile: join(place.path, "wrapping.key") });
      expect(auditLedger(store, keys, [told.checkpoint])).toMatchObject({ ok: true, problems: [] });
      const vault = openVault(node.dataDir, keys, { readonly: true });
      expect(await scrub({ store, vault, unnamedBefore: 0 })).toMatchObject({ ok: true, problems: [] });
    } finally {
      store.close();
    }
    const head = (await as("wu").get("/ledger/checkpoint")).text;
    expect(parseNote(head)?.origin).toBe(told.origin);
  });

  test("is served: people by their tokens, dataset, twin, release and its bundle, byte for byte", async () => {
    expect((await as("lin").get("/me")).json).toMatchObject({ name: "lin", roles: ["researcher"] });
    expect((await as("bureau").get("/datasets/people")).json).toMatchObject({ state: "published", grade: 3 });
    expect((await as("lin").get("/datasets/people/synthetic")).text.split("\n")[0]).toBe(
      "id,年龄,district,amount",
    );
    const { release } = told.released;
    expect((await as("lin").get(`/releases/${release}`)).json.state).toBe("released");
    expect((await as("lin").get(`/releases/${release}/bundle`)).bytes.equals(bundle)).toBe(true);
    expect((await as("chen").get(`/jobs/${told.held.job}`)).json.state).toBe("held");
  });

  test("the bundle of that time verifies", () => {
    const receipt = JSON.parse(unzip(bundle).get("receipt.json")?.toString() ?? "{}");
    const verified = verifyBundle(bundle, { origin: told.origin, key: receipt.log.public_key });
    expect(verified).toMatchObject({ ok: true, problems: [] });
    expect(unzip(bundle).get("outputs/districts.csv")?.toString()).toBe(told.output);
  });

  test("its version of the dataset is worked on: a new job over it runs and is held", async () => {
    const admin = Person.admin(node.url, told.tokens.admin);
    const lin = { token: told.tokens.lin };
    const program =
      'n = sum(1 for _ in open("/data/people.csv")) - 1\nopen("/out/n.json", "w").write(str(n))\n';
    const job = await call(node.url, "POST", "/api/v1/jobs", {
      ...lin,
      body: sandboxJob(program, ["n.json"], { datasets: ["people"], purpose: "counts by district" }),
    });
    expect(job.status).toBe(202);
    const watcher = await Person.add(admin, "watcher", ["auditor"]);
    await call(node.url, "PATCH", "/api/v1/datasets/people", {
      token: told.tokens.bureau,
      body: { auditors: ["chen", "wu", "watcher"] },
    });
    await awaitJob(watcher, job.json.id, ["held"]);
    const { items } = await watcher.must("GET", `/api/v1/jobs/${job.json.id}/outputs`);
    expect(items.map(({ name }: Json) => name)).toContain("n.json");
  });
});

describe("a schema to come, made up, over the data of the first", () => {
  let place: TempDir;
  let at: { dataDir: string; keyFile: string };
  beforeAll(async () => {
    place = tempDir("upgrade");
    at = await restored("schema-1", place);
  });
  afterAll(() => place?.remove());

  const next: Migration = {
    version: newest + 1,
    name: "made up",
    sql: `ALTER TABLE jobs ADD COLUMN label TEXT NOT NULL DEFAULT '';
          UPDATE jobs SET label = kind || '/' || mode;
          CREATE TABLE labels (label TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
          INSERT INTO labels SELECT label, count(*) FROM jobs GROUP BY label;`,
  };
  const open = (migrations: readonly Migration[]): Store => openStore(at.dataDir, { migrations });

  test("one that fails changes nothing: this version still opens what is there", () => {
    expect(() =>
      open([...MIGRATIONS, { ...next, sql: `${next.sql} INSERT INTO nowhere VALUES (1);` }]),
    ).toThrow();
    const store = openStore(at.dataDir);
    expect(store.db.pragma("user_version", { simple: true })).toBe(newest);
    expect(
      store.db.prepare("SELECT count(*) FROM pragma_table_info('jobs') WHERE name = 'label'").pluck().get(),
    ).toBe(0);
    store.close();
  });

  test("one that holds keeps rows, log and objects, and is not gone back from", async () => {
    const store = open([...MIGRATIONS, next]);
    try {
      expect(store.db.prepare("SELECT label, n FROM labels").all()).toEqual([
        { label: "sandbox/real", n: 2 },
      ]);
      const keys = openKeys(at.dataDir, { keyFile: at.keyFile });
      expect(auditLedger(store, keys)).toMatchObject({ ok: true });
      const vault = openVault(at.dataDir, keys, { readonly: true });
      expect(await scrub({ store, vault, unnamedBefore: 0 })).toMatchObject({ ok: true });
    } finally {
      store.close();
    }
    open([...MIGRATIONS, next]).close();
    expect(() => openStore(at.dataDir)).toThrow(/newer than/);
  });
});
