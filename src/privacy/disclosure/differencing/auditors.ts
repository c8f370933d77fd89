/**
 * The auditors' verdict of differencing, from the units themselves: pairs and triples of sets exactly, then the attack with a
 * linear program. Pure but for the solver and the clock, which are passed in.
 *
 * `fail`: descriptions alone show how the sets lie, and what follows from them is about few units. `review`: the same
 * follows for whoever knows that one set lies in the other, which the data say and the descriptions do not; or it could not
 * all be looked at. All findings are for auditors only: they hang on values that were not released.
 */
import type { Audience, Finding } from "../finding.js";
import { MAX_CELLS } from "../finding.js";
import { several } from "../rules/definition.js";
import { type Compared, compareAll, followsFromRemainders, followsFromTwo, toldBefore } from "./algebra.js";
import { type Atom, type AtomTable, atomsOf, Compatibility } from "./atoms.js";
import { type Attack, attack, type SolveLp } from "./attack.js";
import { whereOf } from "./conditions.js";
import { describe, labelOf, say } from "./described.js";
import { textOf } from "./texts.js";
import { followsFromThree } from "./triples.js";

export interface AuditorsInput {
  threshold: number;
  fresh: AtomTable;
  /** All that was released of the dataset, and the other tables of the job. */
  others: readonly AtomTable[];
  solve: SolveLp;
  now(): number;
  /** For the linear programs. */
  budgetMs: number;
}

/** Tables that are attacked together with the new one. */
const MAX_TOGETHER = 5;

export function judgeForAuditors(input: AuditorsInput): Finding[] {
  const { fresh, others, threshold } = input;
  const compared = compareAll(fresh, others);
  const old = toldBefore(fresh, compared);
  if (others.length > 0 && old.every((told) => told))
    return [
      say("pass", "nothing_new", "All that it tells was released before.", { compared: others.length }),
    ];
  const three = followsFromThree(fresh, compared, old, threshold);
  const all = [
    ...followsFromTwo(fresh, compared, old, threshold),
    ...followsFromRemainders(fresh, compared, old, threshold),
    ...three.found,
  ];
  const columns = new Map<string, AtomTable>([fresh, ...others].map((t) => [t.table.id, t]));
  const findings = [...describe(all, columns, threshold), ...attackFindings(input, compared)];
  if (three.skipped > 0)
    findings.push(
      say(
        "review",
        "limit",
        `${several(three.skipped, "combination")} of three sets could not be looked at.`,
      ),
    );
  if (findings.length === 0)
    findings.push(
      say(
        "pass",
        "compared",
        `Compared with ${several(others.length, "table")}: nothing about few units follows.`,
        {
          compared: others.length,
        },
      ),
    );
  return findings;
}

/** The new table and those that lie nearest to it, as many as can be worked on together. */
function attackFindings(input: AuditorsInput, compared: readonly Compared[]): Finding[] {
  const { fresh, others, threshold, solve, now, budgetMs } = input;
  const sharing = others.filter((_, i) => (compared[i]?.common ?? []).some((units) => units > 0));
  if (sharing.length === 0) return [];
  if (!fresh.table.oneRowAUnit)
    return [
      say(
        "review",
        "several_rows",
        "Units have several rows: only two and three sets were looked at together.",
      ),
    ];
  const end = now() + budgetMs;
  const compatibility = new Compatibility();
  let chosen: { tables: AtomTable[]; atoms: Atom[] } | undefined;
  for (const table of nearest(fresh, sharing)) {
    if (chosen && chosen.tables.length > MAX_TOGETHER) break;
    const tables = [...(chosen?.tables ?? [fresh]), table];
    const atoms = now() < end ? atomsOf(tables, compatibility) : undefined;
    if (atoms) chosen = { tables, atoms };
  }
  if (!chosen) return [notAttacked(sharing.length)];
  const result = attack({ ...chosen, threshold, solve, left: () => end - now() });
  const left = sharing.length - (chosen.tables.length - 1);
  return [...attackTold(result, chosen.tables, threshold), ...(left > 0 ? [notAttacked(left)] : [])];
}

/** Those that differ from the new one in their filter first, for these can be subtracted; then the small ones. */
function nearest(fresh: AtomTable, sharing: readonly AtomTable[]): AtomTable[] {
  const where = textOf(whereOf(fresh.table.claim));
  const rank = ({ table, spread }: AtomTable) =>
    (textOf(whereOf(table.claim)) === where ? 1 : 0) * 1e6 + spread.units.cells.length;
  return sharing
    .map((table) => ({ table, rank: rank(table) }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, 4 * MAX_TOGETHER)
    .map(({ table }) => table);
}

const notAttacked = (tables: number): Finding =>
  say(
    "pass",
    "limit",
    `${several(tables, "table")} that it shares units with took no part in the attack with a linear program: two and three sets at a time were looked at.`,
    { left_out: tables },
  );

function attackTold(result: Attack, tables: readonly AtomTable[], threshold: number): Finding[] {
  const findings: Finding[] = [];
  const names = tables.slice(1).map((t) => t.table.name);
  if (result.pinned.length > 0)
    findings.push({
      ...say(
        "fail",
        "pinned",
        `With ${names.join(", ")} its counts pin ${several(result.pinned.length, "group")} of more than zero and fewer than ${threshold} units.`,
        { tables: tables.slice(1).map((t) => t.table.id), pinned: result.pinned.length },
      ),
      cells: result.pinned.slice(0, MAX_CELLS).map(({ atom }) => atomName(atom, tables)),
    });
  if (result.open > 0)
    findings.push(
      say(
        "review",
        "limit",
        `Of ${several(result.open, "small group")} it was not shown in time that nobody knows it.`,
      ),
    );
  return findings;
}

function atomName({ classes }: Atom, tables: readonly AtomTable[]): [string, string] {
  const texts = tables.map(({ table, spread }, t) => {
    const cell = spread.units.cells[(classes[t] ?? 0) - 1];
    return cell === undefined ? `not in ${table.name}` : labelOf(table.facts, cell.at);
  });
  return [texts[0] ?? "", texts.slice(1).join(" & ").slice(0, 240)];
}

/** Where the comparison could not be made at all. */
export const differencingFailed = (audience: Audience): Finding => ({
  ...say("review", "failed", "It could not be compared with what was released before, so people judge."),
  audience,
});

/** Some released tables could not be opened unit by unit. */
export const notCompared = (tables: number): Finding =>
  say(
    "review",
    "not_compared",
    `Which units ${several(tables, "other table")} stand on is not known; compare by eye.`,
  );

/** Told of what a program wrote by itself. */
export const noFacts = (): Finding =>
  say(
    "pass",
    "no_facts",
    "It makes no facts: it was not compared with earlier releases, and later tables will not be compared with it.",
  );
