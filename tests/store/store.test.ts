import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import { openStore, packageRoot, type Store } from "../../src/store/index.js";
import { MIGRATIONS, type Migration } from "../../src/store/migrations/index.js";

let dir: string;
const opened: Store[] = [];
const open = (options = {}) => {
  const store = openStore(join(dir, "data"), options);
  opened.push(store);
  return store;
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "store-"));
});
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
  rmSync(dir, { recursive: true, force: true });
});
const refusal = (act: () => unknown): string => {
  try {
    act();
    return "ok";
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
};

test("what is promised of the database holds: WAL, full sync, foreign keys, for its user alone", () => {
  const { db, dataDir } = open();
  const pragma = (name: string) => db.pragma(name, { simple: true });
  expect([pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")]).toEqual(["wal", 2, 1]);
  expect([pragma("temp_store"), pragma("trusted_schema"), pragma("busy_timeout")]).toEqual([2, 0, 5000]);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, "glovebox.db")).mode & 0o777).toBe(0o600);
  const loose = db
    .prepare("SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0")
    .pluck()
    .all();
  expect((loose as string[]).filter((name) => !name.startsWith("sqlite_"))).toEqual([]);
});

describe("one writer", () => {
  test("a second store on the same directory is refused, with the pid; closing lets it in", () => {
    const first = open();
    expect(refusal(() => open())).toBe(
      `state_conflict: another node (process ${process.pid}) is running on this data directory; stop it first`,
    );
    first.close();
    expect(refusal(() => open())).toBe("ok");
  });

  test("so it is between processes, and the lock of a killed one is gone at once", async () => {
    const script =
      "const [root, dir] = process.argv.slice(1); const { openStore } = await import(root + '/dist/store/index.js'); " +
      "openStore(dir); console.log('open'); setInterval(() => {}, 1000);";
    const args = ["--input-type=module", "-e", script, packageRoot(), join(dir, "data")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    expect(refusal(() => open())).toMatch(`(process ${child.pid})`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(refusal(() => open())).toBe("ok");
  });

  test("a reader looks on beside the writer and cannot write", () => {
    const writer = open();
    const reader = open({ readonly: true });
    writer.db.prepare("INSERT INTO meta (key, value) VALUES ('k', 'v')").run();
    expect(reader.db.prepare("SELECT value FROM meta WHERE key = 'k'").pluck().get()).toBe("v");
    expect(() => reader.db.prepare("DELETE FROM meta").run()).toThrow(/readonly/);
  });

  test("a reader of nothing is told so, and makes nothing", () => {
    expect(refusal(() => open({ readonly: true }))).toMatch("not_found");
    expect(existsSync(join(dir, "data"))).toBe(false);
  });
});

describe("the schema only goes forward", () => {
  const now = MIGRATIONS.length;
  const next: Migration = { version: now + 1, name: "next", sql: "CREATE TABLE extra (x INTEGER) STRICT;" };
  const versionOf = (store: Store) => store.db.pragma("user_version", { simple: true });

  test("a new directory gets all of it, an older one what it lacks, with its data kept", () => {
    const old = open();
    old.db.prepare("INSERT INTO meta (key, value) VALUES ('kept', 'yes')").run();
    old.close();
    const store = open({ migrations: [...MIGRATIONS, next] });
    expect(versionOf(store)).toBe(now + 1);
    expect(store.db.prepare("SELECT value FROM meta WHERE key = 'kept'").pluck().get()).toBe("yes");
    expect(store.db.prepare("SELECT count(*) FROM extra").pluck().get()).toBe(0);
  });

  test("a step that fails leaves the database as it was before that step", () => {
    const broken: Migration = {
      version: now + 2,
      name: "broken",
      sql: "CREATE TABLE half (x INTEGER) STRICT; BROKEN;",
    };
    expect(() => open({ migrations: [...MIGRATIONS, next, broken] })).toThrow(/syntax/);
    const store = open({ migrations: [...MIGRATIONS, next] });
    expect(versionOf(store)).toBe(now + 1);
    expect(store.db.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'half'").pluck().get()).toBe(0);
  });

  test("a newer schema is refused, by writer and reader, and not touched", () => {
    open({ migrations: [...MIGRATIONS, next] }).close();
    expect(refusal(() => open())).toMatch(
      `state_conflict: the database has schema ${now + 1}, newer than ${now}`,
    );
    expect(refusal(() => open({ readonly: true }))).toMatch("state_conflict");
    const db = new Database(join(dir, "data", "glovebox.db"));
    expect(db.pragma("user_version", { simple: true })).toBe(now + 1);
    db.close();
  });

  test("a schema that was made by other steps is refused", () => {
    const [first] = MIGRATIONS as [Migration];
    open({ migrations: [{ ...first, sql: `${first.sql}\n-- changed` }] }).close();
    expect(refusal(() => open())).toBe(
      "state_conflict: schema 1 (initial) of this database is not the one glovebox knows",
    );
  });

  test("versions count from one without a gap", () => {
    expect(MIGRATIONS.map((m) => m.version)).toEqual(MIGRATIONS.map((_, i) => i + 1));
  });
});
