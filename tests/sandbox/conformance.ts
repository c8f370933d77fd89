/**
 * What every Executor must do, whatever isolates its runs. Attacks are in tests/promises/sandbox, one folder a
 * program; here is the ordinary contract, and what a worker may do wrong or die in the middle of.
 */

import { existsSync, readdirSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Bench, gather, type MakeBench, runProgram, stage } from "./harness.js";

const SLEEPER = { "main.py": "import time\nprint('up', flush=True)\ntime.sleep(600)\n" };

export function conformance(name: string, make: MakeBench): void {
  describe(`executor ${name}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await make();
    });
    afterAll(() => bench.close());

    describe("a run", () => {
      test("reads /data and /work and writes /out; only declared files come out, whole", async () => {
        const big = 3_000_000;
        const ended = await runProgram(bench, {
          files: {
            "main.py": [
              "import os, pathlib, lib.more",
              "rows = pathlib.Path('/data/rows.csv').read_text()",
              "pathlib.Path('/out/copy.csv').write_text(rows.upper())",
              `pathlib.Path('/out/big.bin').write_bytes(bytes(range(250)) * ${big / 250})`,
              "pathlib.Path('/out/empty.txt').touch()",
              "pathlib.Path('/out/stray.txt').write_text('x')",
              "print(os.getcwd(), lib.more.word, os.environ['GLOVEBOX_MODE'])",
            ].join("\n"),
            "lib/more.py": "word = 'imported'\n",
          },
          data: { "rows.csv": "a,b\n" },
          env: { GLOVEBOX_MODE: "real" },
          outputs: ["copy.csv", "big.bin", "empty.txt", "never.txt"],
        });
        expect(ended.stderr).toBe("");
        expect(ended.exit).toMatchObject({ outcome: "exited", exitCode: 0, logsTruncated: false });
        expect(ended.stdout).toBe("/work imported real\n");
        expect(ended.files.get("copy.csv")?.toString()).toBe("A,B\n");
        const bytes = Buffer.alloc(big, Buffer.from([...Array(250).keys()]));
        expect(ended.files.get("big.bin")?.equals(bytes)).toBe(true);
        expect(ended.files.get("empty.txt")).toHaveLength(0);
        expect([...ended.files.keys()]).not.toContain("stray.txt");
        expect(ended.refusals).toEqual([
          { name: "never.txt", reason: "missing", count: 1 },
          { reason: "undeclared", count: 1 },
        ]);
      });

      test("that fails by itself keeps its exit code and both logs apart", async () => {
        const ended = await runProgram(bench, {
          files: { "main.py": "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(7)\n" },
        });
        expect(ended.exit).toMatchObject({ outcome: "exited", exitCode: 7 });
        expect([ended.stdout, ended.stderr]).toEqual(["out\n", "err\n"]);
      });

      test("that a signal ends shows as 128 + signal", async () => {
        const ended = await runProgram(bench, {
          files: { "main.py": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n" },
        });
        expect(ended.exit).toMatchObject({ outcome: "exited", exitCode: 139 });
      });

      test("whose program does not exist has failed by itself", async () => {
        const ended = await runProgram(bench, { files: {}, command: ["no-such-program"] });
        expect(ended.exit.outcome).toBe("exited");
        expect(ended.exit.exitCode).toBeGreaterThan(0);
      });

      test("sees the numerical libraries with as many threads as it has processors", async () => {
        const ended = await runProgram(bench, {
          limits: { memory_mb: 768, pids: 64 },
          files: {
            "main.py": [
              "import numpy as np, os",
              "a = np.random.default_rng(1).normal(size=(300, 300))",
              "print(round(float(np.linalg.norm(a @ np.linalg.inv(a) - np.eye(300))), 6), os.environ['OMP_NUM_THREADS'])",
            ].join("\n"),
          },
        });
        expect([ended.stderr, ended.stdout]).toEqual(["", "0.0 1\n"]);
      });

      test("that asks for more processors than there are gets those there are", async () => {
        const ended = await runProgram(bench, {
          limits: { cpus: 500 },
          files: { "main.py": "print('ran')" },
        });
        expect([ended.exit.outcome, ended.stdout]).toEqual(["exited", "ran\n"]);
      });

      test("may use processes, semaphores and sockets of its own", async () => {
        const ended = await runProgram(bench, {
          limits: { memory_mb: 512 },
          files: {
            "main.py": [
              "import asyncio, multiprocessing, subprocess, sys",
              "def square(x): return x * x",
              "if __name__ == '__main__':",
              "    with multiprocessing.Pool(2) as pool: print(pool.map(square, [1, 2, 3]))",
              "    with multiprocessing.Manager() as m: print(list(m.list([4])))",
              "    print(subprocess.run([sys.executable, '-c', 'print(5)'], capture_output=True, text=True).stdout.strip())",
              "    print(asyncio.run(asyncio.sleep(0, 6)))",
            ].join("\n"),
          },
        });
        expect([ended.stderr, ended.stdout]).toEqual(["", "[1, 4, 9]\n[4]\n5\n6\n"]);
      });
    });

    describe("ending a run", () => {
      test("at its wall clock, though it ignores every signal it can", async () => {
        const ended = await runProgram(bench, {
          limits: { wall_s: 1 },
          files: {
            "main.py": [
              "import signal, time",
              "for s in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(s, signal.SIG_IGN)",
              "print('up', flush=True)",
              "while True: time.sleep(60)",
            ].join("\n"),
          },
        });
        expect(ended.exit.outcome).toBe("wall");
        expect(ended.exit.exitCode).toBeUndefined();
        expect(ended.stdout).toBe("up\n");
        expect(ended.exit.endedAt - ended.exit.startedAt).toBeLessThan(5000 * (bench.slowness ?? 1));
      });

      test("by kill; its logs and finished files are kept", async () => {
        const { spec, wipe } = await stage(bench, {
          files: { "main.py": "open('/out/a.txt','w').write('half')\nimport time\ntime.sleep(600)\n" },
          outputs: ["a.txt"],
        });
        const prepared = await bench.executor.prepare(spec);
        await bench.executor.start(prepared);
        const waiting = bench.executor.wait(prepared);
        await bench.executor.kill(prepared);
        const exit = await waiting;
        expect(exit.outcome).toBe("killed");
        await gather(bench.executor, prepared, exit, 0);
        await bench.executor.kill(prepared);
        await bench.executor.remove(prepared);
        await wipe();
      });

      test("by an aborted signal, before or during the wait", async () => {
        for (const early of [true, false]) {
          const { spec, wipe } = await stage(bench, { files: SLEEPER });
          const prepared = await bench.executor.prepare(spec);
          await bench.executor.start(prepared);
          const abort = new AbortController();
          if (early) abort.abort();
          const waiting = bench.executor.wait(prepared, abort.signal);
          abort.abort();
          expect((await waiting).outcome).toBe("killed");
          await bench.executor.remove(prepared);
          await wipe();
        }
      });

      test("before it began: it never runs", async () => {
        const { spec, wipe } = await stage(bench, {
          files: { "main.py": "open('/out/a.txt','w')\n" },
          outputs: ["a.txt"],
        });
        const prepared = await bench.executor.prepare(spec);
        await bench.executor.kill(prepared);
        await bench.executor.start(prepared);
        const exit = await bench.executor.wait(prepared);
        expect(exit.outcome).toBe("killed");
        const { files } = await gather(bench.executor, prepared, exit, 0);
        expect(files.size).toBe(0);
        await bench.executor.remove(prepared);
        await wipe();
      });
    });

    describe("clearing up", () => {
      test("remove works at every moment, twice, and leaves no folder behind", async () => {
        const before = readdirSync(bench.staging.path);
        for (const moment of ["prepared", "started", "dead"] as const) {
          const { spec, wipe } = await stage(bench, { files: SLEEPER });
          const prepared = await bench.executor.prepare(spec);
          if (moment !== "prepared") await bench.executor.start(prepared);
          if (moment === "dead") {
            await bench.executor.kill(prepared);
            await bench.executor.wait(prepared);
          }
          await Promise.all([bench.executor.remove(prepared), bench.executor.remove(prepared)]);
          await bench.executor.remove(prepared);
          await wipe();
        }
        expect(readdirSync(bench.staging.path)).toEqual(before);
      });

      test("a wait on a run removed under it ends", async () => {
        const { spec, wipe } = await stage(bench, { files: SLEEPER });
        const prepared = await bench.executor.prepare(spec);
        await bench.executor.start(prepared);
        const waiting = bench.executor.wait(prepared);
        await bench.executor.remove(prepared);
        expect(["killed", "system", "exited"]).toContain((await waiting).outcome);
        await wipe();
      });

      test("sweep removes this node's lost runs, keeps those it is told to, and touches no other node's", async () => {
        const other = { ...bench, node: `${bench.node}-other` };
        const stages = [
          await stage(bench, { files: SLEEPER }),
          await stage(bench, { files: SLEEPER }),
          await stage(other, { files: SLEEPER }),
        ];
        const runs = [];
        for (const { spec } of stages) {
          const prepared = await bench.executor.prepare(spec);
          await bench.executor.start(prepared);
          runs.push(prepared);
        }
        const [lost, kept, foreign] = stages.map(({ spec }) => spec.runId);
        expect(await bench.another(bench.node).sweep(new Set([kept!]))).toEqual([lost]);
        expect(await bench.another(bench.node).sweep(new Set([kept!]))).toEqual([]);
        expect(await bench.another(other.node).sweep(new Set())).toEqual([foreign]);
        await bench.executor.kill(runs[1]!);
        expect((await bench.executor.wait(runs[1]!)).outcome).toBe("killed");
        for (const run of runs) await bench.executor.remove(run);
        for (const { wipe } of stages) await wipe();
      });

      test("outputs are not read before death", async () => {
        const { spec, wipe } = await stage(bench, { files: SLEEPER });
        const prepared = await bench.executor.prepare(spec);
        await bench.executor.start(prepared);
        expect(() => bench.executor.collect(prepared)).toThrow("dead");
        await bench.executor.remove(prepared);
        await wipe();
      });
    });

    describe("two runs at once", () => {
      test("share nothing: neither sees the other's data, files or processes", async () => {
        const spy = [
          "import os, json, time",
          "seen = []",
          "for top, dirs, files in os.walk('/'):",
          "    if top == '/': dirs[:] = [d for d in dirs if d not in ('proc', 'sys', 'usr')]",
          "    seen += [os.path.join(top, f) for f in files + dirs if os.environ['GLOVEBOX_OTHER'] in f]",
          "procs = [open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc') if p.isdigit()]",
          "open('/tmp/mark-' + os.environ['GLOVEBOX_ME'], 'w')",
          "open('/dev/shm/mark-' + os.environ['GLOVEBOX_ME'], 'w')",
          "time.sleep(0.3)",
          "print(json.dumps({'seen': seen, 'other': [c for c in procs if os.environ['GLOVEBOX_OTHER'] in c]}))",
        ].join("\n");
        const pair = [
          ["nightingale", "kingfisher"],
          ["kingfisher", "nightingale"],
        ].map(([me, other]) =>
          runProgram(bench, {
            files: { "main.py": spy, [`file-${me}.txt`]: "" },
            data: { [`data-${me}.csv`]: "1" },
            env: { GLOVEBOX_ME: me!, GLOVEBOX_OTHER: other! },
            command: ["python3", "main.py", me!],
          }),
        );
        for (const { stdout, stderr } of await Promise.all(pair)) {
          expect(stderr).toBe("");
          expect(JSON.parse(stdout)).toEqual({ seen: [], other: [] });
        }
      });
    });

    describe("the worker's side", () => {
      test("refuses names that are no plain file names, limits that do not limit, variables that are not ours", async () => {
        for (const outputs of [
          ["a/b"],
          [".."],
          ["a\nb"],
          ["\u202egpj.exe"],
          ["stdout.log"],
          ["A.csv", "a.csv"],
        ]) {
          const { spec, wipe } = await stage(bench, { files: {}, outputs });
          await expect(bench.executor.prepare(spec)).rejects.toMatchObject({ code: "invalid_input" });
          await wipe();
        }
        const unlimited = await stage(bench, { files: {}, limits: { pids: 0 } });
        await expect(bench.executor.prepare(unlimited.spec)).rejects.toMatchObject({ code: "invalid_input" });
        await unlimited.wipe();
        const { spec, wipe } = await stage(bench, { files: {}, env: { LD_PRELOAD: "/work/x.so" } });
        await expect(bench.executor.prepare(spec)).rejects.toMatchObject({ code: "invalid_input" });
        await wipe();
      });

      test("a collected file is bounded, and a larger one is refused by its name", async () => {
        const ended = await runProgram(bench, {
          files: {
            "main.py": "for n, c in ('fits', 1000), ('large', 1001): open('/out/' + n, 'w').write('x' * c)\n",
          },
          outputs: ["fits", "large"],
          maxOutputBytes: 1000,
        });
        expect(ended.files.get("fits")).toHaveLength(1000);
        expect(ended.refusals).toEqual([{ name: "large", reason: "too_large", count: 1 }]);
      });

      test("an unread file does not stay open, and a file is read once", async () => {
        const { spec, wipe } = await stage(bench, {
          files: { "main.py": "for n in 'ab': open('/out/' + n, 'w').write(n)\n" },
          outputs: ["a", "b"],
        });
        const prepared = await bench.executor.prepare(spec);
        await bench.executor.start(prepared);
        await bench.executor.wait(prepared);
        const open = (): number => readdirSync("/proc/self/fd").length;
        const before = open();
        for await (const file of bench.executor.collect(prepared)) {
          if (file.name === "a") continue;
          expect((await buffer(file.open())).toString()).toBe("b");
          expect(() => file.open()).toThrow("once");
        }
        expect(open()).toBe(before);
        await bench.executor.remove(prepared);
        await wipe();
        expect(existsSync(spec.dataDir)).toBe(false);
      });

      test("says what this machine offers", async () => {
        const probe = await bench.executor.probe();
        expect(probe).toMatchObject({ level: bench.executor.level, available: true });
        for (const { name: item, note } of probe.items) expect([item, note.length > 0]).toEqual([item, true]);
      });
    });
  });
}
