import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { groupNames } from "../../src/sandbox/cgroup.js";
import {
  bubblewrapArguments,
  type Confined,
  limitArguments,
  type World,
} from "../../src/sandbox/confinement/arguments.js";
import { probeConfinement, SELFTEST_ENTRY, selftest } from "../../src/sandbox/confinement/probe.js";
import { selftestProblems } from "../../src/sandbox/confinement/selftest/expected.js";
import { spawnConfined, stderrTail } from "../../src/sandbox/index.js";
import { packageRoot } from "../../src/store/index.js";

/** Everything confined runs from dist; a test's own program lies there for as long as the test runs. */
const programs = join(packageRoot(), "dist", `.test-${process.pid}`);
let data: string;
beforeAll(() => {
  execFileSync("mkdir", ["-p", programs]);
  data = mkdtempSync(join(tmpdir(), "glovebox-data-"));
  writeFileSync(join(data, "secret.db"), "secret");
});
afterAll(() => {
  rmSync(programs, { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
});

function program(name: string, code: string): string {
  const path = join(programs, `${name}.mjs`);
  writeFileSync(path, code);
  return path;
}
const PIDS = `/sys/fs/cgroup${existsSync("/sys/fs/cgroup/pids") ? "/pids" : ""}`;

/** The kernel tells nobody when a process namespace is empty: we look. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await delay(20);
  expect(condition()).toBe(true);
}

const small = { profile: "checker" as const, memoryMb: 128, tmpMb: 8 };

async function ended(child: ChildProcess): Promise<{ code: number | null; out: Buffer; err: string }> {
  const chunks: Buffer[] = [];
  child.stdout!.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out: Buffer.concat(chunks), err: stderrTail(child) };
}

describe("a confined process that attacks", () => {
  test("reads no secret, writes nowhere, reaches nobody, and says so itself", async () => {
    const report = await selftest([
      join(data, "secret.db"),
      data,
      join(packageRoot(), "package.json"),
      "/tmp/../root",
    ]);
    expect(selftestProblems(report)).toEqual([]);
    expect(report[`read ${join(data, "secret.db")}`]).toBe("ENOENT");
    expect(report).toMatchObject({
      "read /etc/shadow": "ENOENT",
      "connect to loopback": "EPERM",
      "send a datagram": "EPERM",
      "write sysctl kernel/core_pattern": "EROFS",
      "fill its scratch": "ENOSPC",
      "become root": "EPERM",
      variables: "HOME LANG NODE_ENV PWD TMPDIR TZ",
    });
  });

  test("a self-test that gets through is seen", () => {
    expect(selftestProblems({ "read /etc/shadow": "done" })).toContain("read /etc/shadow");
    expect(selftestProblems({})).toContain("status Seccomp");
  });

  test("is the machine's nobody to the kernel, not a root by another name", async () => {
    const entry = program("wait", "process.stdout.write('up'); setInterval(() => {}, 1000);");
    const before = groupNames("confined-");
    const child = spawnConfined({ ...small, entry });
    await once(child.stdout!, "data");
    const own = groupNames("confined-").find((name) => !before.includes(name));
    const pids = readFileSync(`${PIDS}/glovebox/${own}/cgroup.procs`, "utf8").trim().split("\n");
    const node = pids
      .map((pid) => readFileSync(`/proc/${pid}/status`, "utf8"))
      .find((text) => /^Name:\s*node/m.test(text));
    expect(/^Uid:\s*(.*)$/m.exec(node ?? "")?.[1]).toBe("65534\t65534\t65534\t65534");
    child.kill("SIGKILL");
    await once(child, "exit");
  });

  test.each([
    ["memory", "--exhaust memory"],
    ["processor", "--exhaust processor"],
    ["files", "--exhaust files"],
  ])("ends at its limit of %s", async (_, args) => {
    const child = spawnConfined({ ...small, entry: SELFTEST_ENTRY(), args: args.split(" "), cpuSeconds: 2 });
    const { code } = await ended(child);
    expect(code).not.toBe(0);
  });

  test("has no more processes than its limit, and takes them all with it", async () => {
    const entry = program(
      "bomb",
      `import { spawn } from "node:child_process";
       const go = () => { try { spawn(process.execPath, [process.argv[1]], { stdio: "ignore" }).on("error", () => {}); } catch {} };
       setInterval(go, 1);`,
    );
    const before = groupNames("confined-");
    const child = spawnConfined({ ...small, memoryMb: 1024, entry });
    const own = groupNames("confined-").find((name) => !before.includes(name));
    const group = `${PIDS}/glovebox/${own}`;
    const most = Number(readFileSync(`${group}/pids.max`, "utf8"));
    const count = (): number => Number(readFileSync(`${group}/pids.current`, "utf8"));
    await until(() => count() > most / 2);
    expect(count()).toBeLessThanOrEqual(most);
    child.kill("SIGKILL");
    await until(() => !existsSync(group));
  });

  test("dies with the process that started it", async () => {
    const entry = program("stay", "process.stdout.write('up'); setInterval(() => {}, 1000);");
    const script = `const { spawnConfined } = await import(${JSON.stringify(join(packageRoot(), "dist/sandbox/index.js"))});
      const c = spawnConfined({ profile: "engine", entry: ${JSON.stringify(entry)}, memoryMb: 128, tmpMb: 8 });
      c.stdout.once("data", () => console.log(c.pid));`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    const alive = (): boolean =>
      existsSync(`/proc/${pid}`) && !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    await until(() => !alive());
  });
});

describe("a confined process that works", () => {
  test("speaks bytes on stdin and stdout, both ways and at length", async () => {
    const entry = program("echo", "process.stdin.pipe(process.stdout);");
    const child = spawnConfined({ ...small, entry });
    const sent = Buffer.alloc(5_000_000, Buffer.from([0, 255, 10, 13, 128]));
    child.stdin!.end(sent);
    const { code, out } = await ended(child);
    expect([code, out.equals(sent)]).toEqual([0, true]);
  });

  test("reads what is bound and writes only where it may", async () => {
    const entry = program(
      "binds",
      `import { readFileSync, writeFileSync } from "node:fs";
       const text = readFileSync("/given/a.txt", "utf8"); let refused = "";
       try { writeFileSync("/given/b.txt", "x"); } catch (error) { refused = error.code; }
       writeFileSync("/spill/c.txt", text); process.stdout.write(JSON.stringify([text, refused, process.argv.slice(2), process.env.GIVEN]));`,
    );
    const [given, spill] = [mkdtempSync(join(data, "given-")), mkdtempSync(join(data, "spill-"))];
    execFileSync("chmod", ["755", given]);
    writeFileSync(join(given, "a.txt"), "bound");
    const child = spawnConfined({
      ...small,
      entry,
      args: ["one", "--two"],
      env: { GIVEN: "yes" },
      binds: [
        { source: given, target: "/given" },
        { source: spill, target: "/spill", writable: true },
      ],
    });
    expect(JSON.parse((await ended(child)).out.toString())).toEqual([
      "bound",
      "EROFS",
      ["one", "--two"],
      "yes",
    ]);
    expect(readFileSync(join(spill, "c.txt"), "utf8")).toBe("bound");
    expect(readdirSync(given)).toEqual(["a.txt"]);
  });

  test("may load native modules as an engine, not as a checker", async () => {
    const entry = program(
      "native",
      `import { createRequire } from "node:module"; const require = createRequire("/glovebox/dist/x.js");
       let result; try { const D = require("better-sqlite3"); result = new D(":memory:").prepare("select 1 as one").get().one; } catch (error) { result = error.code; }
       process.stdout.write(String(result));`,
    );
    const engine = await ended(spawnConfined({ ...small, profile: "engine", memoryMb: 256, entry }));
    const checker = await ended(spawnConfined({ ...small, entry }));
    expect([engine.out.toString(), checker.out.toString()]).toEqual(["1", "ERR_DLOPEN_DISABLED"]);
  });

  test("never blocks on its stderr, whose end is kept for the node", async () => {
    const entry = program(
      "noise",
      "for (let i = 0; i < 20000; i++) console.error('x'.repeat(100)); console.error('last');",
    );
    const { code, err } = await ended(spawnConfined({ ...small, entry }));
    expect([code, err.endsWith("last\n"), err.length <= 4096]).toEqual([0, true, true]);
  });

  test("is found good by doctor's probe", async () => {
    expect(await probeConfinement()).toMatchObject({ name: "confinement", ok: true });
  });
});

describe("the world of a confined process", () => {
  const world: World = {
    packageRoot: "/srv/glovebox",
    node: "/opt/node",
    setpriv: "/usr/bin/setpriv",
    libraries: [{ path: "/lib", linkTo: "usr/lib" }],
    files: [],
  };
  const confined: Confined = { ...small, entry: "/srv/glovebox/dist/a/main.js", args: [], binds: [] };

  test("holds every namespace, no capability but those to leave root, and nothing writable of the host", () => {
    const args = bubblewrapArguments(world, confined);
    for (const name of ["user", "pid", "net", "ipc", "uts"]) expect(args).toContain(`--unshare-${name}`);
    expect(args).not.toContain("--bind");
    expect(args.filter((_, i) => args[i - 1] === "--cap-add")).toEqual([
      "CAP_SETUID",
      "CAP_SETGID",
      "CAP_SETPCAP",
    ]);
    expect(args.filter((_, i) => args[i - 1] === "--ro-bind")).not.toContain("/srv/glovebox");
    expect(args.slice(args.indexOf("--") + 1)).toContain("/glovebox/dist/a/main.js");
  });

  test("keeps no capability at all without root", () => {
    const args = bubblewrapArguments({ ...world, setpriv: undefined }, confined);
    expect(args).not.toContain("--cap-add");
    expect(args[args.indexOf("--uid") + 1]).toBe("65534");
  });

  test("runs the package's own code only", () => {
    for (const entry of ["/tmp/evil.js", "/srv/glovebox/tests/x.js", "/srv/glovebox/dist2/x.js"]) {
      expect(() => bubblewrapArguments(world, { ...confined, entry })).toThrow("dist");
    }
  });

  test("has every limit set", () => {
    const names = limitArguments({ ...confined, cpuSeconds: 5 }).map((arg) => arg.split("=")[0]);
    expect(names).toEqual(
      expect.arrayContaining(["--data", "--nproc", "--nofile", "--fsize", "--cpu", "--core"]),
    );
  });
});
