/** The guest's initial file system as an archive. */
import { describe, expect, test } from "@jest/globals";
import { writeCpio } from "../../scripts/setup/cpio.mjs";

interface Entry {
  name: string;
  mode: number;
  content: string;
}

/** Reads what Linux would: fixed headers in hexadecimal, names and contents padded to four bytes. */
function read(archive: Buffer): Entry[] {
  const entries: Entry[] = [];
  const padded = (at: number): number => Math.ceil(at / 4) * 4;
  for (let at = 0; ; ) {
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const field = (i: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * i, at + 14 + 8 * i), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = archive.toString("utf8", at + 110, at + 110 + nameSize - 1);
    if (name === "TRAILER!!!") return entries;
    const begin = padded(at + 110 + nameSize);
    entries.push({ name, mode, content: archive.toString("utf8", begin, begin + size) });
    at = padded(begin + size);
  }
}

describe("the archive of the guest's initial file system", () => {
  const files = [
    { name: "init", mode: 0o755, content: Buffer.from("program") },
    { name: "modules/0.ko", mode: 0o644, content: Buffer.from("a") },
    { name: "modules/1.ko", mode: 0o644, content: Buffer.alloc(0) },
  ];

  test("holds each file with its mode, after its folder, and nothing else", () => {
    expect(read(writeCpio(files))).toEqual([
      { name: "init", mode: 0o100755, content: "program" },
      { name: "modules", mode: 0o040755, content: "" },
      { name: "modules/0.ko", mode: 0o100644, content: "a" },
      { name: "modules/1.ko", mode: 0o100644, content: "" },
    ]);
  });

  test("of the same files is the same to the byte", () => {
    expect(writeCpio(files).equals(writeCpio(files))).toBe(true);
  });
});
