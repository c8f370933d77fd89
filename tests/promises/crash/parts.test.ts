/**
 * Control is killed while content is sent in parts, or is being taken: what was told as kept is kept, the rest is sent
 * from there, and in the end there is one version, of the very bytes that were sent.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { auditLedger } from "../../../src/ledger/index.js";
import { openKeys, openStore } from "../../../src/store/index.js";
import { type Json, Person, type RunningNode, startNode, until, Witness } from "../../harness/index.js";

const ROWS = 200_000;
const CANARY = "Zhang-San-510102199003071234";
const content = Buffer.from(
  `id,age,note\n${Array.from({ length: ROWS }, (_, i) => `${i},${i % 90},${CANARY}-${i}-${"x".repeat(20)}`).join("\n")}\n`,
);
const sha256 = createHash("sha256").update(content).digest("hex");
const base64 = (text: string) => Buffer.from(text).toString("base64");
const PART = { "tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream" };

let node: RunningNode;
let owner: Person;
let seen: Witness;
beforeAll(async () => {
  node = await startNode({ workers: 0 });
  owner = await Person.add(Person.admin(node.url, node.adminToken), "bureau", ["owner"]);
  seen = new Witness(node.dataDir);
});
afterAll(async () => {
  seen?.close();
  await node?.destroy();
});

async function begin(name: string): Promise<string> {
  await owner.must("POST", "/api/v1/datasets", { name, unit_column: "id" });
  const headers = {
    "upload-length": String(content.length),
    "upload-metadata": `filetype ${base64("text/csv")},sha256 ${base64(sha256)}`,
  };
  const { id } = await owner.must("POST", `/api/v1/datasets/${name}/uploads`, undefined, headers);
  return `/api/v1/uploads/${id}`;
}

const offsetOf = async (at: string): Promise<number> =>
  Number((await owner.http("HEAD", at)).headers.get("upload-offset"));
const send = (at: string, offset: number, body: Buffer) =>
  owner.http("PATCH", at, { body, headers: { ...PART, "upload-offset": String(offset) } });
const take = (at: string): Promise<Json> => owner.must("POST", `${at}/content`);
const versionsOf = (name: string) =>
  seen.count("versions v JOIN datasets d ON d.id = v.dataset WHERE d.name = ?", name);

/** Sends these bytes of all that is left, and leaves the rest unsent until the connection breaks. */
function sendWithoutEnd(at: string, offset: number, body: Buffer): Promise<unknown> {
  const sending = request(node.url + at, {
    method: "PATCH",
    headers: {
      ...PART,
      authorization: `Bearer ${owner.token}`,
      "upload-offset": offset,
      "content-length": content.length - offset,
    },
  });
  // The kill breaks the connection: that is the test.
  const broken = new Promise((resolve) => sending.on("error", resolve));
  sending.write(body);
  return broken;
}

async function killAndRestart(): Promise<void> {
  await node.kill9();
  node = await node.restart();
  owner = owner.at(node.url);
}

function holdsNoPlaintext(): void {
  for (const name of readdirSync(node.dataDir, { recursive: true, encoding: "utf8" })) {
    const path = join(node.dataDir, name);
    if (statSync(path).isFile() && readFileSync(path).includes("Zhang-San"))
      throw new Error(`${name} holds plaintext`);
  }
}

describe("control is killed", () => {
  test("in the middle of a part, again and again: the upload goes on where it was told to be", async () => {
    const at = await begin("parts");
    for (const next of [1, 2]) {
      const offset = await offsetOf(at);
      const broken = sendWithoutEnd(at, offset, content.subarray(offset, offset + 5 * 1024 * 1024));
      await until(async () => (await offsetOf(at)) > offset, `part ${next} to be kept`);
      const kept = await offsetOf(at);
      await killAndRestart();
      await broken;
      // What came and was not told may be kept as well, never less.
      expect(await offsetOf(at)).toBeGreaterThanOrEqual(kept);
      holdsNoPlaintext();
    }
    expect(versionsOf("parts")).toBe(0);
    const offset = await offsetOf(at);
    expect(offset).toBeGreaterThan(8 * 1024 * 1024 - 1);
    expect((await send(at, offset - 1, content.subarray(offset - 1))).status).toBe(409);
    expect((await send(at, offset, content.subarray(offset))).status).toBe(204);
    expect(await take(at)).toMatchObject({ rows: ROWS, sha256, seq: 1 });
    expect(readdirSync(join(node.dataDir, "spool"))).toEqual([]);
  });

  test("while it makes the version: there is none, and asked again there is one", async () => {
    const at = await begin("taken");
    expect((await send(at, 0, content)).status).toBe(204);
    const lost = owner.http("POST", `${at}/content`).catch(() => undefined);
    await until(() => readdirSync(join(node.dataDir, "vault", "tmp")).length > 0, "a draft in the vault");
    await killAndRestart();
    await lost;
    // The kill may have come a moment after the version: then it is the one there is.
    expect(versionsOf("taken")).toBeLessThanOrEqual(1);
    const made = await take(at);
    expect(made).toMatchObject({ rows: ROWS, sha256, seq: 1 });
    expect(await take(at)).toEqual(made);
    expect(versionsOf("taken")).toBe(1);
  });

  test("before its answer arrived: asked again it is the same answer, and nothing happens twice", async () => {
    const at = await begin("answered");
    await send(at, 0, content);
    const lost = owner.http("POST", `${at}/content`).catch(() => undefined);
    await until(() => versionsOf("answered") === 1, "the version to be there");
    await killAndRestart();
    await lost;
    const made = await take(at);
    expect(made).toMatchObject({ rows: ROWS, sha256, seq: 1 });
    expect(made.evidence).toHaveLength(3);
    expect(versionsOf("answered")).toBe(1);
    const upload = await owner.must("GET", at);
    expect(seen.entries(upload.id)).toEqual({ "upload.begun": 1, "upload.taken": 1 });
  });

  test("and what it left is whole: the log, the vault, no plaintext and no file without use", async () => {
    await node.stop();
    holdsNoPlaintext();
    node = await node.restart();
    owner = owner.at(node.url);
    // Swept at the start.
    expect(readdirSync(join(node.dataDir, "spool"))).toEqual([]);
    expect(await seen.unreadable()).toEqual([]);
    const store = openStore(node.dataDir, { readonly: true });
    try {
      expect(auditLedger(store, openKeys(node.dataDir))).toMatchObject({ ok: true, problems: [] });
    } finally {
      store.close();
    }
  });
});
