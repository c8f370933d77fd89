/** What must come of a hostile program, and how it is measured: `must` of expect.json. */
import { expect } from "@jest/globals";
import type { Outcome, RefusalReason } from "../../../src/sandbox/index.js";
import type { Ended } from "../../sandbox/harness.js";

type Range = [least: number, most: number];

export interface Must {
  outcome: Outcome | Outcome[];
  exit_code?: number;
  within_s?: number;
  stdout?: string;
  logs_truncated?: boolean;
  /** Sizes of the collected files: these and no others. */
  kept?: Record<string, Range>;
  content?: Record<string, string>;
  /** In no kept file and no log. */
  never_out?: string[];
  refused?: Record<string, RefusalReason>;
  /** What may become of these files: kept, or refused for one of these reasons. */
  kept_or?: Record<string, RefusalReason[]>;
  undeclared?: Range;
  /** Of a program that uses attempts.*: "all refused" means that none was "done". */
  attempts?: "all refused" | Record<string, string[]>;
  /** Fewer results mean that the program did not get far enough to prove anything. */
  at_least?: number;
}

/** What is different at a level, and why that is no harm: a file in _levels, by program. */
export interface Difference {
  why: string;
  /** Replaces what stands in `must`, or takes it out (null). Named attempts may come to more than elsewhere. */
  must: { [K in keyof Must]?: Must[K] | null };
  /** The run beside meets a limit of its own there, whoever runs beside it. */
  beside_may_end?: boolean;
}

/** What must come of a program at a level. */
export function mustAt(must: Must, difference: Difference | undefined): Must {
  const changed: Record<string, unknown> = { ...must };
  for (const [name, value] of Object.entries(difference?.must ?? {})) {
    if (value === null) delete changed[name];
    else if (name === "attempts")
      changed.attempts = attemptsOf(must.attempts, value as Record<string, string[]>);
    else changed[name] = value;
  }
  return changed as unknown as Must;
}

/** The rule of all levels, and for the named attempts what the level allows. */
const attemptsOf = (rule: Must["attempts"], named: Record<string, string[]>): Must["attempts"] =>
  rule === "all refused" || rule === undefined ? named : { ...rule, ...named };

const within = ([least, most]: Range, value: number): boolean => value >= least && value <= most;

function checkAttempts(must: Must, stdout: string): void {
  if (!must.attempts) return;
  const results: Record<string, string> = JSON.parse(stdout);
  const allowed = must.attempts === "all refused" ? undefined : must.attempts;
  const gotThrough = Object.entries(results).filter(([name, result]) => {
    const may = allowed?.[name] ?? allowed?.["*"];
    return may ? !may.includes(result) : result === "done";
  });
  expect(gotThrough).toEqual([]);
  expect(Object.keys(results).length).toBeGreaterThanOrEqual(must.at_least ?? 1);
}

function checkFiles(must: Must, { files, refusals }: Ended): void {
  for (const [name, range] of Object.entries(must.kept ?? {})) {
    const bytes = files.get(name)?.length ?? -1;
    expect([name, bytes, within(range, bytes)]).toEqual([name, bytes, true]);
  }
  if (must.kept) expect([...files.keys()].sort()).toEqual(Object.keys(must.kept).sort());
  for (const [name, text] of Object.entries(must.content ?? {}))
    expect(files.get(name)?.toString()).toBe(text);
  for (const [name, reason] of Object.entries(must.refused ?? {}))
    expect(refusals).toContainEqual({ name, reason, count: 1 });
  for (const [name, reasons] of Object.entries(must.kept_or ?? {})) {
    const refusal = refusals.find((entry) => entry.name === name)?.reason;
    expect([undefined, ...reasons]).toContain(refusal);
    expect(files.has(name)).toBe(refusal === undefined);
  }
  if (must.undeclared) {
    const count = refusals.find(({ reason }) => reason === "undeclared")?.count ?? 0;
    expect([count, within(must.undeclared, count)]).toEqual([count, true]);
  }
}

function checkSecrecy(must: Must, ended: Ended): void {
  const texts = [ended.stdout, ended.stderr, ...[...ended.files.values()].map((file) => file.toString())];
  for (const secret of must.never_out ?? [])
    expect(texts.filter((text) => text.includes(secret))).toEqual([]);
}

export function checkMust(must: Must, ended: Ended, slowness = 1): void {
  const shown = `${ended.stderr.slice(-1500)}${ended.stdout.slice(-500)}`;
  const outcomes = Array.isArray(must.outcome) ? must.outcome : [must.outcome];
  const { outcome, exitCode } = ended.exit;
  expect([outcomes.includes(outcome), outcome, shown]).toEqual([true, outcome, shown]);
  if (must.exit_code !== undefined) expect([exitCode, shown]).toEqual([must.exit_code, shown]);
  if (must.stdout !== undefined) expect(ended.stdout).toBe(must.stdout);
  if (must.logs_truncated !== undefined) expect(ended.exit.logsTruncated).toBe(must.logs_truncated);
  expect(ended.ms / 1000).toBeLessThan((must.within_s ?? 30) * slowness);
  checkAttempts(must, ended.stdout);
  checkFiles(must, ended);
  checkSecrecy(must, ended);
}
