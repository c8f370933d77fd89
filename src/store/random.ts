/** Random bytes in small pieces, drawn from the system in larger ones: a call for each piece costs more than its use. */
import { randomFillSync } from "node:crypto";

const POOL = 4096;
const pool = Buffer.alloc(POOL);
let used = POOL;

/** Fresh bytes, each handed out once and wiped behind. At most 1024 at a time. */
export function freshBytes(count: number): Buffer {
  if (count > POOL / 4) return randomFillSync(Buffer.alloc(count));
  if (used + count > POOL) {
    randomFillSync(pool);
    used = 0;
  }
  const piece = Buffer.from(pool.subarray(used, used + count));
  pool.fill(0, used, used + count);
  used += count;
  return piece;
}
