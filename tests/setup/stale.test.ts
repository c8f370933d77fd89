import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { buildProblem, expectedOutputs } from "../../scripts/setup/build.mjs";
import { lockDifference, missingCompiler } from "../../scripts/setup/dependencies.mjs";
import { digestOf, digestOfPaths, folderDigest } from "../../scripts/setup/digest.mjs";
import { type TempDir, tempDir } from "../harness/temp.js";

let folder: TempDir;
const path = (...names: string[]) => join(folder.path, ...names);
beforeEach(() => {
  folder = tempDir("stale");
  mkdirSync(path("tree", "sub"), { recursive: true });
  writeFileSync(path("tree", "a"), "1");
  writeFileSync(path("tree", "sub", "b"), "2");
});
afterEach(() => folder.remove());

describe("a folder's digest", () => {
  const changes: [string, () => void][] = [
    ["a byte", () => writeFileSync(path("tree", "a"), "3")],
    ["a name", () => renameSync(path("tree", "a"), path("tree", "c"))],
    ["a folder", () => renameSync(path("tree", "sub"), path("tree", "bus"))],
    ["a new empty file", () => writeFileSync(path("tree", "z"), "")],
    ["the right to execute", () => chmodSync(path("tree", "a"), 0o755)],
  ];
  test.each(changes)("changes with %s", (_, change) => {
    const before = folderDigest(path("tree"));
    change();
    expect(folderDigest(path("tree"))).not.toBe(before);
  });

  test("does not change with the mask under which a checkout was made", () => {
    const before = folderDigest(path("tree"));
    chmodSync(path("tree", "a"), 0o600);
    expect(folderDigest(path("tree"))).toBe(before);
  });

  test("is not the same when content moves from one file to the next", () => {
    const one = digestOf([
      { name: "a", content: "1:b2" },
      { name: "b", content: "" },
    ]);
    const two = digestOf([
      { name: "a", content: "" },
      { name: "b", content: "1:b2" },
    ]);
    expect(one).not.toBe(two);
  });

  test("refuses links, which would reach outside", () => {
    symlinkSync("/etc", path("tree", "link"));
    expect(() => folderDigest(path("tree"))).toThrow(/neither a file nor a folder/);
  });
});

describe("dist", () => {
  const write = (name: string, text: string) => writeFileSync(path(name), text);
  const stamp = () =>
    write("dist/.stamp", digestOfPaths(folder.path, ["src", "tsconfig.json", "package-lock.json"]));
  beforeEach(() => {
    renameSync(path("tree"), path("src"));
    mkdirSync(path("dist"));
    for (const name of ["tsconfig.json", "package-lock.json"]) write(name, "{}");
    stamp();
  });

  test("is current as long as nothing it is made from changes", () => {
    expect(buildProblem(folder.path)).toBeUndefined();
  });

  test.each(["src/a", "src/new", "tsconfig.json", "package-lock.json"])(
    "is stale once %s changes",
    (name) => {
      write(name, "other");
      expect(buildProblem(folder.path)).toMatch(/changed/);
    },
  );

  test("is not trusted without its stamp, which is written last", () => {
    write("dist/.stamp", "");
    expect(buildProblem(folder.path)).toMatch(/changed/);
    renameSync(path("dist"), path("elsewhere"));
    expect(buildProblem(folder.path)).toMatch(/missing/);
  });

  test("holds compiled sources with their maps, and everything else as it is", () => {
    expect(expectedOutputs(["a.ts", "b/c.ts", "b/seccomp.json", "d.d.ts"])).toEqual({
      compiled: ["a.js", "a.js.map", "b/c.js", "b/c.js.map"],
      copied: ["b/seccomp.json"],
    });
  });
});

describe("node_modules", () => {
  const locked = { version: "1.0.0", integrity: "sha512-x" };
  const wanted = { "": {}, "node_modules/a": locked, "node_modules/b-win32": { ...locked, optional: true } };

  test("is fresh when npm's record agrees with the lock; packages of another platform may be absent", () => {
    expect(lockDifference(wanted, { "node_modules/a": locked })).toBeUndefined();
  });

  test.each([
    ["a package is missing", {}, /a is missing/],
    ["a version differs", { "node_modules/a": { ...locked, version: "1.0.1" } }, /another version/],
    ["the content differs", { "node_modules/a": { ...locked, integrity: "sha512-y" } }, /another version/],
    ["there is one too many", { "node_modules/a": locked, "node_modules/z": locked }, /z is not in the lock/],
  ])("is stale when %s", (_, installed, problem) => {
    expect(lockDifference(wanted, installed)).toMatch(problem);
  });

  test("a missing compiler is named by the package that brings it", () => {
    expect(missingCompiler(() => undefined)).toEqual(["g++", "make", "python3"]);
    expect(missingCompiler((name: string) => (name === "make" ? undefined : `/usr/bin/${name}`))).toEqual([
      "make",
    ]);
  });
});
