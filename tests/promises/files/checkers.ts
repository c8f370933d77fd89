/** Checkers for attacks: the real confined process, and impostors that stand for one taken over by a file. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { Readable } from "node:stream";
import { deflateSync } from "node:zlib";
import { PNG } from "pngjs";
import { crc32 } from "../../../src/privacy/disclosure/canonicalisers/png-container.js";
import type { Canonical, Checker, SpawnChecker } from "../../../src/privacy/index.js";
import { CHECKER_ENTRY, defaultPolicy } from "../../../src/privacy/index.js";
import { spawnConfined } from "../../../src/sandbox/index.js";
import { packageRoot } from "../../../src/store/index.js";
import type { Grade } from "../../../src/vocabulary/index.js";

export const confinedChecker: SpawnChecker = (memoryMb, cpuSeconds) =>
  spawnConfined({
    profile: "checker",
    entry: join(packageRoot(), CHECKER_ENTRY),
    memoryMb,
    cpuSeconds,
    tmpMb: 16,
  });

/** A process that runs this script. `frame(header, …bodies)` writes a frame; READY is the greeting. */
export const impostor =
  (script: string): SpawnChecker =>
  () =>
    spawn(process.execPath, [
      "-e",
      `const frame = (h, ...b) => {
         const j = Buffer.from(JSON.stringify({ ...h, bodies: b.map((x) => x.length) }));
         const l = Buffer.alloc(4); l.writeUInt32BE(j.length);
         process.stdout.write(Buffer.concat([l, j, ...b]));
       };
       const READY = { checker: "ready" };
       ${script}`,
    ]);

export function check(checker: Checker, name: string, bytes: Buffer, grade: Grade = 3): Promise<Canonical> {
  const policy = defaultPolicy(grade);
  return checker.canonicalise({ name, source: Readable.from([bytes]), bytes: bytes.length, policy });
}

export function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  data.copy(out, 8);
  const sum = crc32(out.subarray(4, data.length + 8));
  out.writeUInt32BE(sum, data.length + 8);
  return out;
}

/** A small honest picture. */
export function picture(width = 24, height = 16): Buffer {
  const png = new PNG({ width, height });
  for (let i = 0; i < png.data.length; i++) png.data[i] = i % 4 === 3 ? 255 : (i * 7) % 256;
  return PNG.sync.write(png, { colorType: 2 });
}

/** The picture with chunks put in after its header. */
export function withChunks(png: Buffer, ...chunks: Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

export function pngOf(width: number, height: number, idat: Buffer, depth = 8, color = 2): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = color;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", idat),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export const rows = (n: number): Buffer =>
  Buffer.from(Array.from({ length: n }, (_, i) => `${i + 1},${70 + (i % 20)},F,2.${i},1.${i}\n`).join(""));
export const deflated = (bytes: Buffer): Buffer => deflateSync(bytes);
