/**
 * The hostile programs: one folder each, with the program and what must come of it. Add a folder to add an attack.
 *
 * expect.json: `states` is the claim; `limits`, `outputs`, `command` and `max_output_bytes` shape the run; `must`
 * says what is measured. "attempts" of a program that uses attempts.py: "all refused" means that none was "done".
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Limits, Outcome, RefusalReason } from "../../../src/sandbox/index.js";
import { thisMachine } from "../../../src/sandbox/seccomp/bpf.js";
import { MACHINES, SYSCALL_NUMBERS } from "../../../src/sandbox/seccomp/numbers.js";
import { REFUSED, UNKNOWN } from "../../../src/sandbox/seccomp/profile.js";
import { type Bench, type Ended, type MakeBench, runProgram } from "../../sandbox/harness.js";

type Range = [least: number, most: number];

interface Must {
  outcome: Outcome | Outcome[];
  exit_code?: number;
  within_s?: number;
  stdout?: string;
  logs_truncated?: boolean;
  /** Sizes of the collected files: these and no others. */
  kept?: Record<string, Range>;
  content?: Record<string, string>;
  refused?: Record<string, RefusalReason>;
  undeclared?: Range;
  attempts?: "all refused" | Record<string, string[]>;
  /** Fewer results mean that the program did not get far enough to prove anything. */
  at_least?: number;
}
interface Expectation {
  states: string;
  limits?: Partial<Limits>;
  outputs?: string[];
  command?: string[];
  max_output_bytes?: number;
  must: Must;
}

const here = dirname(fileURLToPath(import.meta.url));
const given = join(here, "_given");

const folders = (): string[] =>
  readdirSync(here, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(here, entry.name, "expect.json")))
    .map((entry) => entry.name)
    .sort();

function filesOf(folder: string): Record<string, Buffer> {
  const names = readdirSync(folder).filter((name) => name !== "expect.json" && !name.startsWith("__"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name))]));
}

function numbers(): Record<string, number> {
  const machine = thisMachine();
  const column = machine ? MACHINES.indexOf(machine) : -1;
  return Object.fromEntries(
    Object.entries(SYSCALL_NUMBERS).flatMap(([name, row]) => {
      const number = row[column];
      return typeof number === "number" ? [[name, number]] : [];
    }),
  );
}

const refusedCalls = (): string[] => [...REFUSED, UNKNOWN].flatMap(({ calls }) => [...calls]);

const within = ([least, most]: Range, value: number): boolean => value >= least && value <= most;

function checkAttempts(must: Must, stdout: string): void {
  if (!must.attempts) return;
  const results: Record<string, string> = JSON.parse(stdout);
  const allowed = must.attempts === "all refused" ? undefined : must.attempts["*"];
  const gotThrough = Object.entries(results).filter(([, result]) =>
    allowed ? !allowed.includes(result) : result === "done",
  );
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
  for (const [name, reason] of Object.entries(must.refused ?? {})) {
    expect(refusals).toContainEqual({ name, reason, count: 1 });
  }
  if (must.undeclared) {
    const count = refusals.find(({ reason }) => reason === "undeclared")?.count ?? 0;
    expect([count, within(must.undeclared, count)]).toEqual([count, true]);
  }
}

function check({ must }: Expectation, ended: Ended): void {
  const shown = ended.stderr.slice(-2000);
  const outcomes = Array.isArray(must.outcome) ? must.outcome : [must.outcome];
  expect([outcomes.includes(ended.exit.outcome), ended.exit.outcome, shown]).toEqual([
    true,
    ended.exit.outcome,
    shown,
  ]);
  if (must.exit_code !== undefined) expect([ended.exit.exitCode, shown]).toEqual([must.exit_code, shown]);
  if (must.stdout !== undefined) expect(ended.stdout).toBe(must.stdout);
  if (must.logs_truncated !== undefined) expect(ended.exit.logsTruncated).toBe(must.logs_truncated);
  expect(ended.ms / 1000).toBeLessThan(must.within_s ?? 30);
  checkAttempts(must, ended.stdout);
  checkFiles(must, ended);
}

/** Runs every hostile program under an Executor. */
export function hostile(name: string, make: MakeBench): void {
  describe(`hostile programs stay in (${name})`, () => {
    let bench: Bench;
    const common = {
      ...filesOf(given),
      "syscalls.json": JSON.stringify(numbers()),
      "refused.json": JSON.stringify(refusedCalls()),
    };
    beforeAll(async () => {
      bench = await make();
    });
    afterAll(() => bench.close());

    for (const folder of folders()) {
      const expectation: Expectation = JSON.parse(readFileSync(join(here, folder, "expect.json"), "utf8"));
      test(`${folder}: ${expectation.states}`, async () => {
        const ended = await runProgram(bench, {
          files: { ...common, ...filesOf(join(here, folder)) },
          limits: expectation.limits,
          outputs: expectation.outputs,
          command: expectation.command,
          maxOutputBytes: expectation.max_output_bytes,
        });
        check(expectation, ended);
      });
    }
  });
}
