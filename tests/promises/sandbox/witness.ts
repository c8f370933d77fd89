/** Looks at the machine from outside, before the hostile programs and after them. */
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { Bench } from "../../sandbox/harness.js";

/** Settings that escapes are known to change, and that nothing else changes while tests run. */
const SETTINGS = [
  "kernel/core_pattern",
  "kernel/modprobe",
  "kernel/hostname",
  "kernel/domainname",
  "kernel/sysrq",
  "kernel/randomize_va_space",
  "vm/overcommit_memory",
  "net/ipv4/ip_forward",
  "fs/suid_dumpable",
];

const setting = (name: string): [string, string] => {
  try {
    return [name, readFileSync(`/proc/sys/${name}`, "utf8").trim()];
  } catch {
    return [name, "none"];
  }
};

const passwords = (): string => readFileSync("/etc/passwd", "utf8");

export interface Witness {
  /** Of a listener on the machine's loopback, for programs to reach. */
  port: number;
  /** What it saw: equal before and after, or something came out. */
  look(): Record<string, string>;
  close(): Promise<void>;
}

export async function openWitness(): Promise<Witness> {
  let visitors = 0;
  const server: Server = createServer((socket) => {
    visitors += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the witness has no port");
  return {
    port: address.port,
    look: () => ({
      ...Object.fromEntries(SETTINGS.map(setting)),
      visitors: String(visitors),
      passwd: passwords(),
    }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** What removed runs have left in the staging of a bench. */
export const leftInStaging = (bench: Bench): string[] => readdirSync(bench.staging.path);
