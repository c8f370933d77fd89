/** Content that is sent in parts: what is kept, who may go on, when it ends, and what becomes of it. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createCatalog } from "../../../src/catalog/index.js";
import { UPLOAD_LIMITS } from "../../../src/catalog/uploads/policy.js";
import {
  type CatalogFixture,
  CSV,
  catalogFixture,
  datasetIn,
  entriesOf,
  outcomeOf,
  put,
} from "../fixture.js";

let f: CatalogFixture;
beforeEach(() => {
  f = catalogFixture({ maxContentBytes: 4096 });
  f.catalog.datasets.create(f.owner, { name: "d", unit_column: "id" });
});
afterEach(() => f.end());

const base64 = (text: string) => Buffer.from(text).toString("base64");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const told = (content: string, type = "text/csv") =>
  `filetype ${base64(type)},sha256 ${base64(sha256(content))}`;

const begin = async (content = CSV, metadata = told(content), dataset = "d") =>
  (await f.catalog.uploads.begin(f.owner, dataset, Buffer.byteLength(content), metadata)).id;
const send = (id: string, offset: number, text: string, actor = f.owner) =>
  f.catalog.uploads.append(actor, id, offset, Readable.from([Buffer.from(text)]));
const offsetOf = (id: string) => f.catalog.uploads.get(f.owner, id).offset;
const spooled = () => readdirSync(join(f.store.dataDir, "spool"));
const versions = () => f.store.db.prepare("SELECT count(*) FROM versions").pluck().get();

/** Sends half of the content and then nothing more; `leave` breaks the connection. */
function half(id: string, content = CSV, from = 0) {
  const source = new PassThrough();
  const sending = f.catalog.uploads.append(f.owner, id, from, source);
  source.write(content.slice(from, from + 10));
  return { sending, leave: () => source.destroy(new Error("gone")) };
}

describe("an upload", () => {
  test("sent in parts becomes the version that the whole would have become", async () => {
    const id = await begin();
    expect(await send(id, 0, CSV.slice(0, 20))).toMatchObject({ state: "receiving", offset: 20 });
    expect(await send(id, 20, CSV.slice(20))).toMatchObject({ state: "complete", offset: CSV.length });
    const info = await f.catalog.uploads.take(f.owner, id);
    expect(info).toMatchObject({ seq: 1, rows: 3, sha256: sha256(CSV) });
    expect(f.catalog.uploads.get(f.owner, id)).toMatchObject({ state: "taken", version: info.version });
    expect((await put(f, "d")).version).toBe(info.version);
    expect(entriesOf(f, id)).toEqual(["upload.begun", "upload.taken"]);
    expect(spooled()).toEqual([]);
  });

  test("keeps what came of a part that broke off, and goes on there", async () => {
    const id = await begin();
    const { sending, leave } = half(id);
    leave();
    expect(await outcomeOf(sending)).toBe("invalid_input");
    const kept = offsetOf(id);
    await send(id, kept, CSV.slice(kept));
    expect(await f.catalog.uploads.take(f.owner, id)).toMatchObject({ sha256: sha256(CSV) });
  });

  test("is gone on with by a node that was started anew, and at no other offset than its own", async () => {
    const id = await begin();
    await send(id, 0, CSV.slice(0, 12));
    f.catalog = createCatalog(f);
    for (const offset of [0, 11, 13, CSV.length, -1, Number.NaN])
      expect(await outcomeOf(send(id, offset, "x"))).toMatch(/state_conflict|invalid_input/);
    expect(offsetOf(id)).toBe(12);
    await send(id, 12, CSV.slice(12));
    expect(await f.catalog.uploads.take(f.owner, id)).toMatchObject({ rows: 3 });
  });

  test("has one writer: a second is refused until the first has gone", async () => {
    const id = await begin();
    const { sending, leave } = half(id);
    expect(await outcomeOf(send(id, 0, "x"))).toBe("state_conflict");
    leave();
    await outcomeOf(sending);
    expect(await outcomeOf(send(id, offsetOf(id), CSV.slice(offsetOf(id))))).toBe("ok");
  });

  test("is not held by a sender that fell silent", async () => {
    f.catalog = createCatalog({ ...f, uploadIdleMs: 30 });
    const id = await begin();
    const { sending } = half(id);
    expect(await outcomeOf(sending)).toBe("invalid_input");
    expect(offsetOf(id)).toBe(10);
    expect(await outcomeOf(send(id, 10, CSV.slice(10)))).toBe("ok");
  });

  test("takes no byte beyond its length, and keeps those within", async () => {
    const id = await begin();
    expect(await outcomeOf(send(id, 0, `${CSV}more`))).toBe("too_large");
    expect(offsetOf(id)).toBe(0);
    await send(id, 0, CSV.slice(0, 5));
    expect(await outcomeOf(send(id, 5, `${CSV}more`))).toBe("too_large");
    expect(offsetOf(id)).toBe(5);
  });

  test("is to everybody but its sender as if it were not there", async () => {
    const name = await datasetIn(f, "published");
    const id = await begin(CSV, told(CSV), name);
    await send(id, 0, CSV);
    for (const actor of [f.admin, f.otherOwner, f.researcher, f.auditor, f.operator]) {
      expect(await outcomeOf(send(id, CSV.length, "", actor))).toBe("not_found");
      expect(await outcomeOf(f.catalog.uploads.take(actor, id))).toBe("not_found");
      for (const act of ["get", "metadata", "terminate"] as const)
        expect(() => f.catalog.uploads[act](actor, id)).toThrow(/no such upload/);
    }
    expect(f.catalog.uploads.list(f.owner, name).items.map((u) => u.id)).toEqual([id]);
  });

  test("lies on the disk encrypted from its first byte, metadata and answer too", async () => {
    const content = `id,age,city\n${"Zhang-San-510102,61,Wuhan\n".repeat(60)}`;
    const id = await begin(content, `filename ${base64("Zhang-San.csv")},${told(content)}`);
    await send(id, 0, content.slice(0, 1000));
    const search = () => {
      f.store.db.pragma("wal_checkpoint(TRUNCATE)");
      for (const name of readdirSync(f.store.dataDir, { recursive: true, encoding: "utf8" })) {
        const path = join(f.store.dataDir, name);
        if (statSync(path).isFile())
          expect([name, readFileSync(path).includes("Zhang-San")]).toEqual([name, false]);
      }
    };
    search();
    expect(f.catalog.uploads.metadata(f.owner, id)).toContain(base64("Zhang-San.csv"));
    await send(id, 1000, content.slice(1000));
    await f.catalog.uploads.take(f.owner, id);
    search();
  });
});

describe("a part with a checksum", () => {
  const part = (id: string, text: string, digest: Buffer) =>
    f.catalog.uploads.append(f.owner, id, 0, Readable.from([Buffer.from(text)]), {
      algorithm: "sha256",
      digest,
    });
  const digest = (text: string) => createHash("sha256").update(text).digest();

  test("counts when it is right, and not at all when it is wrong or broke off", async () => {
    const id = await begin();
    expect(await outcomeOf(part(id, CSV.slice(0, 9), digest("other")))).toBe("checksum_mismatch");
    const source = new PassThrough();
    const sending = f.catalog.uploads.append(f.owner, id, 0, source, {
      algorithm: "sha256",
      digest: digest(CSV),
    });
    source.write(CSV.slice(0, 9));
    source.destroy(new Error("gone"));
    expect(await outcomeOf(sending)).toBe("invalid_input");
    expect(offsetOf(id)).toBe(0);
    expect(await part(id, CSV.slice(0, 9), digest(CSV.slice(0, 9)))).toMatchObject({ offset: 9 });
  });
});

describe("taking", () => {
  const complete = async (content = CSV, metadata = told(content)) => {
    const id = await begin(content, metadata);
    await send(id, 0, content);
    return id;
  };

  test("waits for the last byte", async () => {
    const id = await begin();
    await send(id, 0, CSV.slice(0, -1));
    expect(await outcomeOf(f.catalog.uploads.take(f.owner, id))).toBe("state_conflict");
  });

  test("asked twice at once and again later is one version and the same answer", async () => {
    const id = await complete();
    const [first, second] = await Promise.all([
      f.catalog.uploads.take(f.owner, id, { delimiter: "," }),
      f.catalog.uploads.take(f.owner, id, { delimiter: "," }),
    ]);
    expect(second).toEqual(first);
    expect(f.engine.calls.import).toBe(1);
    f.catalog = createCatalog(f);
    const size = f.ledger.size();
    expect(await f.catalog.uploads.take(f.owner, id, { delimiter: "," })).toEqual(first);
    expect(f.ledger.size()).toBe(size);
    expect(await outcomeOf(f.catalog.uploads.take(f.owner, id, { delimiter: ";" }))).toBe("state_conflict");
    expect(await outcomeOf(send(id, CSV.length, ""))).toBe("state_conflict");
    expect(() => f.catalog.uploads.terminate(f.owner, id)).toThrow(/has become a version/);
  });

  test("that is refused leaves the upload to be read another way, and no version", async () => {
    const id = await complete();
    f.engine.gate = Promise.reject(Object.assign(new Error("unreadable")));
    await expect(f.catalog.uploads.take(f.owner, id, { encoding: "utf-16le" })).rejects.toThrow("unreadable");
    expect(versions()).toBe(0);
    f.engine.gate = Promise.resolve();
    expect(await f.catalog.uploads.take(f.owner, id)).toMatchObject({ seq: 1 });
  });

  test("checks that the content is what its sender announced", async () => {
    const id = await complete(CSV, told(`${CSV}other`));
    expect(await outcomeOf(f.catalog.uploads.take(f.owner, id))).toBe("invalid_input");
    expect([versions(), f.catalog.uploads.get(f.owner, id).state]).toEqual([0, "complete"]);
  });

  test("reads bytes that were changed on the disk as a failure of the node, and makes nothing of them", async () => {
    const id = await complete();
    const path = join(f.store.dataDir, "spool", id);
    const bytes = readFileSync(path);
    bytes[bytes.length - 20]! ^= 1;
    writeFileSync(path, bytes);
    expect(await outcomeOf(f.catalog.uploads.take(f.owner, id))).toBe("internal");
    expect(versions()).toBe(0);
  });

  test("believes a media type that is taken, and the bytes where another was said", async () => {
    for (const type of ["text/csv; charset=utf-8", "application/vnd.ms-excel", ""]) {
      const content = `${CSV}x${type.length},1,c\n`;
      const id = await complete(content, type === "" ? "" : told(content, type));
      expect(await outcomeOf(f.catalog.uploads.take(f.owner, id))).toBe("ok");
    }
  });
});

describe("limits", () => {
  test("a length beyond what content may have, or that is none", async () => {
    expect(await outcomeOf(f.catalog.uploads.begin(f.owner, "d", 4097, ""))).toBe("too_large");
    for (const length of [-1, 0.5, Number.NaN, Number.MAX_VALUE])
      expect(await outcomeOf(f.catalog.uploads.begin(f.owner, "d", length, ""))).toBe("invalid_input");
    expect(spooled()).toEqual([]);
  });

  test("how many a principal has unfinished", async () => {
    const ids: string[] = [];
    for (let i = 0; i < UPLOAD_LIMITS.open; i++) ids.push(await begin());
    expect(await outcomeOf(begin())).toBe("state_conflict");
    f.catalog.uploads.terminate(f.owner, ids[0]!);
    expect(entriesOf(f, ids[0]!)).toEqual(["upload.begun", "upload.ended"]);
    expect(await outcomeOf(begin())).toBe("ok");
    expect(spooled()).toHaveLength(UPLOAD_LIMITS.open);
  });

  test("more than there is room for", async () => {
    f.end();
    f = catalogFixture({ maxContentBytes: Number.MAX_SAFE_INTEGER });
    f.catalog.datasets.create(f.owner, { name: "d", unit_column: "id" });
    expect(await outcomeOf(f.catalog.uploads.begin(f.owner, "d", 2 ** 52, ""))).toBe("insufficient_storage");
    expect(spooled()).toEqual([]);
  });

  test("metadata that is not of the protocol", async () => {
    for (const metadata of [
      "a b c",
      "a !",
      "ä YQ==",
      `a ${"A".repeat(5000)}`,
      "a YQ==,a YQ==",
      "sha256 YQ==",
    ])
      expect(await outcomeOf(begin(CSV, metadata))).toBe("invalid_input");
    expect(await outcomeOf(begin(CSV, "is_confidential,filename YQ=="))).toBe("ok");
  });

  test("an entry that takes no content, or is another's", async () => {
    const name = await datasetIn(f, "retired");
    expect(await outcomeOf(begin(CSV, "", name))).toBe("state_conflict");
    expect(await outcomeOf(f.catalog.uploads.begin(f.otherOwner, "d", 1, ""))).toBe("not_found");
  });
});

describe("the sweep", () => {
  test("ends what is past its time, which each byte moves on", async () => {
    const [quiet, busy] = [await begin(), await begin()];
    f.clock.advance(UPLOAD_LIMITS.keep_ms - 1);
    await send(busy, 0, "i");
    f.clock.advance(1);
    expect(f.catalog.uploads.sweep()).toBe(1);
    expect(entriesOf(f, quiet)).toEqual(["upload.begun", "upload.ended"]);
    expect(await outcomeOf(send(quiet, 0, "i"))).toBe("not_found");
    expect(spooled()).toEqual([busy]);
  });

  test("ends those of a retired dataset and of a revoked principal", async () => {
    const name = await datasetIn(f, "published");
    const id = await begin(CSV, "", name);
    f.catalog.datasets.retire(f.owner, name);
    expect(f.catalog.uploads.sweep()).toBe(1);
    const mine = await begin();
    f.catalog.principals.revoke(f.admin, "owner");
    expect(f.catalog.uploads.sweep()).toBe(1);
    for (const ended of [id, mine]) expect(entriesOf(f, ended)).toEqual(["upload.begun", "upload.ended"]);
  });

  test("leaves alone what is being sent or taken", async () => {
    const id = await begin();
    const { sending, leave } = half(id);
    f.clock.advance(UPLOAD_LIMITS.keep_ms + 1);
    expect(f.catalog.uploads.sweep()).toBe(0);
    expect(() => f.catalog.uploads.terminate(f.owner, id)).toThrow(/at this moment/);
    leave();
    await outcomeOf(sending);
    const kept = offsetOf(id);
    await send(id, kept, CSV.slice(kept));
    let open = () => {};
    f.engine.gate = new Promise((done) => {
      open = done;
    });
    const taking = f.catalog.uploads.take(f.owner, id);
    f.clock.advance(UPLOAD_LIMITS.keep_ms + 1);
    expect(f.catalog.uploads.sweep()).toBe(0);
    open();
    expect(await taking).toMatchObject({ rows: 3 });
  });

  test("removes files that no upload names, and ends uploads whose file is gone", async () => {
    const [whole, cut] = [await begin(), await begin()];
    await send(cut, 0, CSV.slice(0, 10));
    writeFileSync(join(f.store.dataDir, "spool", "upl_left_by_a_crash"), "x");
    truncateSync(join(f.store.dataDir, "spool", cut), 80);
    f.catalog.uploads.sweep();
    expect(spooled()).toEqual([whole]);
    expect(entriesOf(f, cut)).toEqual(["upload.begun", "upload.ended"]);
  });

  test("forgets the answer of a taken one after its time; the version stays", async () => {
    const id = await begin();
    await send(id, 0, CSV);
    const { version } = await f.catalog.uploads.take(f.owner, id);
    f.clock.advance(UPLOAD_LIMITS.keep_ms + 1);
    expect(f.catalog.uploads.sweep()).toBe(0);
    expect(await outcomeOf(f.catalog.uploads.take(f.owner, id))).toBe("not_found");
    expect(f.catalog.datasets.row("d").current_version).toBe(version);
    expect(entriesOf(f, id)).toEqual(["upload.begun", "upload.taken"]);
  });
});
