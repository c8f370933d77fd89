import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { processorCounters } from "../../src/sandbox/docker/counters.js";
import { freshUser } from "../../src/sandbox/users.js";
import { type TempDir, tempDir } from "../harness/temp.js";

describe("the user of a run", () => {
  test("is another for each, and nobody's on the machine", () => {
    const users = Array.from({ length: 50 }, () => freshUser());
    expect(new Set(users).size).toBe(50);
    for (const user of users) {
      expect(user).toBeGreaterThanOrEqual(1_900_000_000);
      expect(user).toBeLessThan(2 ** 31 - 1);
    }
  });
});

describe("counters of the processors", () => {
  let folder: TempDir;
  beforeEach(() => {
    folder = tempDir("counters");
  });
  afterEach(() => folder.remove());

  test("are found where they are, and only there", () => {
    for (const path of ["cpu0/cpuidle", "cpu0/topology", "cpu11/cpufreq", "cpuidle", "power"])
      mkdirSync(join(folder.path, path), { recursive: true });
    expect(processorCounters(folder.path).sort()).toEqual(
      ["cpu0/cpuidle", "cpu11/cpufreq", "cpuidle"].map((path) => join(folder.path, path)),
    );
  });

  test("are none on a machine that shows none", () => {
    expect(processorCounters(join(folder.path, "absent"))).toEqual([]);
  });
});
