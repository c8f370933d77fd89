/**
 * The README is followed to the letter by a person for each role, in a shell, in the order in which it stands: every
 * command of its section "Use it", with nothing changed but the port and what it leaves open (gbx_…, grt_…, job_…, rel_…).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { ended, freePort, type TempDir, tempDir, terminate, until } from "../harness/index.js";

const PEOPLE = ["bureau", "lin", "chen", "wu"];
/** Who types what: the first beginning that fits. The reader is told who in the sentence before each block. */
const TYPISTS: [beginning: string, people: string[]][] = [
  ["glovebox principal", ["admin"]],
  ["glovebox login", PEOPLE],
  ["glovebox dataset synth", ["lin"]],
  ["glovebox dataset", ["bureau"]],
  ["glovebox grant request", ["lin"]],
  ["glovebox grant approve", ["bureau"]],
  ["glovebox run", ["lin"]],
  ["glovebox table", ["lin"]],
  ["glovebox query", ["lin"]],
  ["glovebox release request", ["lin"]],
  ["glovebox job outputs", ["chen", "wu"]],
  ["glovebox release review", ["chen", "wu"]],
  ["glovebox release download", ["lin"]],
  ["glovebox verify", ["lin"]],
];

interface Typed {
  line: string;
  said: string;
}

let desk: TempDir;
let port: number;
let node: ChildProcess;
/** All that was typed and what came, by line. */
const typed: Typed[] = [];
const tokens = new Map<string, string>();

/** Commands of the section, in order, without comments, each on one line. */
function readme(): string[] {
  const section =
    readFileSync(join(packageRoot, "README.md"), "utf8").split("## Use it")[1]?.split("\n## ")[0] ?? "";
  const blocks = [...section.matchAll(/```\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");
  return blocks
    .join("")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "");
}

const environment = (person: string): NodeJS.ProcessEnv => ({
  PATH: `${desk.path}/bin:${process.env.PATH}`,
  // The machine's own set-up is found by it; what a person keeps lies elsewhere.
  HOME: process.env.HOME,
  XDG_CONFIG_HOME: join(desk.path, "home", person),
  GLOVEBOX_URL: `http://127.0.0.1:${port}`,
  ...(process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {}),
});

const shell = (person: string, line: string): ChildProcess =>
  spawn("bash", ["-c", line], {
    cwd: desk.path,
    env: environment(person),
    stdio: ["ignore", "pipe", "pipe"],
  });

/** What the README leaves open: the newest id of the kind that was shown, or one's own token. */
function filledIn(person: string, line: string): string {
  const shown = typed.map(({ said }) => said).join("\n");
  return line.replaceAll(/\b(gbx|grt|job|rel)_…/g, (_, kind: string) => {
    if (kind === "gbx") return tokens.get(person) ?? "";
    const id = [...shown.matchAll(new RegExp(`${kind}_[0-9A-Z]{26}`, "g"))].at(-1)?.[0];
    if (id === undefined) throw new Error(`no ${kind}_… was shown before: ${line}`);
    return id;
  });
}

async function type(person: string, line: string): Promise<string> {
  const child = shell(person, filledIn(person, line));
  if (!child.stdout || !child.stderr) throw new Error("the shell has no streams");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended(child);
  expect([person, line, child.exitCode, err]).toEqual([person, line, 0, ""]);
  typed.push({ line, said: out });
  return out;
}

beforeAll(async () => {
  desk = tempDir("readme");
  port = await freePort();
  // A checkout as the README finds it, in which nothing but the reader's own files is written.
  for (const name of ["examples", "bin"]) symlinkSync(join(packageRoot, name), join(desk.path, name));
  for (const person of ["admin", ...PEOPLE]) mkdirSync(join(desk.path, "home", person), { recursive: true });
});
afterAll(async () => {
  if (node) await terminate(node, 30_000);
  desk?.remove();
});

test("its first command starts a node, which says where it is and how to stop it", async () => {
  const [up = "", address = ""] = readme();
  expect(up).toMatch(/^\.\/bin\/glovebox up /);
  expect(address).toBe("export GLOVEBOX_URL=http://127.0.0.1:4100");
  node = shell("admin", `exec ${up} --port ${port}`);
  let said = "";
  let log = "";
  node.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  node.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    log += chunk;
  });
  await until(() => said.includes("\n") || node.exitCode !== null, "the node to say that it is up");
  expect([said, node.exitCode === null ? "" : log]).toEqual([
    expect.stringContaining(`Glovebox is up at http://127.0.0.1:${port}`),
    "",
  ]);
  expect(said).toContain("Ctrl-C");
});

test("every command after it works as it stands, each typed by whom it is meant for", async () => {
  const lines = readme().slice(2);
  for (const line of lines) {
    const typists = TYPISTS.find(([beginning]) => line.startsWith(beginning))?.[1];
    if (!typists) throw new Error(`nobody types this: ${line}`);
    for (const person of typists) {
      const said = await type(person, line);
      const added = /^glovebox principal add (\S+)/.exec(line)?.[1];
      if (added) tokens.set(added, said.trim().split("\n").at(-1) ?? "");
    }
  }
  expect([...tokens.keys()]).toEqual(PEOPLE);
  // Every typist had something to type: the table above is the README's, no longer.
  for (const [beginning] of TYPISTS) expect(lines.some((line) => line.startsWith(beginning))).toBe(true);
  // Two dozen processes, some of which wait for the end of a job to show: on a busy machine that takes minutes.
}, 400_000);

test("what people are told on the way: the rehearsal's log, the state, the verdict, the next step", () => {
  const told = (beginning: string) =>
    typed
      .filter(({ line }) => line.startsWith(beginning))
      .map(({ said }) => said)
      .join("\n");
  const [dry = "", real = ""] = typed
    .filter(({ line }) => line.startsWith("glovebox run"))
    .map(({ said }) => said);
  expect(dry).toContain("done: model.json, deaths.csv, km.png");
  expect(real).toMatch(/held/);
  expect(real).not.toContain("done: model.json, deaths.csv, km.png");
  expect(real).toContain("Next: glovebox release request");
  expect(told("glovebox release request")).toContain("submitted");
  expect(told("glovebox release review")).toContain("released");
  expect(told("glovebox verify")).toContain("verifies.");
  expect(told("glovebox table")).toContain("flc.grp,F,M");
  expect(told("glovebox query")).toMatch(/F +4\d{3} ± \d+/);
  expect(told("glovebox dataset release-policy")).toContain("up to grade 3");
});

test("a bundle with a changed byte does not verify, and the exit code says so", async () => {
  const bundle = (await type("lin", "ls rel_*.zip")).trim();
  const bytes = readFileSync(join(desk.path, bundle));
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  writeFileSync(join(desk.path, "changed.zip"), bytes);
  const child = shell("lin", "glovebox verify changed.zip");
  await ended(child);
  expect(child.exitCode).toBe(1);
});

test("the running node's log is audited beside it, and Ctrl-C ends the node with 0", async () => {
  expect(await type("admin", "glovebox ledger audit --data-dir ./data")).toContain("whole");
  node.kill("SIGINT");
  await ended(node);
  expect(node.exitCode).toBe(0);
});
