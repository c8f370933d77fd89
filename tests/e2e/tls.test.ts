/** A node that other machines reach: TLS on every address, and its own workers work all the same. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { glovebox, type Ran } from "../cli/fixture.js";
import { type Json, type RunningNode, startNode, type TempDir, tempDir } from "../harness/index.js";

const tls = (name: string) => join(packageRoot, "tests", "vectors", "tls", name);

let place: TempDir;
let node: RunningNode;
let url: string;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  place = tempDir("tls");
  const args = ["--host", "0.0.0.0", "--tls-cert", tls("localhost.crt"), "--tls-key", tls("localhost.key")];
  node = await startNode({ workers: 1, args });
  url = `https://localhost:${new URL(node.url).port}`;
  tokens.admin = node.adminToken;
});
afterAll(async () => {
  await node?.destroy();
  place?.remove();
});

async function as(who: string, ...words: string[]): Promise<Ran> {
  const profile = join(place.path, who);
  mkdirSync(profile, { recursive: true, mode: 0o700 });
  return glovebox(words, {
    GLOVEBOX_URL: url,
    GLOVEBOX_TOKEN: tokens[who] ?? "",
    GLOVEBOX_PROFILE: profile,
    NODE_EXTRA_CA_CERTS: tls("localhost.crt"),
  });
}
async function must(who: string, ...words: string[]): Promise<Json> {
  const ran = await as(who, ...words, "--json");
  if (ran.code !== 0) throw new Error(`${words.join(" ")}: ${ran.stdout}${ran.stderr}`);
  return ran.json;
}

test("a job is run by the node's own worker, though no certificate names the address that it listens on", async () => {
  for (const [name, role] of [
    ["bureau", "owner"],
    ["lin", "researcher"],
    ["chen", "auditor"],
    ["wu", "auditor"],
  ] as const)
    tokens[name] = (await must("admin", "principal", "add", name, "--role", role)).token;
  const people = join(place.path, "people.csv");
  writeFileSync(people, `id,age\n${Array.from({ length: 40 }, (_, i) => `P${i},${20 + i}`).join("\n")}\n`);
  await must(
    "bureau",
    "dataset",
    "add",
    people,
    "--name",
    "people",
    "--unit",
    "id",
    "--auditor",
    "chen",
    "wu",
  );
  await must("bureau", "dataset", "assess", "people");
  await must("bureau", "dataset", "publish", "people");
  const asked = await must("lin", "grant", "request", "--dataset", "people", "--purpose", "tests");
  await must("bureau", "grant", "approve", asked.id);
  const script = join(place.path, "lines.py");
  writeFileSync(script, 'print(len(open("/data/people.csv").readlines()))\n');
  const ran = await as("lin", "run", "--dataset", "people", "--dry-run", "--wait", script);
  expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^1001$/m)]);
});
