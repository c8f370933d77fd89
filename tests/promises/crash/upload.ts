/** Control is killed while an owner sends a dataset's content: there is the version before, or the whole new one. */
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { openKeys, openVault } from "../../../src/store/index.js";
import { FLCHAIN_CSV, type Json } from "../../harness/index.js";
import type { Victim } from "./victim.js";

const versions = (v: Victim) =>
  v.witness.rows<Json>("SELECT id, rows, source_sha256 FROM versions ORDER BY seq");
const drafts = (v: Victim) => readdirSync(join(v.node.dataDir, "vault", "tmp")).length;

/** flchain without its last `n` people, so that it is another content. */
function shortened(n: number): Buffer {
  const lines = readFileSync(FLCHAIN_CSV, "utf8").trimEnd().split("\n");
  return Buffer.from(`${lines.slice(0, lines.length - n).join("\n")}\n`);
}

const put = (v: Victim, content: Buffer) =>
  v.people.owner.http("PUT", "/api/v1/datasets/flchain/content", {
    body: content,
    headers: { "content-type": "text/csv" },
  });

/** Sends the first half, says so, and leaves the rest unsent. */
function sendHalf(v: Victim, content: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const half = Math.floor(content.length / 2);
    const headers = {
      authorization: `Bearer ${v.people.owner.token}`,
      "content-type": "text/csv",
      "content-length": content.length,
    };
    const url = `${v.node.url}/api/v1/datasets/flchain/content`;
    const sending = request(url, { method: "PUT", headers });
    // The kill breaks the connection: that is the test.
    sending.on("error", () => undefined);
    sending.write(content.subarray(0, half), () => resolve());
  });
}

const dataset = (v: Victim): Promise<Json> => v.people.owner.must("GET", "/api/v1/datasets/flchain");

export function uploadIsKilled(victim: () => Victim): void {
  describe("control is killed in the middle of an upload", () => {
    test("of which it had half: the version before stays, and the upload can be made again", async () => {
      const v = victim();
      const [before, shown] = [versions(v), await dataset(v)];
      const content = shortened(100);
      await sendHalf(v, content);
      await v.killAndRestart();
      expect(versions(v)).toEqual(before);
      expect(await dataset(v)).toEqual(shown);
      const again = await put(v, content);
      expect([again.status, again.json.rows]).toEqual([200, 7774]);
      expect(versions(v)).toHaveLength(before.length + 1);
    });

    test("that it was storing: there is no part of a version, and the same upload makes it whole", async () => {
      const v = victim();
      // Where the kill came after the version was whole it is there as it was sent, and another upload is killed.
      for (let left = 200; ; left++) {
        const before = versions(v);
        const content = shortened(left);
        const lost = put(v, content).catch(() => undefined);
        await v.witness.reach("a draft lies in the vault", () => drafts(v) > 0);
        await v.killAndRestart();
        await lost;
        expect(drafts(v)).toBe(0);
        const after = versions(v);
        if (after.length > before.length && left < 210) {
          expect(after).toEqual([...before, expect.objectContaining({ rows: 7_874 - left })]);
          continue;
        }
        expect(after).toEqual(before);
        const again = await put(v, content);
        expect([again.status, again.json.rows]).toEqual([200, 7_874 - left]);
        expect(versions(v)).toHaveLength(before.length + 1);
        return;
      }
    });

    test("between storing and naming what it stored: those bytes are nobody's, and are noted to go", async () => {
      const v = victim();
      await v.killControl();
      // What the vault holds in that moment; no node runs that could be disturbed.
      const vault = openVault(v.node.dataDir, openKeys(v.node.dataDir));
      const { object } = await vault.put(Buffer.from("stored by a control that died before its commit"));
      expect(v.witness.unnamed()).toEqual([object]);
      await v.restart();
      expect(v.witness.unnamed()).toEqual([]);
      expect(v.witness.count("dropped_objects WHERE object = ?", object)).toBe(1);
    });

    test("whose answer got lost: the same upload again changes nothing", async () => {
      const v = victim();
      const before = versions(v);
      const content = readFileSync(FLCHAIN_CSV);
      const other = shortened(300);
      const lost = put(v, other).catch(() => undefined);
      await v.witness.reach("the version is there", () => versions(v).length > before.length);
      await v.killAndRestart();
      await lost;
      const after = versions(v);
      expect((await put(v, other)).json).toMatchObject({ version: after.at(-1)?.id, rows: 7574 });
      expect(versions(v)).toEqual(after);
      // Back to the content that all other jobs are measured on: a version that is there already.
      expect((await put(v, content)).json).toMatchObject({ version: v.people.version, rows: 7874 });
      expect(versions(v)).toEqual(after);
      await v.heldOnce(await v.submit(0));
      await v.whole();
    });
  });
}
