/** Both stories of `glovebox demo`, told to their end: what they claim to show is what their result says. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { verifyRelease } from "../../src/federated/verifier.js";
import { type Json, tempDir } from "../harness/index.js";

async function told(story: string, out: string): Promise<Json> {
  const words = [join(packageRoot, "bin", "glovebox"), "demo", story, "--out", out, "--json"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(await text(child.stdout)) as Json;
}

test("three domains: a table and a model over a death, one bundle, and three ledgers against the curious", async () => {
  const out = tempDir("demo");
  const { released, refused, bundle } = await told("domains", out.path);
  expect(released.map((r: Json) => r.files)).toEqual([["result.csv"], ["result.json"]]);
  expect(refused.map((r: Json) => r.domain)).toEqual(["health-bureau", "hospital", "insurer"]);
  expect(new Set(refused.map((r: Json) => r.reason))).toEqual(
    new Set(["a message that its author did not sign"]),
  );
  const { ok, proves } = verifyRelease(readFileSync(bundle), {});
  expect(ok).toBe(true);
  expect(proves.filter((line) => line.includes("cosigned by 2 of 2 others"))).toHaveLength(3);
  out.remove();
});

test("the main job: released, refused, and one flipped byte is caught", async () => {
  const out = tempDir("demo");
  const { released, refused, flipped_byte } = await told("job", out.path);
  expect(released.files).toEqual(["model.json", "deaths.csv", "km.png"]);
  expect(refused).toHaveLength(4);
  expect(flipped_byte.caught).toBe(true);
  out.remove();
});
