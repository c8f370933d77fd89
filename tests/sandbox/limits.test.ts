import { describe, expect, test } from "@jest/globals";
import { assertLimits } from "../../src/sandbox/limits.js";

const sane = { cpus: 1, memory_mb: 1024, pids: 64, disk_mb: 256, wall_s: 600 };

describe("limits", () => {
  test("the defaults are accepted", () => expect(() => assertLimits(sane)).not.toThrow());

  test.each(Object.keys(sane))("none of them can be turned off: %s", (name) => {
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, undefined, null, "5", 0.001]) {
      expect(() => assertLimits({ ...sane, [name]: value })).toThrow(`limits.${name}`);
    }
  });
});
