/** The bench of level `microvm`, whose programs and guest are set up first, since nothing else needs them. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { microvmKind } from "../../../src/sandbox/levels/microvm.js";
import { packageRoot } from "../../../src/store/index.js";
import type { MakeBench } from "../harness.js";
import { levelBench } from "../levels/bench.js";

/** Nothing, where all is there. */
export function setUpMicrovm(): void {
  const setup = join(packageRoot(), "scripts", "setup.mjs");
  execFileSync(process.execPath, [setup, "--need", "docker,images,microvm"], { stdio: "inherit" });
}

/** Where machines are emulated; more than was measured, since nothing here is to depend on time. */
const SLOWNESS = 10;

export const microvmBench: MakeBench = async () => {
  setUpMicrovm();
  return { ...(await levelBench(microvmKind)()), slowness: SLOWNESS };
};
