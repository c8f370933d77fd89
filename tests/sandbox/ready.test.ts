/** What a pool of ready containers must never do: give one twice, outlive its worker, cost a run, tell a run of others. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Docker from "dockerode";
import { packageRoot } from "../../scripts/setup/home.mjs";
import {
  createDockerExecutor,
  createReadyExecutor,
  findEngine,
  type ReadyExecutor,
} from "../../src/sandbox/index.js";
import {
  type Bench,
  dockerBench,
  type Ended,
  type Program,
  runProgram,
  stage,
  TEST_LIMITS,
} from "./harness.js";

describe("ready containers", () => {
  const docker = new Docker({ ...findEngine() });
  let cold: Bench;
  let ready: ReadyExecutor;
  let bench: Bench;
  beforeAll(async () => {
    cold = await dockerBench();
    ready = createReadyExecutor({
      executor: createDockerExecutor({ ...findEngine()!, staging: cold.staging, node: cold.node }),
    });
    bench = { ...cold, executor: ready };
  });
  afterAll(async () => {
    await ready.close();
    await cold.close();
  });

  const fill = () => ready.fill({ image: cold.image, limits: TEST_LIMITS });
  const waiting = async () => {
    const all = await docker.listContainers({ filters: { label: [`glovebox.node=${cold.node}`] } });
    return all.filter(({ Names }) => Names.some((name) => name.startsWith("/glovebox.ready.")));
  };
  /** In a ready container, or throws. */
  const runReady = async (program: Program): Promise<Ended> => {
    await fill();
    const before = ready.report().given;
    const ended = await runProgram(bench, program);
    expect(ready.report().given).toBe(before + 1);
    return ended;
  };

  test("two runs at once never get the same one: the second starts cold", async () => {
    await fill();
    const program = { files: { "main.py": "import os\nprint(sorted(os.listdir('/work')), os.getuid())" } };
    const before = ready.report();
    const [a, b] = await Promise.all([runProgram(bench, program), runProgram(bench, program)]);
    expect([a.exit.exitCode, b.exit.exitCode]).toEqual([0, 0]);
    expect(a.stdout).not.toBe(b.stdout);
    const after = ready.report();
    expect([after.given - before.given, after.cold - before.cold, after.waiting]).toEqual([1, 1, 0]);
  });

  test("one that waits holds nothing, and what waited is removed with its run", async () => {
    await fill();
    const [one] = await waiting();
    const folders = readdirSync(cold.staging.path).filter((name) => name.startsWith("ready-"));
    expect(folders).toHaveLength(1);
    for (const name of ["data", "work", "disk/out", "disk/tmp"])
      expect(readdirSync(join(cold.staging.path, folders[0]!, name))).toEqual([]);
    await runProgram(bench, { files: { "main.py": "" } });
    await expect(docker.getContainer(one!.Id).inspect()).rejects.toMatchObject({ statusCode: 404 });
    expect(readdirSync(cold.staging.path)).toEqual([]);
  });

  test("one that dies while it waits costs a run nothing", async () => {
    for (const settled of [true, false]) {
      await fill();
      const container = docker.getContainer((await waiting())[0]!.Id);
      const gone = container.wait({ condition: "not-running" });
      await container.kill();
      if (settled) await gone;
      const ended = await runProgram(bench, {
        files: { "main.py": "print(open('/data/rows.csv').read())" },
        data: { "rows.csv": "whole" },
      });
      expect([ended.exit.outcome, ended.stdout]).toEqual(["exited", "whole\n"]);
    }
  });

  test("a run cannot reach one that waits beside it, nor what it will become", async () => {
    await fill();
    const attack = [
      "import os, signal, pathlib",
      "found = [p for top, ds, fs in os.walk('/') if not top.startswith(('/proc', '/sys', '/usr'))",
      "         for p in (os.path.join(top, f) for f in ds + fs) if 'order' in p or 'usercustomize' in p]",
      "print(found, [l for l in open('/proc/self/mountinfo') if 'order' in l])",
      "for pid in range(2, 400):",
      "    if pid != os.getpid():",
      "        try: os.kill(pid, signal.SIGKILL)",
      "        except OSError: pass",
      "for folder in ('/tmp', '/dev/shm', '/out'):",
      "    for name in ('usercustomize.py', 'sitecustomize.py', 'pandas.py', 'order'):",
      "        pathlib.Path(folder, name).write_text('raise SystemExit(66)')",
      "for place in ('/work', '/data', '/'):",
      "    for act in (os.mkfifo, os.mkdir):",
      "        try: act(os.path.join(place, 'order')); print('made', place)",
      "        except OSError: pass",
    ].join("\n");
    const { spec, wipe } = await stage(bench, { files: { "main.py": attack } });
    const attacker = await ready.prepare(spec);
    await fill();
    await ready.start(attacker);
    const exit = await ready.wait(attacker);
    expect([exit.exitCode, exit.stdout.toString()]).toEqual([0, "[] []\n"]);
    await ready.remove(attacker);
    await wipe();
    const victim = await runReady({
      files: {
        "main.py":
          "import os\nprint([sorted(os.listdir(d)) for d in ('/work', '/data', '/out', '/tmp', '/dev/shm')], len([p for p in os.listdir('/proc') if p.isdigit()]))",
      },
    });
    expect(victim.stdout).toBe("[['main.py'], ['rows.csv'], [], [], []] 2\n");
  });

  test("the order cannot be read again, and its channel is closed", async () => {
    const ended = await runReady({
      env: { GLOVEBOX_WORD: "kingfisher" },
      files: {
        "main.py": [
          "import os",
          "fds = {n: os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if os.path.lexists(f'/proc/self/fd/{n}')}",
          "print(sorted(n for n, to in fds.items() if 'order' in to or int(n) > 2), os.path.lexists('/work/order'))",
          "print(b'kingfisher' in open('/proc/self/environ', 'rb').read(), os.environ['GLOVEBOX_WORD'])",
        ].join("\n"),
      },
    });
    expect([ended.stderr, ended.stdout]).toEqual(["", "[] False\nTrue kingfisher\n"]);
  });

  test("nothing in a command or a variable becomes another word, variable or order", async () => {
    const nasty = [
      '","env":{"PATH":"/tmp"}}',
      "a\nb\n",
      "\\u0022\\n",
      "'\"$(id)`",
      "é\u202e漢\ud800",
      "",
      " ",
    ];
    const program: Program = {
      command: ["python3", "main.py", ...nasty],
      env: { GLOVEBOX_A: nasty.join("|"), GLOVEBOX_B: "\n{}\n" },
      files: {
        "main.py":
          "import os, sys, json\nprint(json.dumps([sys.argv, {k: v for k, v in os.environ.items() if 'PATH' in k or 'GLOVE' in k}]))",
      },
    };
    const [before, after] = [await runProgram(cold, program), await runReady(program)];
    expect(JSON.parse(after.stdout)).toEqual(JSON.parse(before.stdout));
    const { spec, wipe } = await stage(bench, { ...program, env: { PYTHONPATH: "/tmp" } });
    await expect(ready.prepare(spec)).rejects.toMatchObject({ code: "invalid_input" });
    await wipe();
  });

  test("an order too long for the channel starts cold, and whole", async () => {
    await fill();
    const word = "x".repeat(20_000);
    const before = ready.report();
    const ended = await runProgram(bench, {
      command: ["python3", "-c", "import sys; print(len(sys.argv[1]))", word],
      files: {},
    });
    expect([ended.stdout, ready.report().cold - before.cold]).toEqual(["20000\n", 1]);
  });

  test("the wall clock begins with the run, not with the wait", async () => {
    await fill();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const asked = Date.now();
    const ended = await runReady({ limits: { wall_s: 1 }, files: { "main.py": "" } });
    expect(ended.exit.outcome).toBe("exited");
    expect(ended.exit.startedAt).toBeGreaterThanOrEqual(asked);
  });

  test("a run has the limits that it asked for, to the byte, and another class's container is not for it", async () => {
    const look =
      "import os, resource, glob\nread = lambda *names: next(open(n).read().strip() for n in names if os.path.exists(n))\n" +
      "b = '/sys/fs/cgroup'\nprint(read(b + '/memory/memory.limit_in_bytes', b + '/memory.max'), read(b + '/pids/pids.max', b + '/pids.max')," +
      " resource.getrlimit(resource.RLIMIT_FSIZE), os.statvfs('/out').f_blocks * os.statvfs('/out').f_bsize, os.environ['OMP_NUM_THREADS'])";
    const asked = { files: { "main.py": look } };
    expect((await runReady(asked)).stdout).toBe((await runProgram(cold, asked)).stdout);
    await fill();
    const before = ready.report();
    await runProgram(bench, { ...asked, limits: { memory_mb: TEST_LIMITS.memory_mb + 1 } });
    expect(ready.report()).toMatchObject({ given: before.given, cold: before.cold + 1, waiting: 1 });
  });

  test("two runs' random numbers differ, whoever made them: each interpreter waited by itself", async () => {
    const program = {
      limits: { memory_mb: 512 },
      files: {
        "main.py": "import pandas\nimport numpy as np, random\nprint(np.random.rand(), random.random())",
      },
    };
    const seen = new Set<string>();
    for (let run = 0; run < 2; run++) {
      await ready.fill({ image: cold.image, limits: { ...TEST_LIMITS, memory_mb: 512 } });
      const { stdout } = await runProgram(bench, program);
      for (const number of stdout.trim().split(" ")) seen.add(number);
    }
    expect(seen.size).toBe(4);
  });

  test("a worker that is killed leaves none waiting: they end by themselves, and are swept", async () => {
    const node = `${cold.node}-killed`;
    const script = `
      import { createDockerExecutor, createReadyExecutor, createImages, findEngine, openStaging } from ${JSON.stringify(join(packageRoot, "dist/sandbox/index.js"))};
      const engine = findEngine();
      const executor = createDockerExecutor({ ...engine, staging: openStaging(process.argv[1]), node: process.argv[2] });
      const ready = createReadyExecutor({ executor });
      const image = await createImages(engine).resolve("python");
      await ready.fill({ image, limits: ${JSON.stringify(TEST_LIMITS)} });
      process.stdout.write("waits\\n");
      setInterval(() => undefined, 1000);`;
    const root = join(cold.staging.path, "..");
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, root, node], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = new Promise((_, reject) =>
      child.once("exit", () => reject(new Error("it did not come to wait"))),
    );
    gone.catch(() => undefined);
    await Promise.race([once(child.stdout, "data"), gone]);
    const [one] = await docker.listContainers({ filters: { label: [`glovebox.node=${node}`] } });
    const ended = docker.getContainer(one!.Id).wait({ condition: "not-running" });
    // While its worker lives, nobody's sweep touches it.
    const other = createDockerExecutor({ ...findEngine()!, staging: cold.staging, node });
    expect(await other.sweep(new Set())).toEqual([]);
    expect((await docker.getContainer(one!.Id).inspect()).State.Running).toBe(true);
    child.kill("SIGKILL");
    expect(await ended).toMatchObject({ StatusCode: 0 });
    await new Promise((resolve) =>
      (child.exitCode ?? child.signalCode) ? resolve(0) : child.once("exit", resolve),
    );
    expect(await other.sweep(new Set())).toEqual([]);
    expect(await docker.listContainers({ all: true, filters: { label: [`glovebox.node=${node}`] } })).toEqual(
      [],
    );
  });
});
