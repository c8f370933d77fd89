/**
 * The auditors' verdict of differencing, from the units themselves: pairs and triples of sets exactly, then the attack with a
 * linear program. Pure but for the solver and the clock, which are passed in.
 *
 * `fail`: descriptions alone show how the sets lie, and what follows from them is about few units. `review`: the same
 * follows for whoever knows that one set lies in the other, which the data say and the descriptions do not; or it could not
 * all be looked at. All findings are for auditors only: they hang on values that were not released.
 */
import type { TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";
import type { Audience, Finding } from "../finding.js";
import { MAX_CELLS } from "../finding.js";
import { several } from "../rules/definition.js";
import { differencing } from "../rules/differencing.js";
import {
  type Compared,
  compareAll,
  type Follows,
  followsFromRemainders,
  followsFromThree,
  followsFromTwo,
  type Part,
  toldBefore,
} from "./algebra.js";
import { type Atom, type AtomTable, atomsOf, Compatibility } from "./atoms.js";
import { type Attack, attack, type SolveLp } from "./attack.js";
import { cellCondition, relateRows, whereOf } from "./conditions.js";
import type { ToldTable } from "./told.js";

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

function say(
  verdict: Finding["verdict"],
  because: string,
  message: string,
  evidence: Finding["evidence"] = {},
): Finding {
  return {
    rule: differencing.id,
    verdict,
    message,
    evidence: { because, ...evidence },
    audience: "auditors",
  };
}

const HOW: Record<Follows["how"], (t: number) => string> = {
  difference: (t) => `can be subtracted, which tells of more than zero and fewer than ${t} units`,
  remainder: (t) => `leave more than zero and fewer than ${t} units of one over`,
  shared: (t) => `share more than zero and fewer than ${t} units, and what both are together is told`,
  near: (t) => `differ by fewer than ${t} units: one of these learns of the others`,
};

/** One finding for each way, public or not, and each other table: an auditor reads which release it is. */
function describe(
  all: readonly Follows[],
  tables: ReadonlyMap<string, AtomTable>,
  threshold: number,
): Finding[] {
  const groups = new Map<string, { follows: Follows[]; isPublic: boolean }>();
  for (const one of all) {
    const isPublic = one.how !== "near" && liesSoByDescription(one, tables);
    const key = [one.how, isPublic, ...new Set(one.parts.map((p) => p.table.id))].join(" ");
    const group = groups.get(key) ?? { follows: [], isPublic };
    group.follows.push(one);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ follows, isPublic }) => {
    const first = follows[0] as Follows;
    const [fresh, ...others] = [...new Set(first.parts.map((p) => p.table))];
    const named = others.map((t) => t.name).join(" and ");
    const known = isPublic ? "" : " To whoever knows how these sets lie; their descriptions do not say it.";
    return {
      ...say(
        isPublic ? "fail" : "review",
        first.how,
        `${several(follows.length, "combination")} of its cells with ${named}: they ${HOW[first.how](threshold)}.${known} First: ${first.parts.map(partText).join(" with ")}.`,
        {
          tables: others.map((t) => t.id),
          combinations: follows.length,
          fewest_units: Math.min(...follows.map((f) => f.units)),
        },
      ),
      cells: cellsOf(follows, fresh as ToldTable),
    };
  });
}

function cellsOf(all: readonly Follows[], fresh: ToldTable): [string, string][] {
  const names = new Map<string, [string, string]>();
  for (const { parts } of all)
    for (const { table, set } of parts)
      if (table.id === fresh.id) names.set(set.at.join(" "), [labelOf(table.facts, set.at), table.name]);
  return [...names.values()].slice(0, MAX_CELLS);
}

export const labelOf = ({ dimensions }: TableFacts, at: readonly number[]): string =>
  at.length === 0
    ? "all"
    : at
        .map((level, i) => (level === TOTAL ? "Total" : (dimensions[i]?.levels[level] ?? "").slice(0, 60)))
        .join(" / ");

const partText = ({ table, set }: Part): string => `${labelOf(table.facts, set.at)} (${table.name})`;

/** Of two sets: that the smaller lies in the larger, by their descriptions; of more: that each lies in the largest. */
function liesSoByDescription({ parts }: Follows, tables: ReadonlyMap<string, AtomTable>): boolean {
  const [largest, ...rest] = [...parts].sort((a, b) => b.set.units - a.set.units);
  const rows = (p: Part) => rowsOf(p, tables.get(p.table.id) as AtomTable);
  const around = rows(largest as Part);
  return rest.every((part) => relateRows(rows(part), around).first_in_second === "yes");
}

function rowsOf({ table, set }: Part, { spread, columns }: AtomTable): Parameters<typeof relateRows>[0] {
  const keys = set.at.map((level, i) =>
    level === TOTAL ? undefined : spread.units.cells.find((c) => c.at[i] === level)?.keys[i],
  );
  return { where: cellCondition(table.claim, keys, columns), columns };
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
  const where = JSON.stringify(whereOf(fresh.table.claim));
  const rank = ({ table, spread }: AtomTable) =>
    (JSON.stringify(whereOf(table.claim)) === where ? 1 : 0) * 1e6 + spread.units.cells.length;
  return [...sharing].sort((a, b) => rank(a) - rank(b)).slice(0, 4 * MAX_TOGETHER);
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
