import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { lintTree } from "../../scripts/lint/imports.mjs";
import { importProblem, MAY_IMPORT } from "../../scripts/lint/rooms.mjs";
import { type TempDir, tempDir } from "../harness/temp.js";

let src: TempDir;
beforeEach(() => {
  src = tempDir("imports");
});
afterEach(() => src.remove());

function lint(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(src.path, name)), { recursive: true });
    writeFileSync(join(src.path, name), text);
  }
  return lintTree(src.path).map(({ file, message }) => `${file}: ${message}`);
}

const INDEXES = { "store/index.ts": "", "ledger/index.ts": "", "ledger/tree.ts": "", "jobs/index.ts": "" };

describe("import rules", () => {
  test("what is allowed passes: a left neighbour's index, one's own files, packages", () => {
    const text = `import { x } from "../store/index.js";
      import type { Y } from "../ledger/index.js"; import "./b.js"; import "zod"; import "node:fs";`;
    expect(lint({ ...INDEXES, "jobs/a.ts": text, "jobs/b.ts": "" })).toEqual([]);
  });

  test.each([
    ["a room to the right", "store/a.ts", `import "../jobs/index.js";`, /store may not import jobs/],
    ["a type of it", "store/a.ts", `import type { X } from "../jobs/index.js";`, /store may not import jobs/],
    ["a re-export of it", "store/a.ts", `export * from "../jobs/index.js";`, /store may not import jobs/],
    ["a later import of it", "store/a.ts", `await import("../jobs/index.js");`, /store may not import jobs/],
    ["a neighbour's inside", "jobs/a.ts", `import "../ledger/tree.js";`, /jobs may not enter ledger by tree/],
    ["another tree", "jobs/a.ts", `import "../../tests/x.js";`, /outside src/],
    ["what is not there", "jobs/a.ts", `import "./gone.js";`, /does not exist/],
    ["from no room", "extras/a.ts", `import "../jobs/index.js";`, /not a room/],
    ["a folder that says nothing", "jobs/utils/a.ts", "", /says nothing/],
    ["what is no TypeScript", "jobs/a.ts", "import {", /cannot parse/],
  ])("%s is found", (_, file, text, expected) => {
    const found = lint({ ...INDEXES, [file]: text });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test("a comment or a string is no import", () => {
    const text = `// import "../jobs/index.js";\nconst x = 'import "../jobs/index.js"';`;
    expect(lint({ ...INDEXES, "store/a.ts": text })).toEqual([]);
  });

  test("the order of the rooms has no cycle: of two, at most one may import the other", () => {
    for (const [room, others] of Object.entries(MAY_IMPORT)) {
      for (const other of others)
        expect([room, other, MAY_IMPORT[other]?.includes(room)]).toEqual([room, other, false]);
    }
  });

  test("the command line enters the API by its schemas only", () => {
    expect(importProblem("cli/run.ts", "api/schemas/jobs.ts")).toBeUndefined();
    expect(importProblem("cli/run.ts", "api/index.ts")).toMatch(/may not enter api/);
    expect(importProblem("cli/run.ts", "jobs/index.ts")).toMatch(/may not import jobs/);
  });
});

describe("pure modules", () => {
  test.each([
    ["a file", `import { readFileSync } from "node:fs";`],
    ["randomness", `import { randomBytes } from "node:crypto";`],
    ["a database", `import Database from "better-sqlite3";`],
    ["the clock", "export const now = () => Date.now();"],
    ["a date of now", "export const now = () => new Date();"],
    ["chance", "export const roll = () => Math.random();"],
    ["the environment", "export const home = () => process.env.HOME;"],
    ["its room's effects", `import { save } from "./service.js";`],
  ])("%s is found in each of them", (_, text) => {
    const service = { "jobs/service.ts": `import "node:fs"; export const save = 1;` };
    for (const name of ["states", "rules", "policy", "visibility"]) {
      const found = lint({ ...service, [`jobs/${name}.ts`]: text });
      expect(found).toContainEqual(
        expect.stringMatching(new RegExp(`jobs/${name}.ts: a pure module may not`)),
      );
    }
  });

  test("types of effectful modules, given dates and other names may be used", () => {
    const text = `import type { Database } from "better-sqlite3"; export const d = (ms: number) => new Date(ms);`;
    expect(lint({ "jobs/states.ts": text, "jobs/service.ts": `import "node:fs";` })).toEqual([]);
  });
});
