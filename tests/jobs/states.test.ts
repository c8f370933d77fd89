/** The tables of states: whole, closed and owned; and the services move nothing outside them. */
import { describe, expect, test } from "@jest/globals";
import {
  FINAL_JOB_STATES,
  JOB_EVENTS,
  JOB_STATES,
  JOB_TRANSITIONS,
  LIVE_RUN_STATES,
  RUN_EVENTS,
  RUN_STATES,
  RUN_TRANSITIONS,
  type Transition,
} from "../../src/jobs/index.js";

function reachable(table: readonly Transition<string, string>[], from: string): Set<string> {
  const seen = new Set([from]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const row of table)
      if (seen.has(row.from) && !seen.has(row.to)) {
        seen.add(row.to);
        grew = true;
      }
  }
  return seen;
}

describe.each([
  ["jobs", JOB_STATES, JOB_EVENTS, JOB_TRANSITIONS, "queued"],
  ["runs", RUN_STATES, RUN_EVENTS, RUN_TRANSITIONS, "leased"],
] as const)("the table of %s", (_, states, events, table, first) => {
  const rows: readonly Transition<string, string>[] = table;
  test("reaches every state", () => {
    expect([...reachable(rows, first)].sort()).toEqual([...states].sort());
  });
  test("uses every event, and knows one way out of a state for each", () => {
    expect([...new Set(rows.map((r) => r.event))].sort()).toEqual([...events].sort());
    expect(new Set(rows.map((r) => `${r.from} ${r.event}`)).size).toBe(rows.length);
  });
  test("names for every row who brings it about, its entry and its label in both languages", () => {
    for (const row of rows) {
      expect(row.who.length).toBeGreaterThan(0);
      expect(row.entry).toMatch(/^[a-z]+\.[a-z_]+$/);
      expect(row.label).not.toBe("");
      expect(row.label_zh).toMatch(/\p{Script=Han}/u);
    }
  });
});

test("a job ends as done, failed or cancelled, and a run as ended or lost", () => {
  expect([...FINAL_JOB_STATES].sort()).toEqual(["cancelled", "done", "failed"]);
  expect([...LIVE_RUN_STATES].sort()).toEqual(["collected", "executing", "leased", "staged"]);
});
