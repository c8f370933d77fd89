/** One file, canonicalised twice: what every test of hostile files begins with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@jest/globals";
import type { Canonical, Finding } from "../../../../src/privacy/index.js";
import { defaultPolicy } from "../../../../src/privacy/index.js";
import { packageRoot } from "../../../../src/store/index.js";
import type { Grade } from "../../../../src/vocabulary/index.js";
import { rebuild } from "../../../harness/rebuild.js";

export const honest = (name: string): Buffer =>
  readFileSync(join(packageRoot(), "tests/vectors/files", name));

export const look = (name: string, bytes: Buffer, grade: Grade = 3): Canonical =>
  rebuild(name, bytes, defaultPolicy(grade));

/** Findings that say that something was changed; of a canonical file there are none. */
const CHANGES = ["rounding", "invisible_text", "hidden_content", "active_content"];

/** Canonical, and the same again when it is canonicalised again. */
export function twice(name: string, bytes: Buffer, grade: Grade = 3): Canonical & { canonical: Buffer } {
  const once = look(name, bytes, grade);
  if (once.canonical === undefined) throw new Error(JSON.stringify(once.findings));
  const again = look(name, once.canonical, grade);
  expect(again.findings.filter((f) => CHANGES.includes(f.rule))).toEqual([]);
  expect(again.sha256).toBe(once.sha256);
  expect(again.table).toEqual(once.table);
  return { ...once, canonical: once.canonical };
}

export const finding = (got: Canonical, rule: string): Finding[] =>
  got.findings.filter((f) => f.rule === rule);

export const verdicts = (got: Canonical, rule: string) => finding(got, rule).map((f) => f.verdict);

/** Some text of the file that is searched holds these bytes. */
export const searched = (got: Canonical, what: string | Buffer): boolean =>
  got.texts.some((t) => t.content.includes(what));

export function refusal(name: string, bytes: Buffer): [string, string] {
  const got = look(name, bytes);
  expect(got.canonical).toBeUndefined();
  return [got.findings[0]!.rule, got.findings[0]!.message];
}

/** Rows of data that a program wants to get out. */
export const SECRET = Buffer.from("1001,70,F,2.31,1.07\n1002,71,M,0.88,1.93\n");
