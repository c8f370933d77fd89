/** The beginning of what a gzip or zlib stream holds: at most `limit` bytes, whatever the stream claims or is. */
import { constants, unzipSync } from "node:zlib";

export interface Prefix {
  data: Buffer;
  /** True where more would have come. */
  cut: boolean;
}

const RATIO = 1032; // Deflate cannot do better, so this much input can hold `limit` bytes.

function tryUnzip(bytes: Buffer, limit: number): Buffer | "too long" | undefined {
  try {
    // A stream that is cut off gives what it has.
    return unzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: limit });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "too long" : undefined;
  }
}

export function gunzipPrefix(bytes: Buffer, limit: number): Prefix {
  const whole = tryUnzip(bytes, limit);
  if (whole !== "too long") return { data: whole ?? Buffer.alloc(0), cut: false };
  // By bisection, the longest prefix of the input that still fits.
  let low = Math.min(bytes.length, Math.floor(limit / RATIO));
  let high = bytes.length;
  let data: Buffer = Buffer.alloc(0);
  for (let step = 0; step < 6 && low < high; step++) {
    const middle = (low + high) >> 1;
    const part = tryUnzip(bytes.subarray(0, middle), limit);
    if (part === "too long") high = middle;
    else {
      data = part ?? data;
      low = middle + 1;
    }
  }
  if (data.length === 0) {
    const first = tryUnzip(bytes.subarray(0, Math.floor(limit / RATIO)), limit);
    if (first !== undefined && first !== "too long") data = first;
  }
  return { data, cut: true };
}
