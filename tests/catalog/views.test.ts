import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { JobMode } from "../../src/vocabulary/index.js";
import {
  type CatalogFixture,
  CSV,
  catalogFixture,
  datasetIn,
  entriesOf,
  give,
  outcomeOf,
  put,
} from "./fixture.js";

let f: CatalogFixture;
let name: string;
beforeEach(async () => {
  f = catalogFixture();
  name = await datasetIn(f, "published", { synthetic_rows: 5 });
});
afterEach(() => f.end());

const current = () => f.catalog.datasets.row(name).current_version!;
const ensure = (grant: string, mode: JobMode = "real", versionId: string = current()) =>
  f.catalog.views.ensure({ grant: f.catalog.grants.row(grant), versionId, mode });
const text = async (object: string) => (await f.vault.read(object, 1 << 20)).toString();
const rows = () => f.store.db.prepare("SELECT COUNT(*) FROM views").pluck().get();

describe("a View", () => {
  test("is all columns as they are, but those the grant drops", async () => {
    const whole = await ensure(give(f, name).id);
    expect(await text(whole.object)).toBe(CSV);
    expect(whole.rows).toBe(3);
    const part = await ensure(give(f, name, { constraints: { drop_columns: ["city"] } }).id);
    expect(await text(part.object)).toBe("id,age\na1,61\na2,72\na3,55\n");
    expect(part.spec_sha256).not.toBe(whole.spec_sha256);
  });

  test("is made once, and found again by whoever has the same terms", async () => {
    const first = await ensure(give(f, name).id);
    const again = await ensure(give(f, name, { principal: "operator" }).id);
    expect(again.viewId).toBe(first.viewId);
    expect(f.engine.calls.materialise).toBe(1);
    expect(entriesOf(f, first.viewId)).toEqual(["view.made"]);
  });

  test("is made once for all who ask at the same time", async () => {
    const grant = give(f, name).id;
    const made = await Promise.all(Array.from({ length: 20 }, () => ensure(grant)));
    expect(new Set(made.map((v) => v.viewId)).size).toBe(1);
    expect([f.engine.calls.materialise, rows()]).toEqual([1, 1]);
  });

  test("that could not be made can be asked for again, by each who waited", async () => {
    const grant = give(f, name).id;
    f.engine.gate = Promise.reject(new Error("engine died"));
    f.engine.gate.catch(() => {});
    const tries = await Promise.allSettled([ensure(grant), ensure(grant)]);
    expect(tries.map((t) => t.status)).toEqual(["rejected", "rejected"]);
    f.engine.gate = Promise.resolve();
    await expect(ensure(grant)).resolves.toMatchObject({ rows: 3 });
  });

  test("whose object was lost is made again, the same to the byte", async () => {
    const grant = give(f, name).id;
    const first = await ensure(grant);
    f.vault.delete(first.object);
    const again = await ensure(grant);
    expect(again).toMatchObject({ viewId: first.viewId, sha256: first.sha256 });
    expect(await text(again.object)).toBe(CSV);
  });

  test("opens with the data key of its own object and of no other", async () => {
    const whole = await ensure(give(f, name).id);
    const part = await ensure(give(f, name, { constraints: { drop_columns: ["city"] } }).id);
    expect(whole.data_key()).toEqual(f.vault.dataKey(whole.object));
    expect(whole.data_key().equals(part.data_key())).toBe(false);
  });

  test("is of the version that was asked for, not of the newest", async () => {
    const old = current();
    await put(f, name, "id,age,city\nb1,44,Xian\n");
    const grant = give(f, name).id;
    expect(await text((await ensure(grant, "real", old)).object)).toBe(CSV);
    expect((await ensure(grant)).rows).toBe(1);
  });

  test("is not given on a grant of another dataset, nor without sandbox access", async () => {
    const other = await datasetIn(f, "published", { name: "other" });
    expect(await outcomeOf(ensure(give(f, other).id))).toBe("no_grant");
    for (const access of ["query", "synthetic"] as const)
      expect(await outcomeOf(ensure(give(f, name, { access }).id))).toBe("forbidden");
    expect(f.engine.calls.materialise).toBe(0);
  });
});

describe("a rehearsal", () => {
  test("gets the twin, which is made without opening the version", async () => {
    const opened: string[] = [];
    const real = f.vault.get.bind(f.vault);
    f.vault.get = (object) => {
      opened.push(object);
      return real(object);
    };
    const twin = await ensure(give(f, name).id, "dry_run");
    f.vault.get = real;
    expect(opened).toEqual([]);
    expect(f.engine.calls.materialise).toBe(0);
    const csv = await text(twin.object);
    expect(csv.split("\n")).toHaveLength(7);
    for (const value of ["a1", "Wuhan", "Chengdu"]) expect(csv).not.toContain(value);
  });

  test("drops what the grant drops, and works with synthetic access", async () => {
    const grant = give(f, name, { access: "synthetic", constraints: { drop_columns: ["age"] } }).id;
    const twin = await ensure(grant, "dry_run");
    expect((await text(twin.object)).split("\n")[0]).toBe("id,city");
  });

  test("never shares a View with a real run", async () => {
    const grant = give(f, name).id;
    const [twin, real] = [await ensure(grant, "dry_run"), await ensure(grant)];
    expect(twin.viewId).not.toBe(real.viewId);
    expect(twin.spec_sha256).not.toBe(real.spec_sha256);
  });

  test("sees the same twin of two versions that fit the same assessment", async () => {
    const grant = give(f, name).id;
    const before = await ensure(grant, "dry_run");
    await put(f, name, "id,age,city\nb1,44,Xian\n");
    const after = await ensure(grant, "dry_run");
    expect(after.sha256).toBe(before.sha256);
  });
});

describe("scanning", () => {
  test("looks through every version of the job once, with texts as bytes or as openers", async () => {
    const first = current();
    const other = await datasetIn(f, "published", { name: "other" });
    const second = f.catalog.datasets.row(other).current_version!;
    const texts = [
      { name: "a", content: Buffer.from("text") },
      { name: "b", content: () => f.vault.get(f.catalog.datasets.version(first).object) },
    ];
    expect(await f.catalog.scanOutputs({ versionIds: [first, second, first], texts })).toEqual([]);
    expect(f.engine.calls.scan).toBe(2);
    expect(await f.catalog.scanOutputs({ versionIds: [first], texts: [] })).toEqual([]);
    expect(f.engine.calls.scan).toBe(2);
  });
});
