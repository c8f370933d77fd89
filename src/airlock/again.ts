/**
 * Tables that wait for their reviews, judged again when others of the same data went out meanwhile: two that are each fine
 * alone may not be fine together, and whichever goes out second is the one to stop.
 *
 * Rules: a vote counts together with what was known when it was cast. A release is approved only while nothing of its datasets
 * went out that it was not judged with: that is looked at inside the commit. Where descriptions do not show that what went
 * out is harmless beside it (the requester's verdict, which hangs on nothing hidden), the votes so far are void and it goes
 * back to its requester; that it went back tells no more than that. What hangs on hidden values is said to reviewers alone.
 */
import { createHash, randomBytes } from "node:crypto";
import type { HeldTable } from "../catalog/index.js";
import type { HeldOutput } from "../jobs/index.js";
import { canonicalJson, type JsonValue, type Tx } from "../ledger/index.js";
import { differencing, type Finding, verdictFor } from "../privacy/index.js";
import { type OutputId, SYSTEM_ACTOR } from "../vocabulary/index.js";
import type { AirlockParts } from "./airlock.js";
import { moveRelease } from "./change.js";
import type { Release } from "./release.js";
import { loadRelease, openIds, placeOf } from "./rows.js";

/** By dataset: the last fact that a release was judged with. */
type Marks = Record<string, number>;

/**
 * `same`: it may be voted on. `changed`: reviewers have something new to read first. `overtaken`: it went back to its
 * requester, its votes void.
 */
export type Again = "same" | "changed" | "overtaken";

const MAX_TURNS = 8;
const WAITING: readonly Release["state"][] = ["submitted", "partially_reviewed"];

/** @throws engine_unavailable */
export async function judgeAgain(parts: AirlockParts, id: string): Promise<Again> {
  let changed: Again = "same";
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const release = loadRelease(parts.store.db, parts.keys, id);
    const tables = tablesOf(parts, release);
    if (!WAITING.includes(release.state) || isCurrent(parts, release, tables)) return changed;
    const marks = marksNow(parts, release, tables);
    const threshold = parts.jobs.threshold(release.job);
    const found = new Map<string, Finding[]>();
    for (const table of tables) {
      const beside = tables.filter((other) => other !== table);
      found.set(table.output, await parts.catalog.memory.judge(table, beside, threshold));
    }
    // What several domains found is judged with what was released of their results.
    if (parts.jobs.mark(release.job) !== undefined)
      for (const { output } of release.files) found.set(output, await parts.jobs.together(release.job));
    const outcome = parts.ledger.commit((tx) => enter(tx, parts, release, marks, found));
    if (outcome === "overtaken") return outcome;
    if (outcome === "changed") changed = outcome;
  }
  return changed;
}

/** Those that wait, each; what cannot be judged now is judged before it is voted on. */
export async function judgeWaiting(parts: AirlockParts): Promise<void> {
  for (const id of openIds(parts.store.db, WAITING)) await judgeAgain(parts, id);
}

/** Inside the transaction that votes: nothing went out since it was judged. */
export const isJudged = (parts: AirlockParts, release: Release): boolean =>
  isCurrent(parts, release, tablesOf(parts, release));

function tablesOf(parts: AirlockParts, release: Release): HeldTable[] {
  const names = new Set<string>(release.files.map((f) => f.output));
  return parts.jobs.heldTables(release.job).filter((t) => names.has(t.output));
}

function marksNow(parts: AirlockParts, release: Release, tables: readonly HeldTable[]): Marks {
  const datasets = new Set(tables.map((t) => parts.catalog.datasets.version(t.version).dataset));
  const own = parts.jobs.mark(release.job);
  return {
    ...Object.fromEntries([...datasets].map((d) => [d, parts.catalog.memory.mark(d)])),
    ...(own === undefined ? {} : { [release.job]: own }),
  };
}

/** Of data of which nothing went out yet, the check has said all that there is. */
function isCurrent(parts: AirlockParts, release: Release, tables: readonly HeldTable[]): boolean {
  const now = marksNow(parts, release, tables);
  if (Object.values(now).every((mark) => mark === 0)) return true;
  const row = parts.store.db
    .prepare("SELECT marks FROM release_judgements WHERE release = ?")
    .get(release.id);
  if (row === undefined) return false;
  const { files, marks } = JSON.parse((row as { marks: string }).marks) as { files: string; marks: Marks };
  return files === filesText(release) && canonicalJson(marks) === canonicalJson(now);
}

const filesText = (release: Release): string => release.files.map((f) => f.output).join(" ");

function enter(
  tx: Tx,
  parts: AirlockParts,
  judged: Release,
  marks: Marks,
  found: ReadonlyMap<string, Finding[]>,
): Again | "moved" {
  const release = loadRelease(tx.db, parts.keys, judged.id);
  const tables = tablesOf(parts, release);
  const moved =
    release.state !== judged.state ||
    release.round !== judged.round ||
    filesText(release) !== filesText(judged) ||
    canonicalJson(marksNow(parts, release, tables)) !== canonicalJson(marks);
  if (moved) return "moved";
  const before = heldFiles(parts, release);
  const isNew = [...found].some(([output, findings]) => tellsMore(before.get(output as OutputId), findings));
  keepFindings(tx, parts, release, found);
  tx.db
    .prepare(
      `INSERT INTO release_judgements (release, marks, at) VALUES (?, ?, ?)
       ON CONFLICT (release) DO UPDATE SET marks = excluded.marks, at = excluded.at`,
    )
    .run(release.id, canonicalJson({ files: filesText(release), marks }), tx.now);
  const harmless = [...found.values()].every((findings) => verdictFor(findings, "requester") === "pass");
  if (release.state === "partially_reviewed" && !harmless) {
    moveRelease(tx, placeOf(release), "overtake", {
      actor: SYSTEM_ACTOR,
      changes: { round: release.round + 1 },
      data: { round: release.round, because: "other tables of the same data were released meanwhile" },
    });
    return "overtaken";
  }
  return isNew ? "changed" : "same";
}

/** Something for people that was not said before. */
function tellsMore(before: HeldOutput | undefined, now: readonly Finding[]): boolean {
  const known = new Set(before?.findings.map((f) => `${f.verdict} ${f.message}`));
  return now.some((f) => f.verdict !== "pass" && !known.has(`${f.verdict} ${f.message}`));
}

const contextOf = (release: string, output: string): string => `later:${release}:${output}`;

function keepFindings(
  tx: Tx,
  parts: AirlockParts,
  release: Release,
  found: ReadonlyMap<string, Finding[]>,
): void {
  tx.db.prepare("DELETE FROM later_findings WHERE release = ?").run(release.id);
  const commitments: Record<string, string> = {};
  for (const [output, findings] of found) {
    const salt = randomBytes(32).toString("base64");
    const text = canonicalJson({ salt, findings: findings as unknown as JsonValue });
    commitments[output] = createHash("sha256").update(text).digest("hex");
    tx.db
      .prepare(
        "INSERT INTO later_findings (release, output, findings_sealed, commitment, at) VALUES (?, ?, ?, ?, ?)",
      )
      .run(
        release.id,
        output,
        parts.keys.sealer.seal(text, contextOf(release.id, output)),
        commitments[output] as string,
        tx.now,
      );
  }
  tx.entry({
    kind: "release.judged_again",
    actor: SYSTEM_ACTOR,
    subject: release.id,
    dataset: release.datasets.map((d) => d.dataset),
    data: { release: release.id, round: release.round, findings: commitments },
  });
}

/** The outputs of a release's job, with what was found of them last. */
export function heldFiles(parts: AirlockParts, release: Release): Map<OutputId, HeldOutput> {
  const later = new Map(
    (
      parts.store.db
        .prepare("SELECT output, findings_sealed FROM later_findings WHERE release = ?")
        .all(release.id) as { output: string; findings_sealed: Buffer }[]
    ).map(({ output, findings_sealed }) => {
      const text = parts.keys.sealer.open(findings_sealed, contextOf(release.id, output)).toString("utf8");
      return [output, (JSON.parse(text) as { findings: Finding[] }).findings] as const;
    }),
  );
  return new Map(
    parts.jobs.heldOutputs(release.job).map((output) => {
      const found = later.get(output.id);
      if (found === undefined) return [output.id, output];
      const findings = [
        ...output.findings.filter((f) => f.rule !== differencing.id),
        ...found.map(({ evidence: _, ...shown }) => shown),
      ];
      return [output.id, { ...output, findings, verdict: verdictFor(findings, "auditor") }];
    }),
  );
}
