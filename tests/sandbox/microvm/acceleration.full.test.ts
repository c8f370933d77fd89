/** How it is found whether a guest comes up, tried with machines that are emulated, as every machine can. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openStaging, type Staging } from "../../../src/sandbox/index.js";
import { boots, emulated } from "../../../src/sandbox/microvm/acceleration.js";
import { setUpMicrovm } from "./bench.js";

/** Far more than a boot takes on a busy machine. */
const LONG_MS = 180_000;

let staging: Staging;
let root: string;
beforeAll(() => {
  setUpMicrovm();
  root = mkdtempSync(join(tmpdir(), "glovebox-boot-"));
  staging = openStaging(root);
});
afterAll(async () => {
  await staging.close();
  rmSync(root, { recursive: true, force: true });
});

describe("whether a guest comes up", () => {
  test(
    "one that does says so by a word on its line",
    async () => {
      expect(await boots(staging, emulated("in this test"), LONG_MS)).toBe(true);
    },
    LONG_MS,
  );

  test("one that does not in time is ended, and leaves nothing", async () => {
    expect(await boots(staging, emulated("in this test"), 1)).toBe(false);
    expect(readdirSync(staging.path)).toEqual([]);
  });
});
