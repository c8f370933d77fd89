/** Level `gvisor`: the contract of every level and the hostile programs, under a kernel in user space. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { cgroupVersion, parentPath } from "../../../src/sandbox/cgroup.js";
import { groupPrefix } from "../../../src/sandbox/docker/sweep.js";
import { gvisorKind } from "../../../src/sandbox/levels/gvisor.js";
import { hostile } from "../../promises/sandbox/suite.js";
import { conformance } from "../conformance.js";
import { type Bench, runProgram, stage } from "../harness.js";
import { levelBench } from "./bench.js";

conformance("gvisor", levelBench(gvisorKind));
hostile("gvisor", levelBench(gvisorKind), { which: "all" });

describe("what gVisor does for a program", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await levelBench(gvisorKind)();
  });
  afterAll(() => bench.close());

  test("another kernel than the machine's answers it", async () => {
    const { stdout } = await runProgram(bench, {
      files: { "main.py": "print(open('/proc/version').read())\n" },
    });
    expect(stdout.trim()).not.toBe("");
    expect(stdout.trim()).not.toBe(readFileSync("/proc/version", "utf8").trim());
  });

  /** Processor time in seconds of all that lives in a run's control group, as the machine counts it. */
  function spent(runId: string): number {
    const above = cgroupVersion() === 2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids";
    const members = readFileSync(
      `${above}${parentPath(groupPrefix(bench.node) + runId)}/cgroup.procs`,
      "utf8",
    );
    const ticks = members
      .trim()
      .split("\n")
      .map((pid) => {
        try {
          const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
          const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
          return Number(fields[11]) + Number(fields[12]);
        } catch {
          return 0;
        }
      });
    return ticks.reduce((sum, value) => sum + value, 0) / 100;
  }

  test("its share of the processors is held by the machine, whatever it is told of its time", async () => {
    const { spec, wipe } = await stage(bench, {
      files: { "main.py": "import os\nfor _ in range(3): os.fork()\nwhile True: pass\n" },
      limits: { cpus: 0.5, wall_s: 20 },
    });
    const prepared = await bench.executor.prepare(spec);
    try {
      await bench.executor.start(prepared);
      await delay(2000);
      const [before, began] = [spent(spec.runId), performance.now()];
      await delay(3000);
      const share = (spent(spec.runId) - before) / ((performance.now() - began) / 1000);
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(0.65);
    } finally {
      await bench.executor.kill(prepared);
      await bench.executor.remove(prepared);
      await wipe();
    }
  });
});
