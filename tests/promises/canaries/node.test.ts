/**
 * Promise 1 on a whole node: values planted in one row of a dataset, shouted by programs into all that they reach and
 * quoted by what fails, are looked for in everything that anybody but the dataset's auditors could see, and in
 * everything that lies on the disk, while it goes on and after.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { defaultStagingRoot } from "../../../src/sandbox/index.js";
import { glovebox, Terminal } from "../../cli/fixture.js";
import { isAlive, review, until } from "../../harness/index.js";
import { enginesOf } from "../engine/processes.js";
import { typeAll, uncoveredCommands } from "./commands.js";
import { CANARIES, DATASET, job, PROGRAMS, REFUSED } from "./data.js";
import { type Answered, askAll, type Route, routesOf, uncovered } from "./routes.js";
import { collected, container, coreLimit, database, folder, mayBeSwapped, mountsOf } from "./surfaces.js";
import { type Surface, type Swept, sweep, told } from "./sweep.js";
import { PlantedNode } from "./world.js";

/** In the full run every job and file is asked about; else those that differ in kind. */
const FULL = process.env.GLOVEBOX_TEST_FULL === "1";
const FILES = ["values.csv", "stdout.log", ...(FULL ? ["stderr.log", "none.csv"] : [])];
const ASKED_JOBS = FULL ? /./ : /^(shout|raise|linger)$/;
/** What a vote and a release could open. */
const OF_RELEASES = /Release|Output|Bundle|Entries|getJob$/;
/** The beginning of a planted text: what an attacker might guess, and no needle. */
const GUESS = "Qz7wLp4";
const AUDITORS = ["first", "second"];

let p: PlantedNode;
let routes: Route[];
beforeAll(async () => {
  p = await PlantedNode.start();
  routes = routesOf((await p.node.http("GET", "/openapi.json")).json);
});
afterAll(() => p?.end());
/** A machine with other work takes several times as long; no test depends on how long. */
jest.setTimeout(300_000);

const asked = (answers: readonly Answered[]): Surface =>
  collected("answers", () => answers.map((a) => [`${a.caller}: ${a.call} (${a.status})`, a.bytes] as const));
/** What auditors of the dataset are for: reading what is held. Everything else is a leak. */
const mayRead = ({ caller, operation }: Answered): boolean =>
  AUDITORS.includes(caller) && operation === "getReleaseFile";
const ask = (kind: "reading" | "changing", which = /./) =>
  askAll(
    p.node.url,
    routes.filter(({ operation }) => which.test(operation)),
    p.callers,
    p.subjects(FILES, GUESS, ASKED_JOBS),
    kind,
  );
const clean = (swept: Swept): void => expect(told(swept.sightings)).toEqual([]);

async function askedAndClean(kind: "reading" | "changing", more: Surface[] = []): Promise<Answered[]> {
  const answers = await ask(kind);
  clean(await sweep(CANARIES, [...more, ...p.surfaces(), asked(answers.filter((a) => !mayRead(a)))]));
  return answers;
}

test("every route of the node's own description is asked, and every command", () => {
  expect(uncovered(routes)).toEqual([]);
  expect(uncoveredCommands()).toEqual([]);
});

describe("while programs shout", () => {
  let id: string;
  beforeAll(async () => {
    await p.submit("linger", "researcher", job(PROGRAMS.linger));
    await p.seen.reach(
      "the one that stays to run",
      () => p.seen.newestRun(p.jobs.linger!).state === "executing",
    );
    id = await p.containerOf("linger");
    await p.shoutAll();
    for (const name of Object.keys(p.jobs))
      if (name !== "linger") await p.seen.reach(`${name} to end`, () => p.over(name));
  });

  test("nothing that can be asked, heard or found shows a value", async () => {
    const answers = await askedAndClean("reading", [container("the container", p.socketPath, id)]);
    // It was not silence: each caller was answered, and the values were within reach of each program.
    for (const { name } of p.callers)
      expect(answers.some((a) => a.caller === name && a.status < 300)).toBe(true);
    expect(answers.length).toBeGreaterThan(250);
  });

  test("the memory that holds them is kept from swap and from core files", () => {
    const workers = p.node.workers;
    const staged = mountsOf(p.node.pid).filter(({ at }) =>
      workers.some((pid) => at.startsWith(join(defaultStagingRoot(), `${pid}-`))),
    );
    expect(staged.length).toBeGreaterThan(workers.length);
    for (const { type, options } of staged)
      expect([type, options.includes("noswap"), /nosuid/.test(options), /noexec/.test(options)]).toEqual([
        "tmpfs",
        true,
        true,
        true,
      ]);
    const engines = enginesOf(p.node.pid);
    expect(engines.length).toBeGreaterThan(0);
    expect(engines.filter(mayBeSwapped)).toEqual([]);
    for (const pid of p.pids()) expect([pid, coreLimit(pid)]).toEqual([pid, "1 1"]);
  });
});

describe("when they have ended", () => {
  beforeAll(async () => {
    await p.person("researcher").must("POST", `/api/v1/jobs/${p.jobs.linger}/cancel`, {});
    await p.seen.reach("the one that stayed to end", () => p.over("linger"));
  });

  test("an upload that is refused is told why without a value", async () => {
    const owner = p.person("owner");
    const answers: [string, Buffer][] = [];
    for (const [what, { content, media = "text/csv" }] of Object.entries(REFUSED)) {
      const path = `/api/v1/datasets/${DATASET}/content`;
      const answer = await owner.http("PUT", path, { body: content, headers: { "content-type": media } });
      expect([what, answer.status, answer.json?.code]).toEqual([what, 422, "invalid_input"]);
      answers.push([what, answer.bytes]);
    }
    clean(await sweep(CANARIES, [collected("problems", () => answers), ...p.surfaces()]));
  });

  test("held outputs show to the dataset's auditors and to nobody else, before a vote and after", async () => {
    await until(
      async () =>
        (await p.person("researcher").must("GET", `/api/v1/jobs/${p.jobs.shout}`)).state !== "running",
      "its end to show",
    );
    const dirty = await p.request("shout", "researcher", ["values.csv", "stdout.log", "stderr.log"]);
    const tidy = await p.request("clean", "researcher", ["values.csv"]);
    const before = await ask("reading", OF_RELEASES);
    for (const release of [tidy, dirty])
      await review(p.person("first"), release, { decision: release === tidy ? "approve" : "return" });
    await review(p.person("second"), tidy);
    await p.seen.reach("the clean one to be released", () => p.seen.releaseState(tidy) === "released");
    const after = await ask("reading", OF_RELEASES);
    for (const answers of [before, after]) {
      clean(await sweep(CANARIES, [asked(answers.filter((a) => !mayRead(a)))]));
      // The same search sees all of them where they may be: the silence elsewhere is none of the search's.
      const { sightings } = await sweep(CANARIES, [asked(answers.filter(mayRead))]);
      expect(new Set(sightings.map(({ canary }) => canary))).toEqual(
        new Set(CANARIES.map(({ name }) => name)),
      );
    }
    const bundle = after.filter((a) => a.operation === "getBundle" && a.status === 200);
    expect(bundle.map(({ caller }) => caller)).toContain("researcher");
  });

  test("commands of a researcher show none, nor does what they leave in the person's folder", async () => {
    const home = join(p.place.path, "home");
    const terminal = new Terminal({ HOME: home, XDG_CONFIG_HOME: home });
    await terminal.must("login", "--url", p.node.url, "--token", p.person("researcher").token);
    const named = {
      dataset: DATASET,
      job: p.jobs.shout!,
      release: p.releases[1]!,
      script: join(home, "glovebox", "profile.json"),
      folder: home,
    };
    const said = await typeAll(
      terminal,
      named,
      FULL ? /./ : /(job|release|dataset|ledger) (show|list|outputs)$/,
    );
    const streams = said.flatMap(
      ([name, ran]) =>
        [
          [name, `${name}\n${ran.stdout}`],
          [name, ran.stderr],
        ] as const,
    );
    clean(await sweep(CANARIES, [collected("commands", () => streams), folder("home", home)]));
    expect(said.filter(([, ran]) => ran.code === 0).length).toBeGreaterThan(4);
  });

  test("a backup holds none, nor does its database row by row", async () => {
    const target = join(p.place.path, "backup");
    const ran = await glovebox(["backup", target, "--data-dir", p.node.dataDir, "--json"], {
      HOME: process.env.HOME!,
    });
    expect(ran.code).toBe(0);
    const said = collected("said", () => [["stdout", ran.stdout]]);
    clean(
      await sweep(CANARIES, [
        folder("backup", target),
        database("its database", join(target, "glovebox.db")),
        said,
      ]),
    );
  });

  test("changes that anybody asks for are answered without one", async () => {
    const answers = await askedAndClean("changing");
    expect(answers.some(({ status }) => status < 300)).toBe(true);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  });

  test("crashed, every process of the node, it leaves no core, and nothing of a run lies in staging", async () => {
    const all = p.pids();
    for (const pid of all.reverse()) {
      try {
        process.kill(pid, "SIGSEGV");
      } catch {
        // It went with its parent.
      }
    }
    await until(() => all.every((pid) => !isAlive(pid)), "all to be gone");
    const { dataDir } = p.node;
    const surfaces = [folder("data", dataDir), folder("around", p.place.path, /^data(\/|$)/)];
    clean(await sweep(CANARIES, surfaces));
    const names = [p.place.path, dataDir, join(dataDir, "redis")].flatMap((path) => readdirSync(path));
    const pattern = readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim().split(/[%/|]/)[0] || "core";
    expect(names.filter((name) => name.startsWith(pattern) || /^core/.test(name))).toEqual([]);
  });
});
