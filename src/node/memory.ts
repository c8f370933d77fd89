/** What keeps plaintext on this machine while a run needs it, and whether that can reach a disk. */
import { readFileSync } from "node:fs";
import { openStaging } from "../sandbox/index.js";

export interface StagingMemory {
  /** What a mount of staging is, as one was just made. */
  kind: "tmpfs-noswap" | "ramfs" | "tmpfs";
  /** Devices and files that the machine swaps to. */
  swaps: number;
}

/** @throws where no staging can be made here, or it cannot be told what swap there is */
export async function stagingMemory(): Promise<StagingMemory> {
  const staging = openStaging();
  try {
    return { kind: staging.kind, swaps: swapsOf(readFileSync("/proc/swaps", "utf8")) };
  } finally {
    await staging.close();
  }
}

/** The first line names the columns. Pure. */
export const swapsOf = (table: string): number => table.trim().split("\n").length - 1;
