/** Reproducible random bytes: SHA-256 of a seed and a counter. */
import { createHash } from "node:crypto";
import type { RandomBytes } from "../../../src/privacy/index.js";

export function seeded(seed: string): RandomBytes {
  let counter = 0;
  return (n) => {
    const blocks: Buffer[] = [];
    for (let i = 0; i < n; i += 32) blocks.push(createHash("sha256").update(`${seed}/${counter++}`).digest());
    return Buffer.concat(blocks).subarray(0, n);
  };
}

/** Upper quantile of the chi-square distribution at one in a million, by Wilson and Hilferty. */
export function chiSquareLimit(degrees: number): number {
  const z = 4.7534;
  const c = 2 / (9 * degrees);
  return degrees * (1 - c + z * Math.sqrt(c)) ** 3;
}
