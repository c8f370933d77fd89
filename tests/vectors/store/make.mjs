/**
 * Makes `schema-<n>/`, the data of a node as the present version of glovebox leaves it, for later versions to open:
 *
 *   node tests/vectors/store/make.mjs
 *
 *   node.tar       `glovebox backup` of it: one published dataset, one job released, one held
 *   wrapping.key   its wrapping key; it protects nothing but this made-up data
 *   bundle.zip     the release bundle as it was downloaded
 *   expect.json    what must be found: people's tokens, ids, the head of the log and its public key
 *
 * All people and values are made up. Made once for each schema, when that schema is released; never remade after.
 * Needs what `npm run demo` needs.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../../scripts/setup/home.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const program = join(packageRoot, "bin", "glovebox");
const work = mkdtempSync(join(tmpdir(), "glovebox-vector-"));
const at = (/** @type {string} */ name) => join(work, name);
const env = { PATH: process.env.PATH, HOME: work, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache` };
const PROGRAM = `import csv, collections
rows = list(csv.DictReader(open("/data/people.csv")))
n = collections.Counter(r["district"] for r in rows)
with open("/out/districts.csv", "w") as f:
    f.write("district,count\\n")
    for name in sorted(n): f.write(f"{name},{n[name]}\\n")
print("rows", len(rows))
`;

/** 90 made-up persons in three districts. */
function people() {
  const lines = ["id,年龄,district,amount"];
  for (let i = 0; i < 90; i++)
    lines.push(`P${String(1000 + i)},${20 + ((i * 7) % 60)},${["east", "north", "west"][i % 3]},${((i * 37) % 1000) / 10}`);
  return `${lines.join("\n")}\n`;
}

const DESCRIBE = {
  columns: [
    { name: "id", class: "identifier", grade: 3 },
    { name: "年龄", class: "quasi-identifier", grade: 3, bounds: [18, 100], unit: "year" },
    { name: "district", class: "quasi-identifier", grade: 2, categories: ["east", "north", "west"] },
    { name: "amount", class: "sensitive", grade: 3, bounds: [0, 100] },
  ],
};

/** One command of a person; the JSON that it answers. @param {string} who @param {string[]} words */
function run(who, ...words) {
  const [first = "", ...rest] = words;
  const args = first === "run" ? ["run", "--json", ...rest] : [...words, "--json"];
  const out = execFileSync(process.execPath, [program, ...args], { env: { ...env, GLOVEBOX_PROFILE: at(who) } });
  return JSON.parse(out.toString());
}

/** @returns {Promise<{ url: string, stop: () => Promise<unknown> }>} */
function startNode() {
  const args = ["up", "--data-dir", at("data"), "--port", "0", "--workers", "1", "--domain", "vector", "--json"];
  const child = spawn(process.execPath, [program, ...args, "--log-level", "error"], {
    env: { ...env, GLOVEBOX_KEY_FILE: at("wrapping.key") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = () => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    return gone;
  };
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the node ended before it was ready")));
    createInterface({ input: child.stdout }).once("line", (line) => resolve({ ...JSON.parse(line), stop }));
  });
}

/** @param {string} url */
function story(url) {
  /** @type {Record<string, string>} */
  const tokens = {};
  /** @param {string} name @param {string} token */
  const logIn = (name, token) => {
    tokens[name] = token;
    run(name, "login", "--url", url, "--token", token);
  };
  logIn("admin", readFileSync(at("data/admin.token"), "utf8").trim());
  for (const [name, role] of Object.entries({ bureau: "owner", lin: "researcher", chen: "auditor", wu: "auditor" }))
    logIn(name, run("admin", "principal", "add", name, "--role", role).token);
  writeFileSync(at("people.csv"), people());
  writeFileSync(at("describe.json"), JSON.stringify(DESCRIBE));
  writeFileSync(at("count.py"), PROGRAM);
  run("bureau", "dataset", "add", at("people.csv"), "--name", "people", "--unit", "id", "--title", "人口样例",
    "--describe", at("describe.json"), "--auditor", "chen", "wu");
  run("bureau", "dataset", "assess", "people");
  run("bureau", "dataset", "publish", "people");
  const grant = run("lin", "grant", "request", "--dataset", "people", "--purpose", "counts by district");
  run("bureau", "grant", "approve", grant.id);
  const jobs = [1, 2].map(
    () => run("lin", "run", "--dataset", "people", "--out", "districts.csv", "--wait", at("count.py")).id,
  );
  const release = run("lin", "release", "request", jobs[0], "districts.csv", "--why", "a made-up report").id;
  for (const auditor of ["chen", "wu"]) run(auditor, "release", "review", release, "--approve");
  return { tokens, grant: grant.id, released: { job: jobs[0], release }, held: { job: jobs[1] } };
}

const node = await startNode();
try {
  const told = story(node.url);
  // The bundle is made by itself, soon after the last vote.
  for (let tries = 0; ; tries++) {
    if (run("lin", "release", "show", told.released.release).state === "released") break;
    if (tries > 100) throw new Error("the release was not released");
  }
  const fetched = run("lin", "release", "download", told.released.release, "-o", at("bundle"));
  const head = run("wu", "ledger", "head");
  run("admin", "backup", at("node.tar"), "--data-dir", at("data"));
  const { schema } = run("admin", "restore", at("node.tar"), "--data-dir", at("check"), "--key-file", at("wrapping.key")).manifest;
  const target = join(here, `schema-${schema}`);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "node.tar"), readFileSync(at("node.tar")));
  writeFileSync(join(target, "wrapping.key"), readFileSync(at("wrapping.key")), { mode: 0o600 });
  writeFileSync(join(target, "bundle.zip"), readFileSync(fetched.path));
  const expect = {
    source: "made by tests/vectors/store/make.mjs; all people and values are made up",
    expect: "opens, audits and serves under every later version",
    schema,
    ...told,
    checkpoint: head.note,
    origin: head.origin,
    rows: 90,
    output: "district,count\neast,30\nnorth,30\nwest,30\n",
  };
  writeFileSync(join(target, "expect.json"), `${JSON.stringify(expect, null, 1)}\n`);
  process.stdout.write(`written: ${target}\n`);
} finally {
  await node.stop();
  rmSync(work, { recursive: true, force: true });
}
