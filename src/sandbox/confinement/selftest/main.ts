/**
 * Runs confined and tries what a confined process must not be able to do; prints what came of each as one JSON
 * object. `doctor` runs it on the machine it is on, for a confinement that was never attacked is a hope.
 *
 * argv: the files to try to read, or "--exhaust memory|processor|processes|files" to run into a limit and stay there.
 */
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createConnection } from "node:net";
import { hostname } from "node:os";

const results: Record<string, string> = {};

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error
    ? String(error.code)
    : error instanceof Error
      ? error.name
      : "unknown";

async function attempt(name: string, action: () => unknown): Promise<void> {
  try {
    await action();
    results[name] = "done";
  } catch (error) {
    results[name] = codeOf(error);
  }
}

const HOST_FILES = ["/etc/shadow", "/etc/passwd", "/root", "/home", "/proc/1/root/etc/shadow", "/sys"];
const PLACES = [
  "/x",
  "/usr/lib/x",
  "/glovebox/dist/x.js",
  "/etc/x",
  "/dev/x",
  "/dev/shm/x",
  "/bin/x",
  "/proc/x",
];
const CONTROLS = [
  "kernel/core_pattern",
  "kernel/modprobe",
  "vm/overcommit_memory",
  "user/max_user_namespaces",
];

async function files(given: readonly string[]): Promise<void> {
  for (const path of [...HOST_FILES, ...given]) {
    await attempt(`read ${path}`, () => {
      try {
        readFileSync(path);
      } catch (error) {
        if (codeOf(error) !== "EISDIR") throw error;
        readdirSync(path);
      }
    });
  }
  for (const path of PLACES) await attempt(`write ${path}`, () => writeFileSync(path, "x"));
  for (const path of CONTROLS)
    await attempt(`write sysctl ${path}`, () => writeFileSync(`/proc/sys/${path}`, "x"));
  await attempt("be the last to be killed", () => {
    const file = openSync("/proc/self/oom_score_adj", "w");
    try {
      writeSync(file, "-1000");
    } finally {
      closeSync(file);
    }
  });
}

async function connect(options: { host?: string; port?: number; path?: string }): Promise<void> {
  const socket = createConnection({ ...(options as { port: number }), timeout: 1000 });
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

async function network(): Promise<void> {
  await attempt("connect to loopback", () => connect({ host: "127.0.0.1", port: 22 }));
  await attempt("connect outside", () => connect({ host: "192.0.2.1", port: 80 }));
  await attempt("connect to the engine", () => connect({ path: "/var/run/docker.sock" }));
  await attempt("connect to an abstract socket", () => connect({ path: "\0glovebox" }));
  await attempt("send a datagram", async () => {
    const socket = createSocket("udp4");
    try {
      socket.bind(0, "127.0.0.1");
      await once(socket, "listening");
    } finally {
      socket.close();
    }
  });
}

async function processes(): Promise<void> {
  for (const program of ["/bin/sh", "/usr/bin/env", "/usr/bin/python3", "/usr/bin/bwrap"]) {
    await attempt(`run ${program}`, () => {
      const { error } = spawnSync(program, ["-c", "exit 0"]);
      if (error) throw error;
    });
  }
  // The reaper of this process namespace, and this process.
  results["processes in sight"] = String(readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length);
  await attempt("see variables of the node", () => {
    const names = readFileSync("/proc/1/environ", "utf8")
      .split("\0")
      .map((line) => line.split("=")[0] ?? "");
    if (names.every((name) => name === "" || name in process.env)) throw new Error("nothing but our own");
  });
  await attempt("kill the reaper", () => process.kill(1, "SIGKILL"));
  await attempt("become root", () => process.setuid?.(0));
}

function state(): void {
  const status = readFileSync("/proc/self/status", "utf8");
  for (const field of ["NoNewPrivs", "Seccomp", "CapEff", "CapPrm", "CapBnd", "Uid", "Gid"]) {
    results[`status ${field}`] =
      new RegExp(`^${field}:\\s*(.*)$`, "m").exec(status)?.[1]?.replaceAll("\t", " ") ?? "";
  }
  results.hostname = hostname();
  results["root folder"] = readdirSync("/").sort().join(" ");
  results.variables = Object.keys(process.env).sort().join(" ");
}

async function scratch(): Promise<void> {
  await attempt("use its own scratch", () => {
    writeFileSync("/tmp/x", "x");
    unlinkSync("/tmp/x");
  });
  await attempt("fill its scratch", () => {
    const file = openSync("/tmp/full", "w");
    try {
      for (;;) writeSync(file, Buffer.alloc(1 << 20));
    } finally {
      closeSync(file);
      unlinkSync("/tmp/full");
    }
  });
  await attempt("read by a link", () => {
    symlinkSync("/etc/shadow", "/tmp/link");
    readFileSync("/tmp/link");
  });
}

/** Does not return: the parent looks at how it ends. */
const EXHAUST: Record<string, () => void> = {
  memory: () => {
    const held: Buffer[] = [];
    for (;;) held.push(Buffer.alloc(8 << 20, 1));
  },
  processor: () => {
    for (;;);
  },
  files: () => {
    for (;;) openSync("/dev/null", "r");
  },
};

async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === "--exhaust") EXHAUST[argv[1] ?? ""]?.();
  await files(argv);
  await network();
  await processes();
  await scratch();
  state();
  process.stdout.write(`${JSON.stringify(results)}\n`);
}

await main(process.argv.slice(2));
