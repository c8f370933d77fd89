/** Findings of differencing in words: how sets lie to each other, whether their descriptions say so, and of which tables. */
import type { TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";
import type { Finding } from "../finding.js";
import { MAX_CELLS } from "../finding.js";
import { several } from "../rules/definition.js";
import { differencing } from "../rules/differencing.js";
import type { Follows, Part } from "./algebra.js";
import type { AtomTable } from "./atoms.js";
import { cellCondition, type Described, relateRows } from "./conditions.js";
import type { ToldTable } from "./told.js";

/** For auditors only. */
export function say(
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
export function describe(
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

/**
 * The smaller sets lie in the largest by their descriptions; and they share no row, or where what they share is told, make up
 * the largest.
 */
function liesSoByDescription({ how, parts }: Follows, tables: ReadonlyMap<string, AtomTable>): boolean {
  const [around, ...rest] = [...parts]
    .sort((a, b) => b.set.units - a.set.units)
    .map((p) => rowsOf(p, tables.get(p.table.id) as AtomTable)) as [Described, ...Described[]];
  if (rest.some((part) => relateRows(part, around).first_in_second !== "yes")) return false;
  if (how === "shared") {
    const together: Described = {
      where: { op: "or", args: rest.map((r) => r.where) },
      columns: around.columns,
    };
    return relateRows(around, together).first_in_second === "yes";
  }
  return rest.every((a, i) => rest.slice(i + 1).every((b) => relateRows(a, b).disjoint === "yes"));
}

function rowsOf({ table, set }: Part, { spread, columns }: AtomTable): Described {
  const keys = set.at.map((level, i) =>
    level === TOTAL ? undefined : spread.units.cells.find((c) => c.at[i] === level)?.keys[i],
  );
  return { where: cellCondition(table.claim, keys, columns), columns };
}
