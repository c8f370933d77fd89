/** Whether helper processes can be confined on this machine, found by confining one and letting it attack. */
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { packageRoot } from "../../store/index.js";
import type { ProbeItem } from "../executor.js";
import { selftestProblems } from "./selftest/expected.js";
import { spawnConfined } from "./spawn.js";

export const SELFTEST_ENTRY = (): string => join(packageRoot(), "dist/sandbox/confinement/selftest/main.js");

/** The report of a confined self-test that also tries to read the given files. */
export async function selftest(files: readonly string[] = []): Promise<Record<string, string>> {
  const child = spawnConfined({
    profile: "checker",
    entry: SELFTEST_ENTRY(),
    args: [...files],
    memoryMb: 256,
    tmpMb: 8,
    cpuSeconds: 20,
  });
  child.stdin?.end();
  const [output, [code]] = await Promise.all([text(child.stdout!), once(child, "exit")]);
  if (code !== 0) throw new Error("the confined self-test did not finish");
  return JSON.parse(output) as Record<string, string>;
}

export async function probeConfinement(): Promise<ProbeItem> {
  const name = "confinement";
  try {
    const problems = selftestProblems(await selftest());
    if (problems.length > 0)
      return { name, ok: false, note: `a confined process could: ${problems.join("; ")}` };
    const asRoot = process.getuid?.() === 0;
    const note = asRoot
      ? "helper processes are confined by bubblewrap, as the machine's nobody, in a control group"
      : "helper processes are confined by bubblewrap; without root their memory is bounded by rlimits only";
    return { name, ok: true, note };
  } catch {
    return {
      name,
      ok: false,
      note: "bubblewrap cannot confine a process here: user namespaces may be switched off",
    };
  }
}
