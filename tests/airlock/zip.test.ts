import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 as zlibCrc } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Packed, packZip } from "../../src/airlock/bundle/pack.js";
import { crc32, readZip } from "../../src/airlock/zip.js";

const pack = async (files: Packed[]) => {
  const parts: Buffer[] = [];
  for await (const part of packZip(files)) parts.push(part);
  return Buffer.concat(parts);
};
const file = (name: string, content: string): Packed => ({ name, content: Buffer.from(content) });
const two = () => pack([file("b.txt", "second"), file("a/ä.txt", "first")]);
const problem = (bytes: Uint8Array) => {
  const read = readZip(bytes);
  return "problem" in read ? read.problem : undefined;
};

test("the checksum is the one of zip, whole or in pieces", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(500), (bytes, cut) => {
      expect(crc32(bytes)).toBe(zlibCrc(bytes));
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(zlibCrc(bytes));
    }),
  );
});

test("what was packed is read, sorted by name", async () => {
  const read = readZip(await two());
  if ("problem" in read) throw new Error(read.problem.what);
  expect([...read.files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
    ["a/ä.txt", "first"],
    ["b.txt", "second"],
  ]);
});

test("any zip tool opens it", async () => {
  const dir = mkdtempSync(join(tmpdir(), "zip-"));
  try {
    writeFileSync(join(dir, "x.zip"), await two());
    const script =
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; " +
      "print([(i.filename, i.compress_type, i.date_time[0], oct(i.external_attr >> 16)) for i in z.infolist()])";
    const said = execFileSync("python3", ["-c", script, join(dir, "x.zip")], { encoding: "utf8" });
    expect(said.trim()).toBe("[('a/ä.txt', 0, 1980, '0o100644'), ('b.txt', 0, 1980, '0o100644')]");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

describe("every other form is refused", () => {
  test("every flipped bit", async () => {
    const zip = await two();
    for (let bit = 0; bit < zip.length * 8; bit++) {
      const bad = Buffer.from(zip);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(problem(bad)).toBeDefined();
    }
  });

  test("cut anywhere", async () => {
    const zip = await two();
    for (let length = 0; length < zip.length; length++)
      expect(problem(zip.subarray(0, length))).toBeDefined();
  });

  test("bytes before, between, after; a second zip behind; a comment", async () => {
    const zip = await two();
    const gap = zip.indexOf("second") - 30 - "b.txt".length;
    const at = (offset: number, extra: Buffer) =>
      Buffer.concat([zip.subarray(0, offset), extra, zip.subarray(offset)]);
    const commented = Buffer.concat([zip, Buffer.from("hi")]);
    commented.writeUInt16LE(2, zip.length - 2);
    for (const bad of [at(0, Buffer.of(0)), at(gap, Buffer.of(0)), at(zip.length, Buffer.of(0)), commented])
      expect(problem(bad)).toBeDefined();
    expect(problem(Buffer.concat([zip, zip]))).toBeDefined();
    expect(problem(Buffer.alloc(0))).toBeDefined();
  });

  test("files out of order, or one twice", async () => {
    const [a, b] = [await pack([file("a", "1")]), await pack([file("b", "2")])];
    const local = (zip: Buffer) => zip.subarray(0, 32);
    for (const order of [
      [b, a],
      [a, a],
    ])
      expect(problem(Buffer.concat(order.map(local)))?.what).toBe("is not in the order of names");
  });

  test("what Python's zipfile writes, stored or deflated", () => {
    const script =
      "import sys, zipfile, io; b = io.BytesIO(); z = zipfile.ZipFile(b, 'w', int(sys.argv[1])); " +
      "z.writestr('a', 'x' * 50); z.close(); sys.stdout.buffer.write(b.getvalue())";
    for (const method of ["0", "8"])
      expect(problem(execFileSync("python3", ["-c", script, method]))?.where).toMatch(/^(zip header of )?a$/);
  });
});
