/** What the levels of containers find on this machine: each control, and what it means where it is missing. */
import type Docker from "dockerode";
import type { IsolationLevel } from "../../vocabulary/index.js";
import type { Probe, ProbeItem } from "../executor.js";
import type { Staging } from "../staging.js";
import { type EngineInfo, engineInfo } from "./client.js";

const item = (name: string, ok: boolean, good: string, bad: string): ProbeItem => ({
  name,
  ok,
  note: ok ? good : bad,
});

function items(engine: EngineInfo | undefined, staging: Staging, level: IsolationLevel): ProbeItem[] {
  const root = process.getuid?.() === 0;
  const list = [
    item(
      "root",
      root,
      "the worker can mount the runs' disks",
      "the worker is not root: it cannot mount the runs' disks, so sandbox jobs are refused",
    ),
    item(
      "staging",
      staging.kind !== "tmpfs",
      `plaintext lies in memory that does not swap (${staging.kind})`,
      "plaintext lies in a tmpfs that could reach a swap device: turn swap off, encrypt it, or use Linux 6.4 or newer",
    ),
    item("engine", engine !== undefined, `Docker ${engine?.version}`, "no container engine answers"),
  ];
  if (!engine) return list;
  list.push(
    item(
      "seccomp",
      engine.seccomp,
      "system calls are filtered",
      "the engine has no seccomp: sandbox jobs are refused",
    ),
    level === "userns"
      ? item(
          "ids",
          engine.remapped,
          "users inside, root among them, are nobody outside",
          "the engine does not remap users: runs of this level are refused",
        )
      : item(
          "ids",
          !engine.remapped,
          "user ids inside are the machine's",
          "a rootless or remapping engine cannot use the runs' disks: sandbox jobs are refused",
        ),
    item(
      "init",
      engine.init,
      "zombies are reaped",
      "docker-init is missing: a run's zombies count towards its pids",
    ),
    item(
      "counters",
      engine.cgroupDriver === "cgroupfs",
      `control groups version ${engine.cgroupVersion}, under a group of the node's own`,
      "systemd owns the control groups: a run that fails for want of processes is shown as failed by itself",
    ),
  );
  return list;
}

/** Without these nothing runs; the others weaken or blur, and say how. */
const NEEDED = ["root", "engine", "seccomp", "ids"];

export async function probeDocker(
  docker: Docker,
  staging: Staging,
  level: IsolationLevel = "container",
): Promise<Probe> {
  const engine = await engineInfo(docker).catch(() => undefined);
  const found = items(engine, staging, level);
  const available = NEEDED.every((name) => found.some((entry) => entry.name === name && entry.ok));
  return { level, available, items: found };
}
