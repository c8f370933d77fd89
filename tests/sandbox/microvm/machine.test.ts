/** What a machine of level `microvm` has, what its QEMU may do, and how its end is named: all of it pure. */
import { describe, expect, test } from "@jest/globals";
import { outcomeOf } from "../../../src/sandbox/docker/outcome.js";
import type { ImageRef } from "../../../src/sandbox/index.js";
import { groupOfDevice } from "../../../src/sandbox/microvm/acceleration.js";
import { factsOf } from "../../../src/sandbox/microvm/ending.js";
import type { Result } from "../../../src/sandbox/microvm/exchange.js";
import {
  inputCommand,
  type Machine,
  machineCommand,
  type Programs,
  qemuArguments,
} from "../../../src/sandbox/microvm/machine.js";
import { rootName } from "../../../src/sandbox/microvm/root-disk.js";

const PROGRAMS: Programs = {
  ...{ qemu: "/usr/bin/qemu", bwrap: "/usr/bin/bwrap", prlimit: "/usr/bin/prlimit", mkfs: "/usr/bin/mkfs" },
  ...{ setpriv: "/usr/bin/setpriv", firmware: ["/usr/share/qemu"], system: { libraries: [], files: [] } },
};
const MACHINE: Machine = {
  ...{ acceleration: "tcg", processors: 2, memoryMb: 300, ticksKhz: 2_000_000, rootUncached: true },
  ...{ kernel: "/k", initrd: "/i", root: "/roots/r", input: "/run/input", exchange: "/run/exchange" },
};
const IDS = { user: 1_900_000_001, group: 65_534 };

/** Pairs of an option and what follows it. */
const valuesOf = (args: readonly string[], option: string): string[] =>
  args.flatMap((arg, i) => (arg === option ? [args[i + 1] ?? ""] : []));

describe("a machine", () => {
  const args = qemuArguments(MACHINE);

  test("has three disks and a line, and no other device: no network, no display, no monitor", () => {
    expect(valuesOf(args, "-device").map((device) => device.split(",")[0])).toEqual(
      Array(3).fill("virtio-blk-device"),
    );
    for (const none of ["-netdev", "-nic", "-net", "-usb", "-vga", "-virtfs", "-drive"])
      expect(args).not.toContain(none);
    for (const off of ["-nodefaults", "-no-user-config", "-no-reboot"]) expect(args).toContain(off);
    expect([valuesOf(args, "-monitor"), valuesOf(args, "-display")]).toEqual([["none"], ["none"]]);
  });

  test("can write its exchange disk alone", () => {
    const disks = valuesOf(args, "-blockdev");
    const writable = disks.filter((disk) => disk.includes("file.read-only=off"));
    expect(disks).toHaveLength(3);
    expect(writable.map((disk) => /filename=([^,]+)/.exec(disk)?.[1])).toEqual(["/vm/exchange"]);
  });

  test("reads its image past the page cache that others share", () => {
    expect(valuesOf(args, "-blockdev").find((disk) => disk.includes("node-name=root"))).toContain(
      "file.cache.direct=on",
    );
  });

  test("is emulated or virtual as it is told, and told the counter's speed only when emulated", () => {
    expect(valuesOf(args, "-append")[0]).toContain("tsc_early_khz=2000000");
    const virtual = qemuArguments({ ...MACHINE, acceleration: "kvm", ticksKhz: undefined });
    expect(valuesOf(virtual, "-accel")).toEqual(["kvm"]);
    expect(valuesOf(virtual, "-append")[0]).not.toContain("tsc_early_khz");
  });

  test("QEMU forbids itself to start programs and to gain rights", () => {
    expect(valuesOf(args, "-sandbox")).toEqual([
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    ]);
  });
});

describe("QEMU's world", () => {
  const command = machineCommand(PROGRAMS, MACHINE, IDS);

  test("is in namespaces of its own, filtered, as the run's user without a right", () => {
    for (const flag of [
      "--unshare-user",
      "--unshare-pid",
      "--unshare-net",
      "--unshare-ipc",
      "--die-with-parent",
      "--seccomp",
    ])
      expect(command).toContain(flag);
    expect(command).toContain(`--reuid=${IDS.user}`);
    expect(command).toContain("--no-new-privs");
    expect(command).toContain("--bounding-set=-all");
  });

  test("has one thing to write to, and neither /proc, a home nor the disks of another", () => {
    expect(valuesOf(command, "--bind")).toEqual([MACHINE.exchange]);
    expect(command).not.toContain("--proc");
    expect(command).not.toContain("--tmpfs");
    expect(command).not.toContain("--dev-bind");
    const shown = valuesOf(command, "--ro-bind");
    expect(shown).toEqual([
      "/usr/lib",
      PROGRAMS.qemu,
      PROGRAMS.setpriv,
      "/usr/share/qemu",
      "/k",
      "/i",
      "/roots/r",
      "/run/input",
    ]);
  });

  test("has KVM's device only where the machine is virtual", () => {
    const virtual = machineCommand(PROGRAMS, { ...MACHINE, acceleration: "kvm" }, IDS);
    expect(valuesOf(virtual, "--dev-bind")).toEqual(["/dev/kvm"]);
  });

  test("the tool that makes the input disk is confined alike, and may write that disk alone", () => {
    const made = inputCommand(PROGRAMS, { data: "/d", work: "/w", disk: "/run/input" }, IDS);
    expect(valuesOf(made, "--bind")).toEqual(["/run/input"]);
    expect(made).toContain("--unshare-net");
    expect(made).toContain(`--reuid=${IDS.user}`);
  });
});

describe("KVM's device", () => {
  test("is used by the rights of a group or of all, never as root", () => {
    expect(groupOfDevice({ mode: 0o20660, gid: 107 })).toBe(107);
    expect(groupOfDevice({ mode: 0o20666, gid: 0 })).toBe(65_534);
    expect(groupOfDevice({ mode: 0o20660, gid: 0 })).toContain("root's alone");
    expect(groupOfDevice({ mode: 0o20600, gid: 107 })).toContain("root's alone");
    expect(groupOfDevice({ mode: 0o20640, gid: 107 })).toContain("root's alone");
  });
});

describe("the image's disk", () => {
  const image = (layers: string[]): Pick<ImageRef, "layers"> => ({ layers });
  test("is named by what is in the image, so that no run gets another's", () => {
    expect(rootName(image(["sha256:a"]))).toBe(rootName(image(["sha256:a"])));
    const names = [["sha256:a"], ["sha256:b"], ["sha256:a", "sha256:b"], ["sha256:b", "sha256:a"]].map(
      (layers) => rootName(image(layers)),
    );
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("a machine's end", () => {
  const limits = { cpus: 1, memory_mb: 64, pids: 8, disk_mb: 8, wall_s: 1 };
  const result: Result = {
    ...{ ended: true, how: "by itself", exitCode: 1, oomKills: 0, pidsRefused: 0, memoryPeakBytes: 0 },
    ...{ diskFreeBytes: 2 ** 22, diskFreeFiles: 99, stdoutBytes: 0, stderrBytes: 0, logsTruncated: false },
    ...{ undeclared: 0, outputs: [] },
  };
  const host = { killed: undefined, limits, oomKilled: false };
  const named = (said: Result | undefined, known: Partial<Parameters<typeof factsOf>[1]> = {}) => {
    const facts = factsOf(said, { ...host, ...known });
    return facts ? outcomeOf(facts) : "system";
  };

  test("is named by the same rules as a container's", () => {
    expect(named(result)).toBe("exited");
    expect(named({ ...result, how: "wall" })).toBe("wall");
    expect(named({ ...result, how: "log" })).toBe("log");
    expect(named({ ...result, oomKills: 1 })).toBe("memory");
    expect(named({ ...result, pidsRefused: 3 })).toBe("pids");
    expect(named({ ...result, diskFreeBytes: 0 })).toBe("disk");
    expect(named({ ...result, exitCode: 0, oomKills: 1 })).toBe("exited");
  });

  test("is the host's reason where it ended the machine, whatever the guest said", () => {
    expect(named({ ...result, exitCode: 0 }, { killed: "killed" })).toBe("killed");
    expect(named(undefined, { killed: "wall" })).toBe("wall");
    expect(named(undefined, { oomKilled: true })).toBe("memory");
  });

  test("without a word and without a reason is the platform's failure", () => {
    expect(named(undefined)).toBe("system");
    expect(named({ ...result, ended: false })).toBe("system");
  });
});
