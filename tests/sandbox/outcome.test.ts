import { describe, expect, test } from "@jest/globals";
import { type Facts, OUTCOME_RULES, outcomeOf } from "../../src/sandbox/docker/outcome.js";
import { limitOf, OUTCOMES } from "../../src/sandbox/index.js";

const calm: Facts = {
  exitCode: 1,
  oomKilled: false,
  disk: { freeBytes: 1 << 24, freeFiles: 100 },
  limits: { cpus: 1, memory_mb: 64, pids: 10, disk_mb: 16, wall_s: 1 },
};

describe("how an end is named", () => {
  test.each<[string, Partial<Facts>, string]>([
    ["a failure of its own", {}, "exited"],
    ["a good end", { exitCode: 0 }, "exited"],
    ["a good end, though a child was killed for memory", { exitCode: 0, oomKilled: true }, "exited"],
    ["a good end on a full disk", { exitCode: 0, disk: { freeBytes: 0, freeFiles: 5 } }, "exited"],
    ["killed for memory", { exitCode: 137, oomKilled: true }, "memory"],
    [
      "killed at the memory's peak, unseen by the engine",
      { exitCode: 137, memoryPeakBytes: 64 << 20 },
      "memory",
    ],
    ["its own SIGKILL far from any limit", { exitCode: 137, memoryPeakBytes: 1 << 20 }, "exited"],
    ["at the memory's peak, but of its own accord", { memoryPeakBytes: 64 << 20 }, "exited"],
    ["no bytes left", { disk: { freeBytes: 4096, freeFiles: 5 } }, "disk"],
    ["no files left", { disk: { freeBytes: 1 << 24, freeFiles: 0 } }, "disk"],
    ["a file too large", { exitCode: 153 }, "disk"],
    ["as many processes as it may", { processesPeak: 10 }, "pids"],
    ["one process fewer", { processesPeak: 9 }, "exited"],
    ["time, whatever else", { killed: "wall", exitCode: 137, oomKilled: true }, "wall"],
    ["too much log", { killed: "log", exitCode: 137 }, "log"],
    ["killed by the node, even after a good end", { killed: "killed", exitCode: 0 }, "killed"],
  ])("%s", (_, facts, outcome) => {
    expect(outcomeOf({ ...calm, ...facts })).toBe(outcome);
  });

  test("every outcome but the platform's failure has a rule, and every limit is one", () => {
    expect(new Set([...OUTCOME_RULES.map((rule) => rule.outcome), "system"])).toEqual(new Set(OUTCOMES));
    expect(OUTCOMES.map(limitOf)).toEqual([
      undefined,
      "memory",
      "wall",
      "disk",
      "pids",
      "log",
      undefined,
      undefined,
    ]);
  });
});
