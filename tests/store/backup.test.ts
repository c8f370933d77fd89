/** Backup, restore and scrub over a real store and vault, with a writer beside them. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type Keys,
  objectColumns,
  openKeys,
  openStore,
  openVault,
  removeUnnamed,
  restoreBackup,
  type Store,
  scrub,
  takeBackup,
  type Vault,
} from "../../src/store/index.js";
import { MIGRATIONS } from "../../src/store/migrations/index.js";
import { systemClock } from "../../src/vocabulary/index.js";

let dir: string;
let store: Store;
let keys: Keys;
let vault: Vault;
const at = (...names: string[]) => join(dir, ...names);
const dataDir = () => at("data");
const keyFile = () => at("key");

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "backup-"));
  store = openStore(dataDir());
  keys = openKeys(dataDir(), { keyFile: keyFile() });
  vault = openVault(dataDir(), keys);
  store.db
    .prepare("INSERT INTO principals (id, name, roles, created_at) VALUES ('prn_1', 'owner', '[]', 0)")
    .run();
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

let named = 0;
/** A row that names an object. */
function name(object: string): string {
  const id = `dst_${++named}`;
  store.db
    .prepare(
      `INSERT INTO datasets (id, name, owner, state, open_type, grade, declared_columns, unit_index_object, created_at)
       VALUES (?, ?, 'prn_1', 'draft', 'conditional', 3, '[]', ?, 0)`,
    )
    .run(id, id, object);
  return id;
}
async function keep(content: Buffer): Promise<string> {
  const { object } = await vault.put(content);
  name(object);
  return object;
}
const backup = (target: string) => takeBackup({ dataDir: dataDir(), target, clock: systemClock });
const restore = (source: string, more: { keyFile?: string; keepDamaged?: boolean; target?: string } = {}) =>
  restoreBackup({
    source,
    target: more.target ?? at("restored"),
    keyFile: "keyFile" in more ? more.keyFile : keyFile(),
    keepDamaged: more.keepDamaged,
    audit: () => ({ ok: true }),
  });
const look = (unnamedBefore = Number.POSITIVE_INFINITY) => scrub({ store, vault, unnamedBefore });
const flip = (path: string, offset: number) => {
  const bytes = readFileSync(path);
  const place = offset < 0 ? bytes.length + offset : offset;
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  writeFileSync(path, bytes);
};
const fileOf = (root: string, object: string) => join(root, "vault", object.slice(0, 2), object.slice(2));
async function refusal(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "ok";
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

test("every column that names objects is known by its name alone", () => {
  const columns = objectColumns(store.db).map(({ table, column }) => `${table}.${column}`);
  expect(columns).toEqual(
    expect.arrayContaining([
      "datasets.unit_index_object",
      "jobs.code_object",
      "outputs.object",
      "outputs.raw_object",
    ]),
  );
  expect(columns).toEqual(
    expect.arrayContaining(["releases.bundle_object", "versions.object", "views.object"]),
  );
  expect(columns.some((column) => column.startsWith("dropped_objects"))).toBe(false);
});

describe.each(["kept", "kept.tar"])("a backup to %s", (target) => {
  test("restored elsewhere, is the same node: rows, objects, keys; what nothing named stays behind", async () => {
    const big = randomBytes(300_000);
    const [first, second] = [await keep(Buffer.from("first")), await keep(big)];
    const { object: stray } = await vault.put(Buffer.from("stray"));
    const manifest = await backup(at(target));
    const schema = MIGRATIONS.at(-1)!.version;
    expect(manifest).toMatchObject({ objects: 2, missing: [], schema, wrapping_key: "not included" });

    const report = await restore(at(target));
    expect(report).toMatchObject({ ok: true, restored: true, changed: [] });
    expect(report.opened?.scrub).toMatchObject({ ok: true, whole: 2, bytes: 300_005, unnamed: [] });
    const again = openStore(at("restored"));
    try {
      const restoredKeys = openKeys(at("restored"), { keyFile: keyFile() });
      expect(restoredKeys.identity.publicKey).toBe(keys.identity.publicKey);
      const objects = openVault(at("restored"), restoredKeys);
      expect(await objects.read(second, 1e6)).toEqual(big);
      expect([objects.has(first), objects.has(stray)]).toEqual([true, false]);
      expect(again.db.prepare("SELECT count(*) FROM datasets").pluck().get()).toBe(2);
    } finally {
      again.close();
    }
  });

  test("holds neither the wrapping key nor any plaintext", async () => {
    await keep(Buffer.from("the plain content of a version"));
    await backup(at(target));
    expect(spawnSync("grep", ["-rqaF", "the plain content", at(target)]).status).toBe(1);
    const names = execFileSync(
      "sh",
      ["-c", `test -d ${target} && find ${target} -type f || tar -tf ${target}`],
      {
        cwd: dir,
        encoding: "utf8",
      },
    );
    expect(names).not.toMatch(/key(?!s\.json)/);
  });

  test("is not taken over anything, nor into the node's own folder, and a failed one leaves nothing", async () => {
    await keep(Buffer.from("x"));
    await backup(at(target));
    expect(await refusal(backup(at(target)))).toMatch(/^state_conflict: .* not empty/);
    expect(await refusal(backup(join(dataDir(), target)))).toMatch(/^state_conflict: .*outside/);
    rmSync(join(dataDir(), "keys.json"));
    mkdirSync(at("new"));
    expect(await refusal(backup(at("new", target)))).toMatch(/ENOENT/);
    expect(readdirSync(at("new"))).toEqual([]);
  });

  test("is restored only into an empty place", async () => {
    await backup(at(target));
    mkdirSync(at("restored"));
    writeFileSync(at("restored", "mine"), "");
    expect(await refusal(restore(at(target)))).toMatch(/^state_conflict: .*not empty/);
    expect(readdirSync(at("restored"))).toEqual(["mine"]);
  });
});

describe("beside a writer", () => {
  test("rows and objects that come and go while it is taken: the backup is whole, of one moment", async () => {
    for (let i = 0; i < 40; i++) await keep(randomBytes(20_000));
    let on = true;
    const writing = (async () => {
      while (on) {
        const id = name((await vault.put(randomBytes(5_000))).object);
        const old = store.db
          .prepare("SELECT unit_index_object AS o FROM datasets WHERE id <> ? LIMIT 1")
          .get(id);
        const { o } = old as { o: string };
        store.db.prepare("DELETE FROM datasets WHERE unit_index_object = ?").run(o);
        if (vault.has(o)) vault.delete(o);
      }
    })();
    const manifest = await backup(at("kept.tar")).finally(() => {
      on = false;
    });
    await writing;
    expect(manifest.missing).toEqual([]);
    const report = await restore(at("kept.tar"));
    expect(report.ok).toBe(true);
    // It holds 40 rows at every moment, or 41 between two steps.
    expect([40, 41]).toContain(report.opened?.scrub.problems.length === 0 ? rowsOf(at("restored")) : -1);
  });

  const rowsOf = (directory: string): number => {
    const reader = openStore(directory, { readonly: true });
    try {
      return reader.db.prepare("SELECT count(*) FROM datasets").pluck().get() as number;
    } finally {
      reader.close();
    }
  };
});

describe("a backup that is not what was backed up", () => {
  let object: string;
  beforeEach(async () => {
    object = await keep(randomBytes(100_000));
    await keep(Buffer.from("other"));
    await backup(at("kept"));
  });
  const damage: [string, () => void, string][] = [
    ["a flipped byte of an object", () => flip(fileOf(at("kept"), object), 90_000), "vault/"],
    ["an object that is gone", () => unlinkSync(fileOf(at("kept"), object)), "vault/"],
    ["a flipped byte of the database", () => flip(at("kept", "glovebox.db"), 5_000), "glovebox.db"],
    ["changed keys", () => flip(at("kept", "keys.json"), 30), "keys.json"],
    [
      "an added object",
      () => {
        mkdirSync(at("kept", "vault", "ab"), { recursive: true });
        copyFileSync(fileOf(at("kept"), object), at("kept", "vault", "ab", "0".repeat(62)));
      },
      "vault/ab/0",
    ],
  ];
  test.each(damage)("%s is named, and the target left empty", async (_, act, expected) => {
    act();
    const report = await restore(at("kept"));
    expect(report).toMatchObject({ ok: false, restored: false });
    expect(report.changed.some((file) => file.startsWith(expected))).toBe(true);
    expect(readdirSync(at("restored")).filter((file) => !file.startsWith("node."))).toEqual([]);
  });

  test("even so its whole parts can be had, when asked for by name", async () => {
    flip(fileOf(at("kept"), object), 90_000);
    const report = await restore(at("kept"), { keepDamaged: true });
    expect(report).toMatchObject({ ok: false, restored: true });
    expect(report.opened?.scrub.problems).toEqual([
      { object, named_by: "datasets.unit_index_object", what: "damaged" },
    ]);
  });

  test("one that sums were rewritten for is still found by opening it", async () => {
    flip(fileOf(at("kept"), object), 90_000);
    const sums = execFileSync("sh", ["-c", "sha256sum vault/*/* glovebox.db keys.json"], { cwd: at("kept") });
    writeFileSync(at("kept", "SHA256SUMS"), sums);
    const manifest = JSON.parse(readFileSync(at("kept", "backup.json"), "utf8"));
    manifest.sums_sha256 = execFileSync("sha256sum", ["SHA256SUMS"], {
      cwd: at("kept"),
      encoding: "utf8",
    }).slice(0, 64);
    writeFileSync(at("kept", "backup.json"), JSON.stringify(manifest));
    const report = await restore(at("kept"));
    expect([report.changed, report.ok, report.opened?.scrub.problems[0]?.what]).toEqual([
      [],
      false,
      "damaged",
    ]);
  });

  test("an unfinished one, a foreign file, a link, an unknown form: no backup", async () => {
    expect(await refusal(restore(at("none")))).toMatch("not_found");
    writeFileSync(at("kept", "extra"), "");
    expect(await refusal(restore(at("kept")))).toMatch(/belongs to none/);
    unlinkSync(at("kept", "extra"));
    symlinkSync("/etc/passwd", at("kept", "vault", "link"));
    expect(await refusal(restore(at("kept")))).toMatch(/something else than files/);
    unlinkSync(at("kept", "vault", "link"));
    renameSync(at("kept", "backup.json"), at("manifest"));
    expect(await refusal(restore(at("kept")))).toMatch(/has no backup.json/);
    writeFileSync(at("kept", "backup.json"), '{"format":"glovebox backup 2"}');
    expect(await refusal(restore(at("kept")))).toMatch(/does not know/);
    expect(readdirSync(at("restored")).filter((file) => !file.startsWith("node."))).toEqual([]);
  });

  test("a tar that is cut is none; one made by tar of a folder is one", async () => {
    execFileSync("tar", ["-C", at("kept"), "-cf", at("made.tar"), "."]);
    expect((await restore(at("made.tar"))).ok).toBe(true);
    writeFileSync(at("cut.tar"), readFileSync(at("made.tar")).subarray(0, 60_000));
    expect(await refusal(restore(at("cut.tar"), { target: at("second") }))).toMatch("state_conflict");
    expect(readdirSync(at("second")).filter((file) => !file.startsWith("node."))).toEqual([]);
  });

  test("without the wrapping key the sums are compared, and the report claims no more; a wrong key is told", async () => {
    const home = process.env.HOME;
    process.env.HOME = at("nobody");
    try {
      const report = await restore(at("kept"), { keyFile: undefined });
      expect([report.ok, report.restored, report.opened]).toEqual([true, true, undefined]);
    } finally {
      process.env.HOME = home;
    }
    writeFileSync(at("other"), randomBytes(32), { mode: 0o600 });
    expect(await refusal(restore(at("kept"), { keyFile: at("other"), target: at("second") }))).toMatch(
      /not the one of this data directory/,
    );
    expect(existsSync(at("second", "glovebox.db"))).toBe(false);
  });

  test("the sums are what sha256sum reads", () => {
    const told = execFileSync("sha256sum", ["-c", "SHA256SUMS"], { cwd: at("kept"), encoding: "utf8" });
    expect(
      told
        .trim()
        .split("\n")
        .every((line) => line.endsWith(": OK")),
    ).toBe(true);
  });
});

describe("the scrub", () => {
  test("finds a flipped byte anywhere in an object, a missing object, and leaves all as it is", async () => {
    const objects = [
      await keep(randomBytes(200_000)),
      await keep(randomBytes(200_000)),
      await keep(randomBytes(9)),
    ];
    const [body, head, gone] = objects as [string, string, string];
    expect(await look()).toMatchObject({ ok: true, whole: 3, problems: [], unnamed: [] });
    flip(fileOf(dataDir(), body), -1);
    flip(fileOf(dataDir(), head), 20);
    unlinkSync(fileOf(dataDir(), gone));
    const report = await look();
    const named_by = "datasets.unit_index_object";
    expect(report.ok).toBe(false);
    expect(new Set(report.problems)).toEqual(
      new Set([
        { object: body, named_by, what: "damaged" },
        { object: head, named_by, what: "damaged" },
        { object: gone, named_by, what: "missing" },
      ]),
    );
    expect(vault.has(body)).toBe(true);
  });

  test("unnamed objects are told once they are older than the guard, and removed by the lock's holder alone", async () => {
    const kept = await keep(Buffer.from("kept"));
    const { object: young } = await vault.put(Buffer.from("young"));
    const { object: old } = await vault.put(Buffer.from("old"));
    const { object: dropped } = await vault.put(Buffer.from("dropped"));
    store.db.prepare("INSERT INTO dropped_objects (object, dropped_at) VALUES (?, 0)").run(dropped);
    utimesSync(fileOf(dataDir(), old), 1000, 1000);
    expect((await look(2_000_000)).unnamed).toEqual([old]);
    expect(new Set((await look()).unnamed)).toEqual(new Set([old, young]));
    const reader = openStore(dataDir(), { readonly: true });
    expect(() => removeUnnamed(reader, vault, [old])).toThrow(/lock/);
    reader.close();
    expect(removeUnnamed(store, vault, [old, kept])).toBe(1);
    expect([vault.has(old), vault.has(kept), vault.has(dropped)]).toEqual([false, true, true]);
  });

  test("finds what SQLite itself calls damage, and rows that point nowhere", async () => {
    name((await vault.put(Buffer.from("x"))).object);
    store.db.pragma("foreign_keys = OFF");
    store.db.prepare("UPDATE datasets SET owner = 'prn_nobody'").run();
    expect((await look()).problems).toEqual([
      { what: "database", detail: "a row of datasets names one of principals that is not there" },
    ]);
  });
});
