/** The whole main job at the command line alone: every person with a terminal and a profile of their own. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  FLCHAIN_COLUMNS,
  FLCHAIN_CSV,
  type RunningNode,
  startNode,
  type TempDir,
  tempDir,
} from "../harness/index.js";
import { Terminal } from "./fixture.js";

const PROGRAM = `
import json, os
import pandas
d = pandas.read_csv("/data/flchain.csv")
print("rows", len(d), os.environ["GLOVEBOX_MODE"])
with open("/out/deaths.json", "w") as f:
    json.dump({sex: int(n) for sex, n in d.groupby("sex")["death"].sum().items()}, f)
`;

let node: RunningNode;
let dir: TempDir;
const people: Record<string, Terminal> = {};
let job: string;
let release: string;

const at = (name: string) => join(dir.path, name);
const who = (name: string): Terminal => people[name]!;

async function logIn(name: string, token: string): Promise<void> {
  people[name] = new Terminal({ GLOVEBOX_PROFILE: at(name) });
  await who(name).must("login", "--url", node.url, "--token", token);
}

beforeAll(async () => {
  dir = tempDir("cli");
  node = await startNode();
  writeFileSync(at("deaths.py"), PROGRAM);
  writeFileSync(at("describe.json"), JSON.stringify({ columns: FLCHAIN_COLUMNS }));
  await logIn("admin", node.adminToken);
}, 120_000);
afterAll(async () => {
  await node?.destroy();
  dir?.remove();
});

describe("the main job at the command line", () => {
  test("the admin adds people, who log in; an auditor's key is made and registered", async () => {
    for (const [name, role] of [
      ["bureau", "owner"],
      ["lin", "researcher"],
      ["chen", "auditor"],
      ["wu", "auditor"],
    ] as const) {
      const { token } = await who("admin").must("principal", "add", name, "--role", role);
      await logIn(name, token);
    }
    const profile = at("chen");
    expect(statSync(profile).mode & 0o777).toBe(0o700);
    expect(statSync(join(profile, "profile.json")).mode & 0o777).toBe(0o600);
    expect(statSync(join(profile, "signing-key.pem")).mode & 0o777).toBe(0o600);
    expect(existsSync(join(at("lin"), "signing-key.pem"))).toBe(false);
    const { items } = await who("admin").must("principal", "list");
    const keys = Object.fromEntries(
      items.map((p: { name: string; public_keys: string[] }) => [p.name, p.public_keys]),
    );
    expect(keys.chen).toHaveLength(1);
    expect(keys.lin).toEqual([]);
  });

  test("the owner registers, assesses and publishes", async () => {
    const owner = who("bureau");
    const added = await owner.must(
      ...["dataset", "add", FLCHAIN_CSV, "--name", "flchain", "--unit", "id"],
      ...["--describe", at("describe.json"), "--auditor", "chen", "wu"],
    );
    expect(added.rows).toBe(7874);
    await owner.must("dataset", "assess", "flchain");
    expect((await owner.must("dataset", "publish", "flchain")).state).toBe("published");
    const shown = await owner.run("dataset", "show", "flchain");
    expect(shown.stdout).toMatch(/kappa +decimal +sensitive +3 +0 … 30 mg\/dL/);
  });

  test("without a grant the researcher is refused by policy: exit 3, with the next step", async () => {
    const ran = await who("lin").run("run", "--dataset", "flchain", at("deaths.py"));
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain("(no_grant)");
    expect(ran.stderr).toContain("glovebox grant request");
  });

  test("a grant is requested and approved", async () => {
    const asked = await who("lin").must(
      "grant",
      "request",
      "--dataset",
      "flchain",
      "--purpose",
      "deaths by sex",
    );
    expect(asked.state).toBe("requested");
    expect((await who("bureau").must("grant", "approve", asked.id)).state).toBe("active");
  });

  test("a dry run shows its log at once and its outputs can be fetched", async () => {
    const lin = who("lin");
    const ran = await lin.run(
      ...["run", "--dataset", "flchain", "--out", "deaths.json", "--dry-run", "--wait", at("deaths.py")],
    );
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/rows 1000 dry_run/);
    const id = /job_[0-9A-Z]{26}/.exec(ran.stdout)![0];
    await lin.must("job", "outputs", id, "-o", at("dry"));
    expect(Object.keys(JSON.parse(readFileSync(join(at("dry"), "deaths.json"), "utf8")))).toEqual(["F", "M"]);
  });

  test("a real run is waited for; its outputs cannot be fetched", async () => {
    const lin = who("lin");
    const ran = await lin.must(
      "run",
      "--dataset",
      "flchain",
      "--out",
      "deaths.json",
      "--wait",
      at("deaths.py"),
    );
    job = ran.id;
    expect(ran.state).toBe("held");
    expect(ran.purpose).toBe("deaths by sex");
    expect((await lin.must("job", "wait", job)).state).toBe("held");
    const { items } = await lin.must("job", "outputs", job);
    expect(items.every((o: object) => Object.keys(o).sort().join() === "id,name")).toBe(true);
    const stolen = await lin.run("job", "outputs", job, "-o", at("stolen"));
    expect(stolen.code).not.toBe(0);
    expect(stolen.stdout).toBe("");
    expect(existsSync(join(at("stolen"), "deaths.json"))).toBe(false);
  });

  test("a release is requested, read by two auditors, signed and released", async () => {
    const asked = await who("lin").must(
      "release",
      "request",
      job,
      "deaths.json",
      "--why",
      "two counts over 7,874 people",
    );
    release = asked.id;
    expect(asked.state).toBe("submitted");
    expect((await who("lin").must("release", "submit", release)).state).toBe("submitted");
    const looked = await who("chen").must("release", "review", release, "--save", at("look"));
    const content = readFileSync(join(at("look"), "deaths.json"));
    expect(looked.fetched[0].sha256).toBe(createHash("sha256").update(content).digest("hex"));
    const first = await who("chen").must(
      "release",
      "review",
      release,
      "--approve",
      "--comment",
      "counts are large",
    );
    expect(first.state).toBe("partially_reviewed");
    expect((await who("lin").run("release", "download", release)).code).toBe(1);
    const second = await who("wu").must("release", "review", release, "--approve");
    expect(second.state).toBe("released");
  });

  test("the bundle is downloaded and verifies offline; one flipped byte does not", async () => {
    const saved = await who("lin").must("release", "download", release, "-o", at("out"));
    const offline = new Terminal({});
    const verified = await offline.run("verify", saved.path);
    expect(verified.stdout).toContain("verifies");
    expect(verified.code).toBe(0);
    const head = await who("chen").must("ledger", "head");
    expect(head.origin).toBe("glovebox/local");
    const bytes = readFileSync(saved.path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(at("flipped.zip"), bytes);
    const flipped = await offline.run("verify", at("flipped.zip"), "--json");
    expect(flipped.code).toBe(1);
    expect(flipped.json.ok).toBe(false);
    expect(flipped.json.problems.length).toBeGreaterThan(0);
  });

  test("an auditor reads the dataset's entries; the requester sees hashes and its own", async () => {
    const seen = await who("chen").must("ledger", "show");
    const kinds = seen.items.map((e: { leaf?: string }) => (e.leaf ? JSON.parse(e.leaf).kind : ""));
    expect(kinds).toEqual(expect.arrayContaining(["job.submitted", "release.released"]));
    const own = await who("lin").must("ledger", "show");
    expect(own.items.some((e: { leaf?: string }) => e.leaf?.includes("release.reviewed"))).toBe(false);
  });

  test("the running node's log audits whole", async () => {
    const report = await new Terminal({ HOME: process.env.HOME! }).must(
      "ledger",
      "audit",
      "--data-dir",
      node.dataDir,
    );
    expect(report).toMatchObject({ ok: true, problems: [] });
  });

  test("without a node a command says so and ends with 4", async () => {
    const lost = new Terminal({ GLOVEBOX_URL: "http://127.0.0.1:9", GLOVEBOX_TOKEN: "token-token" });
    const ran = await lost.run("job", "list");
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain("Is the node up");
    expect((await lost.run("job", "list", "--json")).json.error.code).toBe("unreachable");
  });

  test("in Chinese where the environment is", async () => {
    const ran = await new Terminal({ GLOVEBOX_PROFILE: at("lin"), LANG: "zh_CN.UTF-8" }).run("job", "list");
    expect(ran.stdout).toContain("待放行");
  });
});
