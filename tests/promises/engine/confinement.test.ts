/** Attack: an engine that has been taken over. What could it reach, from SQL and from its process? */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { Duck } from "../../../src/catalog/engine/process/duck.js";
import { errorOf, importAll } from "../../catalog/engine/support.js";
import { enginesOf } from "./processes.js";

describe("SQL that should never be run would reach nothing", () => {
  let folder: string;
  let duck: Duck;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "glovebox-duck-"));
    await mkdir(join(folder, "work"));
    await writeFile(join(folder, "secret.csv"), "a\n1\n");
    duck = await Duck.open({ folder: join(folder, "work"), memoryMb: 128, threads: 1 });
  });
  afterAll(async () => {
    duck.close();
    await rm(folder, { recursive: true });
  });

  test.each([
    ["reads the machine's files", () => "SELECT * FROM read_text('/etc/passwd')"],
    ["reads beside its folder", () => `SELECT * FROM read_csv('${folder}/secret.csv')`],
    ["climbs out of its folder", () => `SELECT * FROM read_csv('${folder}/work/../secret.csv')`],
    ["lists folders", () => "SELECT * FROM glob('/etc/*')"],
    ["writes elsewhere", () => `COPY (SELECT 1) TO '${folder}/out.csv'`],
    ["attaches a database", () => `ATTACH '${folder}/other.db'`],
    ["fetches over the network", () => "SELECT * FROM read_csv('https://example.com/a.csv')"],
    ["installs an extension", () => "INSTALL httpfs"],
    ["loads an extension", () => "LOAD '/tmp/x.duckdb_extension'"],
    ["lifts the restriction", () => "SET enable_external_access=true"],
    ["widens its folders", () => "SET allowed_directories=['/']"],
    ["moves its spill folder", () => "SET temp_directory='/etc'"],
    ["takes more memory", () => "SET memory_limit='100GB'"],
    ["resets a setting", () => "RESET memory_limit"],
    ["reads the environment", () => "SELECT getenv('PATH')"],
    ["exports the database", () => `EXPORT DATABASE '${folder}/dump'`],
  ])("%s", async (_, sql) => {
    await expect(duck.rows(sql())).rejects.toThrow();
    expect(readdirSync(folder).sort()).toEqual(["secret.csv", "work"]);
  });
});

describe("the process itself", () => {
  let engine: Engine;
  let pid: number;
  beforeAll(async () => {
    engine = createEngine({ processes: 1 });
    await importAll(engine, "a\n1\n");
    [pid] = enginesOf(process.pid) as [number];
  });
  afterAll(() => engine.close());

  test("has no network, and sees no process, host name or channel of the machine", () => {
    for (const kind of ["net", "pid", "ipc", "uts", "mnt", "user"])
      expect(readlinkSync(`/proc/${pid}/ns/${kind}`)).not.toBe(readlinkSync(`/proc/self/ns/${kind}`));
    const interfaces = readFileSync(`/proc/${pid}/net/dev`, "utf8").trim().split("\n").slice(2);
    expect(interfaces.map((line) => line.split(":")[0]!.trim())).toEqual(["lo"]);
    expect(readFileSync(`/proc/${pid}/net/route`, "utf8").trim().split("\n")).toHaveLength(1);
  });

  test("has no capability, no way to gain one, a system call filter, and is nobody", () => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    for (const set of ["CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"])
      expect(status).toMatch(new RegExp(`^${set}:\t0+$`, "m"));
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).not.toMatch(/^Uid:\t0\t/m);
  });

  test("sees none of the machine's files but libraries and code, and can write only its own memory", () => {
    const root = `/proc/${pid}/root`;
    for (const path of ["etc/passwd", "etc/shadow", "root", "home", "var", "usr/bin", "run", "sys"])
      expect(existsSync(`${root}/${path}`)).toBe(false);
    expect(readdirSync(`${root}/glovebox`).sort()).toEqual(["dist", "node_modules", "package.json"]);
    const mounts = readFileSync(`/proc/${pid}/mounts`, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    const writable = mounts
      .filter(([, , , options]) => options!.split(",").includes("rw"))
      .map(([, at, type]) => [at, type]);
    expect(
      writable.filter(
        ([at, type]) => !(at === "/tmp" && type === "tmpfs") && !String(at).startsWith("/dev/"),
      ),
    ).toEqual([]);
  });

  test("holds no descriptor of the node but its three pipes", () => {
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.filter((target) => target.startsWith("/") && !target.startsWith("/dev/"))).toEqual([]);
  });

  test("leaves no core file and has a bounded data segment", () => {
    const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
    expect(limits).toMatch(/^Max core file size\s+1\s+1/m);
    expect(limits).not.toMatch(/^Max data size\s+unlimited/m);
  });

  test("carries no secret of the node in its environment", () => {
    const names = readFileSync(`/proc/${pid}/environ`, "utf8")
      .split("\0")
      .map((pair) => pair.split("=")[0]);
    expect(names.filter(Boolean).sort()).toEqual(["HOME", "LANG", "NODE_ENV", "PWD", "TMPDIR", "TZ"]);
  });
});

describe("limits", () => {
  test("an import that does not fit into its memory is refused, and the next one works", async () => {
    const engine = createEngine({ processes: 1, tmpMb: 16 });
    async function* large() {
      yield Buffer.from("a,b\n");
      for (let i = 0; i < 400; i++) yield Buffer.from(`${"x".repeat(98)},1\n`.repeat(1000));
    }
    const error = await errorOf(importAll(engine, Readable.from(large())));
    expect(error.code).toBe("too_large");
    expect((await importAll(engine, "a\n1\n")).rows).toBe(1);
    await engine.close();
  });

  test("an engine that takes too long is ended", async () => {
    // Its start counts too, and a busy machine takes seconds for it.
    const engine = createEngine({ processes: 1, deadlineMs: 6000 });
    const stalled = new Readable({ read: () => undefined });
    stalled.push("a,b\n1,2\n");
    const error = await errorOf(importAll(engine, stalled));
    expect([error.code, error.params.detail]).toEqual(["engine_unavailable", "the engine took too long"]);
    await engine.close();
    expect(enginesOf(process.pid)).toEqual([]);
  });
});
