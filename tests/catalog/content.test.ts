import { createHash } from "node:crypto";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { MARK } from "./engine-double.js";
import { type CatalogFixture, CSV, catalogFixture, datasetIn, entriesOf, outcomeOf, put } from "./fixture.js";

let f: CatalogFixture;
beforeEach(() => {
  f = catalogFixture({ maxContentBytes: 4096 });
  f.catalog.datasets.create(f.owner, { name: "d", unit_column: "id" });
});
afterEach(() => f.end());

const objects = () => [...f.vault.list()].length;
const versions = () => f.store.db.prepare("SELECT COUNT(*) FROM versions").pluck().get();
const dropped = () => f.store.db.prepare("SELECT COUNT(*) FROM dropped_objects").pluck().get();

describe("a new version", () => {
  test("is the content's own hash, is encrypted, and is written down once", async () => {
    const info = await put(f, "d");
    expect(info).toMatchObject({
      seq: 1,
      rows: 3,
      units: 3,
      sha256: createHash("sha256").update(CSV).digest("hex"),
      columns: [{ name: "id" }, { name: "age" }, { name: "city" }],
    });
    const version = f.catalog.datasets.version(info.version);
    expect((await f.vault.read(version.object, 4096)).toString()).toBe(MARK + CSV);
    expect(entriesOf(f, info.version)).toEqual(["version.added"]);
    expect(f.catalog.datasets.row("d").current_version).toBe(info.version);
  });

  test("does not touch the ones before it", async () => {
    const first = await put(f, "d");
    const before = f.catalog.datasets.version(first.version);
    const second = await put(f, "d", `${CSV}a4,80,Harbin\n`);
    expect(second.seq).toBe(2);
    expect(f.catalog.datasets.version(first.version)).toEqual(before);
    expect(f.vault.has(before.object)).toBe(true);
    expect(f.catalog.datasets.get(f.owner, "d").versions?.map((v) => v.seq)).toEqual([2, 1]);
  });

  test("of the same bytes is the version that they were", async () => {
    const first = await put(f, "d");
    const size = f.ledger.size();
    expect((await put(f, "d")).version).toBe(first.version);
    expect(f.ledger.size()).toBe(size);
    expect(versions()).toBe(1);
  });

  test("of earlier bytes makes that earlier version current again", async () => {
    const first = await put(f, "d");
    await put(f, "d", `${CSV}a4,80,Harbin\n`);
    expect((await put(f, "d")).version).toBe(first.version);
    expect(f.catalog.datasets.row("d").current_version).toBe(first.version);
    expect(entriesOf(f, first.version)).toEqual(["version.added", "version.restored"]);
  });

  test("continues the unit index of the last", async () => {
    await put(f, "d");
    const before = f.catalog.datasets.row("d").unit_index_object!;
    await put(f, "d", `${CSV}a4,80,Harbin\n`);
    expect(f.catalog.datasets.row("d").unit_index_object).not.toBe(before);
    expect(f.store.db.prepare("SELECT object FROM dropped_objects").pluck().all()).toEqual([before]);
  });

  test("under a published entry must fit what was assessed; the refusal names columns and no values", async () => {
    const name = await datasetIn(f, "published");
    const refused = async (csv: string) => {
      try {
        await put(f, name, csv);
        return "ok";
      } catch (error) {
        expect(JSON.stringify((error as { params: unknown }).params)).not.toContain("CANARY");
        return (error as { params: { errors: { path: string }[] } }).params.errors.map((e) => e.path);
      }
    };
    expect(await refused("id,age,city,income\na1,1,CANARY,CANARY\n")).toEqual(["income"]);
    expect(await refused("id,age\na1,CANARY\n")).toEqual(["city"]);
    expect(await refused("id,city,age\na1,CANARY,1\n")).toEqual(["columns"]);
    expect(await refused("id,age,city\na1,,CANARY\n")).toEqual(["age"]);
    expect(await refused("id,age,city\nb9,30,Xian\n")).toBe("ok");
    expect(f.catalog.datasets.row(name).state).toBe("published");
  });
});

describe("what fails leaves nothing", () => {
  const untouched = async (act: Promise<unknown>, code: string) => {
    const before = { objects: objects(), size: f.ledger.size(), row: f.catalog.datasets.row("d") };
    expect(await outcomeOf(act)).toBe(code);
    expect(versions()).toBe(0);
    expect(f.ledger.size()).toBe(before.size);
    expect(f.catalog.datasets.row("d")).toEqual(before.row);
    expect(objects() - before.objects).toBe(dropped());
  };

  test("a file beyond the limit, however it is cut", async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.from("x,y,z\n".repeat(20));
      })(),
    );
    await untouched(f.catalog.datasets.putContent(f.owner, "d", endless, "text/csv"), "too_large");
    expect(endless.destroyed).toBe(true);
  });

  test("a client that goes away in the middle", async () => {
    const source = new PassThrough();
    const act = f.catalog.datasets.putContent(f.owner, "d", source, "text/csv");
    source.write("id,age\na1,");
    source.destroy(new Error("gone"));
    await expect(act).rejects.toThrow();
    expect([versions(), objects()]).toEqual([0, 0]);
    expect((await put(f, "d")).seq).toBe(1);
  });

  test("a media type that is not taken, and a charset that is not read", async () => {
    for (const type of ["application/json", "text/csv; charset=latin1", "", "text/csvx"])
      await untouched(
        f.catalog.datasets.putContent(f.owner, "d", Readable.from([CSV]), type),
        "invalid_input",
      );
    const source = Readable.from([CSV]);
    await f.catalog.datasets.putContent(f.owner, "d", source, 'Text/CSV; header=present; charset="UTF-8"');
    expect(versions()).toBe(1);
  });

  test("someone else's hand", async () => {
    for (const actor of [f.admin, f.otherOwner, f.researcher, f.auditor])
      await untouched(put(f, "d", CSV, actor), "not_found");
    const name = await datasetIn(f, "published");
    for (const actor of [f.admin, f.otherOwner, f.researcher, f.auditor])
      expect(await outcomeOf(put(f, name, "id,age,city\nb,1,c\n", actor))).toBe("forbidden");
  });

  test("an entry that was retired, or redeclared, while its content streamed in", async () => {
    let open = () => {};
    f.engine.gate = new Promise((done) => {
      open = done;
    });
    const act = put(f, "d");
    f.catalog.datasets.patch(f.owner, "d", { columns: [{ name: "age", type: "integer" }] });
    open();
    expect(await outcomeOf(act)).toBe("state_conflict");
    expect(versions()).toBe(0);
    expect(dropped()).toBe(objects());
  });

  test("a second upload while the first is under way", async () => {
    let open = () => {};
    f.engine.gate = new Promise((done) => {
      open = done;
    });
    const first = put(f, "d");
    expect(await outcomeOf(put(f, "d", `${CSV}a4,80,Harbin\n`))).toBe("state_conflict");
    open();
    expect((await first).seq).toBe(1);
    expect((await put(f, "d", `${CSV}a4,80,Harbin\n`)).seq).toBe(2);
  });

  test("a retired entry takes no content", async () => {
    const name = await datasetIn(f, "retired");
    expect(await outcomeOf(put(f, name))).toBe("state_conflict");
  });

  test("a vault that fails on the second object", async () => {
    const real = f.vault.put.bind(f.vault);
    let calls = 0;
    f.vault.put = async (source) => {
      if (++calls === 2) throw new Error("disk full");
      return real(source);
    };
    await expect(put(f, "d")).rejects.toThrow("disk full");
    f.vault.put = real;
    expect([versions(), dropped(), objects()]).toEqual([0, 1, 1]);
    expect((await put(f, "d")).seq).toBe(1);
  });

  test("a ledger that refuses the transaction", async () => {
    const real = f.ledger.commit.bind(f.ledger);
    f.ledger.commit = () => {
      throw new Error("no");
    };
    await expect(put(f, "d")).rejects.toThrow("no");
    f.ledger.commit = real;
    expect([versions(), dropped()]).toEqual([0, objects()]);
    expect((await put(f, "d")).seq).toBe(1);
  });
});
