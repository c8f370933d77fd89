/**
 * What the set-up made for this level (scripts/setup/microvm.mjs: change both or neither) and what is kept beside it:
 * root file systems by image. One place per user; nothing in it is data of a node.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { machineHome } from "../engine.js";

export interface Guest {
  kernel: string;
  /** The initial file system: the guest's init and its kernel's modules. */
  initrd: string;
  /** Says how fast the machine's time stamp counter runs. */
  ticks: string;
  /** Of the kernel. */
  version: string;
  /** What the initial file system was made from. */
  stamp: string;
}

const home = (env: NodeJS.ProcessEnv): string => join(machineHome(env), "microvm");

/** Where root file systems are kept. */
export const rootsFolder = (env: NodeJS.ProcessEnv = process.env): string => join(home(env), "roots");

/** undefined: the set-up did not run. */
export function findGuest(env: NodeJS.ProcessEnv = process.env): Guest | undefined {
  const folder = join(home(env), "guest");
  const text = (name: string): string => readFileSync(join(folder, name), "utf8").trim();
  if (!existsSync(join(folder, "stamp"))) return undefined;
  return {
    kernel: join(folder, "kernel"),
    initrd: join(folder, "initrd"),
    ticks: join(folder, "ticks"),
    version: text("version"),
    stamp: text("stamp"),
  };
}

/** What is known of the processor's virtualisation here (acceleration.ts). */
export const accelerationFile = (env: NodeJS.ProcessEnv = process.env): string =>
  join(home(env), "acceleration.json");
