/** What a container cannot make and another isolation level, or a flaw, might: the collector trusts nobody. */

import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { collectFolder } from "../../src/sandbox/collect.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glovebox-collect-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

async function gather(names: string[], maxBytes = 1000, path = folder) {
  const files: Record<string, string> = {};
  const collection = collectFolder(path, names, maxBytes);
  for await (const file of collection) files[file.name] = (await buffer(file.open())).toString();
  return { files, refusals: collection.refusals };
}

describe("collecting a hostile folder", () => {
  test("FIFOs and devices are refused at once and never waited for", async () => {
    execFileSync("mkfifo", [at("pipe.txt")]);
    execFileSync("mknod", [at("null.txt"), "c", "1", "3"]);
    execFileSync("mknod", [at("disk.txt"), "b", "7", "99"]);
    const { files, refusals } = await gather(["pipe.txt", "null.txt", "disk.txt"]);
    expect(files).toEqual({});
    expect(refusals.map(({ reason }) => reason)).toEqual(["not_a_file", "not_a_file", "not_a_file"]);
  });

  test("links are not followed, second names are refused, holes count by the size they claim", async () => {
    writeFileSync(at("secret"), "secret");
    symlinkSync("secret", at("link"));
    symlinkSync("missing", at("dangling"));
    linkSync(at("secret"), at("twin"));
    writeFileSync(at("hole"), "");
    truncateSync(at("hole"), 2 ** 40);
    const { files, refusals } = await gather(["link", "dangling", "twin", "hole"]);
    expect(files).toEqual({});
    expect(refusals).toEqual([
      { name: "link", reason: "not_a_file", count: 1 },
      { name: "dangling", reason: "not_a_file", count: 1 },
      { name: "twin", reason: "linked", count: 1 },
      { name: "hole", reason: "too_large", count: 1 },
      { reason: "undeclared", count: 1 },
    ]);
  });

  test("a file on another file system inside the folder is refused", async () => {
    writeFileSync(at("a.txt"), "");
    execFileSync("mount", ["--bind", "/proc/version", at("a.txt")]);
    try {
      expect((await gather(["a.txt"])).refusals).toEqual([{ name: "a.txt", reason: "linked", count: 1 }]);
    } finally {
      execFileSync("umount", [at("a.txt")]);
    }
  });

  test("a folder that is a link is not entered", async () => {
    mkdirSync(at("real"));
    symlinkSync("real", at("out"));
    await expect(gather(["a"], 10, at("out"))).rejects.toMatchObject({
      code: expect.stringMatching(/ELOOP|ENOTDIR/),
    });
  });

  test("a file that grows while it is read gives the bytes it had", async () => {
    writeFileSync(at("a.txt"), "12345");
    const collection = collectFolder(folder, ["a.txt"], 5);
    for await (const file of collection) {
      writeFileSync(at("a.txt"), "1234567890");
      expect([file.bytes, (await buffer(file.open())).toString()]).toEqual([5, "12345"]);
    }
  });

  test("names that are not UTF-8 are counted, not taken for their look-alikes", async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x72, 0xff])]), "x");
    writeFileSync(at("é.txt"), "accent");
    const { files, refusals } = await gather(["é.txt", "r\ufffd"]);
    expect(files).toEqual({ "é.txt": "accent" });
    expect(refusals).toEqual([
      { name: "r\ufffd", reason: "missing", count: 1 },
      { reason: "undeclared", count: 1 },
    ]);
  });

  test("leaves no descriptor open, even when the reader gives up", async () => {
    for (const name of ["a", "b", "c"]) writeFileSync(at(name), name);
    const open = (): number => readdirSync("/proc/self/fd").length;
    const before = open();
    for await (const file of collectFolder(folder, ["a", "b", "c"], 10)) if (file.name === "b") break;
    expect(open()).toBe(before);
  });
});
