/** A node killed while it starts a confined process leaves half of a bubblewrap; the next node ends it. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { OWNER_MARK } from "../../src/sandbox/confinement/arguments.js";
import { endOrphans } from "../../src/sandbox/confinement/orphans.js";
import { spawnConfined } from "../../src/sandbox/index.js";
import { ended, isAlive, until } from "../harness/processes.js";

const CHECKER = join(packageRoot, "dist", "privacy", "disclosure", "checker", "main.js");
const LIMITS = { profile: "checker", memoryMb: 64, tmpMb: 1 } as const;

/** Starts a confined process, answers it nothing, and dies without a word once there are two of it. */
const NODE = `
  import { readFileSync } from "node:fs";
  import { spawnConfined } from ${JSON.stringify(join(packageRoot, "dist", "sandbox", "index.js"))};
  const { pid } = spawnConfined(${JSON.stringify({ ...LIMITS, entry: CHECKER })});
  const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  while (readFileSync("/proc/" + pid + "/task/" + pid + "/children", "utf8") === "") pause(5);
  // Held, or it might see the end of the file in time and let the other half go on, which then ends by itself.
  process.kill(pid, "SIGSTOP");
  process.kill(process.pid, "SIGKILL");
`;

const startedBy = (pid: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((process) => {
      try {
        return readFileSync(`/proc/${process}/environ`, "utf8").includes(`${OWNER_MARK}=${pid}-`);
      } catch {
        return false;
      }
    });

test("what a killed node was just starting is ended, what a living one started is not", async () => {
  const node = spawn(process.execPath, ["--input-type=module", "-e", NODE], { stdio: "ignore" });
  await ended(node);
  const left = startedBy(node.pid ?? 0);
  // Without root nothing is admitted, so nothing waits. With it the inner half does; the outer one, held as it is,
  // may have been told already that its node is gone, or not yet.
  if (process.getuid?.() === 0) expect(left.length).toBeGreaterThanOrEqual(1);
  const living = spawnConfined({ ...LIMITS, entry: CHECKER });
  endOrphans();
  await until(() => startedBy(node.pid ?? 0).length === 0, "both halves to be gone");
  expect(isAlive(living.pid ?? 0)).toBe(true);
  living.stdin?.end();
  await ended(living);
  expect(living.exitCode).toBe(0);
});
