import { describe, expect, test } from "@jest/globals";
import {
  FINAL_RELEASE_STATES,
  RELEASE_EVENTS,
  RELEASE_STATES,
  RELEASE_TRANSITIONS,
} from "../../src/airlock/index.js";
import { findStep, INITIAL_STATE, releaseStep } from "../../src/airlock/states.js";

describe("the table of release states", () => {
  test("every state is reached from the first, and none leads to a state that is not in the list", () => {
    const reached = new Set<string>([INITIAL_STATE]);
    for (let before = 0; before < reached.size; ) {
      before = reached.size;
      for (const t of RELEASE_TRANSITIONS) if (reached.has(t.from)) reached.add(t.to);
    }
    expect([...reached].sort()).toEqual([...RELEASE_STATES].sort());
  });

  test("released, rejected and withdrawn are closed, and nothing else is", () => {
    expect([...FINAL_RELEASE_STATES].sort()).toEqual(["rejected", "released", "withdrawn"]);
  });

  test("state and event name one row, every event has one, every row is owned and named in both languages", () => {
    const keys = RELEASE_TRANSITIONS.map((t) => `${t.from} ${t.event}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(RELEASE_TRANSITIONS.map((t) => t.event))).toEqual(new Set(RELEASE_EVENTS));
    for (const t of RELEASE_TRANSITIONS) {
      expect(t.who.length).toBeGreaterThan(0);
      expect(t.entry).toMatch(/^release\.[a-z_]+$/);
      expect(t.label && t.label_zh).not.toBe("");
    }
  });

  test("only the node approves and releases: out of a full review, or at its submission by the owners' policies", () => {
    const into = (state: string) => RELEASE_TRANSITIONS.filter((t) => t.to === state);
    expect(into("approved").map((t) => [t.from, t.event, t.who])).toEqual([
      ["submitted", "approve_by_policy", ["node"]],
      ["reviewed", "approve", ["node"]],
    ]);
    expect(into("released").map((t) => [t.from, t.who])).toEqual([["approved", ["node"]]]);
    expect(into("reviewed").map((t) => [t.from, t.event])).toEqual([
      ["partially_reviewed", "complete_review"],
    ]);
  });

  test("what the table does not have is refused", () => {
    for (const state of RELEASE_STATES)
      for (const event of RELEASE_EVENTS) {
        if (findStep(state, event)) expect(releaseStep(state, event).from).toBe(state);
        else
          expect(() => releaseStep(state, event)).toThrow(
            expect.objectContaining({ code: "state_conflict" }),
          );
      }
  });
});
