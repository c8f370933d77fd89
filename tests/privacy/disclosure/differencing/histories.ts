/**
 * Random small datasets, tables over them counted naively, and histories of releases: for tests that hold the verdicts of
 * differencing against what follows.
 */
import type { AtomTable } from "../../../../src/privacy/disclosure/differencing/atoms.js";
import type { LpSolution, SolveLp } from "../../../../src/privacy/disclosure/differencing/attack.js";
import { groupingsOf, whereOf } from "../../../../src/privacy/disclosure/differencing/conditions.js";
import {
  type Claim,
  claimFromWritten,
  columnsOf,
  type ExpressionColumns,
  evaluateExpression,
  type Finding,
  judgeForAuditors,
  judgeForRequester,
  type PublicKnowledge,
  type TableFacts,
  TOTAL,
  type ToldTable,
  toldSets,
  type UnitSets,
  writtenClaim,
} from "../../../../src/privacy/index.js";

export const THRESHOLD = 10;

/** A seeded generator (mulberry32): numbers from 0 to below n. */
export function drawer(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

export interface Row {
  id: string;
  age: bigint;
  sex: string;
  ward: string;
  grp: bigint;
  city: string | null;
}

export const COLUMNS: ExpressionColumns = columnsOf([
  { name: "id", type: "text", nullable: false },
  { name: "age", type: "integer", nullable: false },
  { name: "sex", type: "text", nullable: false },
  { name: "ward", type: "text", nullable: false },
  { name: "grp", type: "integer", nullable: false },
  { name: "city", type: "text", nullable: true },
]);

export function randomRows(draw: (n: number) => number, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `u${i}`,
    age: BigInt(50 + draw(40)),
    sex: draw(2) === 0 ? "F" : "M",
    ward: "ABCD"[draw(4)] as string,
    grp: BigInt(draw(3)),
    city: draw(10) === 0 ? null : (["Wuhan", "Chengdu"][draw(2)] as string),
  }));
}

export type Written = Record<string, unknown>;

export const claimOf = (written: Written): Claim =>
  claimFromWritten(writtenClaim.parse({ kind: "table", ...written }), "study", COLUMNS, "claim");

/** A table counted by going through the rows: its facts, and which units its cells stand on. */
export function tabulate(id: string, claim: Claim, rows: readonly Row[], version = "v1"): AtomTable {
  const groupings = groupingsOf(claim);
  const evaluate = (row: Row, e: Parameters<typeof evaluateExpression>[0]) =>
    evaluateExpression(e, { ...row });
  const keyOf = (row: Row): (string | null)[] =>
    groupings.map((g) => {
      const value = evaluate(row, g.value);
      if (g.kind === "values") return value === null ? null : String(value);
      const edges = g.edges.map(BigInt);
      const at = edges.slice(1).findIndex((high, i) => {
        const v = value as bigint;
        const last = i === edges.length - 2;
        return v >= (edges[i] as bigint) && (v < high || (last && v === high));
      });
      return at < 0 ? null : String(at);
    });
  const missing = (claim.statistic as { missing?: string }).missing ?? "drop";
  const kept = rows.map((row) => {
    if (evaluate(row, whereOf(claim)) !== true) return undefined;
    const keys = keyOf(row);
    return missing === "drop" && keys.includes(null) ? undefined : keys;
  });
  const levels = groupings.map((g, i) => {
    if (g.kind === "bins") return g.edges.slice(1).map((_, k): string | null => String(k));
    const seen = new Set(kept.flatMap((keys) => (keys ? [keys[i] as string | null] : [])));
    const shown = [...seen].filter((k): k is string => k !== null).sort();
    return [...shown, ...(seen.has(null) ? [null] : [])] as (string | null)[];
  });
  const cells = new Map<string, number>();
  const units: UnitSets = { cells: [], lists: undefined, bits: [null], of: new Uint8Array(rows.length) };
  kept.forEach((keys, u) => {
    if (!keys) return;
    const at = keys.map((key, i) => (levels[i] as (string | null)[]).indexOf(key));
    const known = cells.get(at.join(" "));
    const cell = known ?? units.cells.push({ at, keys, present: 0 }) - 1;
    cells.set(at.join(" "), cell);
    units.of[u] = cell + 1;
  });
  const counts = new Map<string, number>();
  kept.forEach((keys) => {
    if (!keys) return;
    const at = keys.map((key, i) => (levels[i] as (string | null)[]).indexOf(key));
    counts.set(at.join(" "), (counts.get(at.join(" ")) ?? 0) + 1);
  });
  const facts = factsOf(claim, levels, counts);
  const table: ToldTable = { id, name: id, claim, version, oneRowAUnit: true, facts };
  return { table, columns: COLUMNS, spread: { sets: toldSets(table, units), units } };
}

function factsOf(
  claim: Claim,
  levels: readonly (readonly (string | null)[])[],
  counts: ReadonlyMap<string, number>,
): TableFacts {
  const hasMargins = (claim.statistic as { margins?: unknown }).margins !== false;
  const places = levels.reduce<number[][]>(
    (all, list) =>
      all.flatMap((at) => [...list.keys(), ...(hasMargins ? [TOTAL] : [])].map((level) => [...at, level])),
    [[]],
  );
  return {
    format: 1,
    stated_by: "node",
    filter: null,
    dimensions: groupingsOf(claim).map(({ name }, i) => ({
      name,
      levels: (levels[i] ?? []).map((key) => key ?? "(missing)"),
    })),
    measures: [{ name: "units", statistic: "units" }],
    cells: places.map((at) => {
      let units = 0;
      for (const [key, n] of counts) {
        const own = key === "" ? [] : key.split(" ").map(Number);
        if (at.every((level, i) => level === TOTAL || level === own[i])) units += n;
      }
      return { at, measure: 0, value: String(units), units };
    }),
  };
}

/** What anyone may know of the histories: no count of units but those that are shown. */
export const publicOf = ({ table }: AtomTable) => ({
  claim: table.claim,
  version: table.version,
  columns: COLUMNS,
  facts: {
    ...table.facts,
    cells: table.facts.cells.map(({ at, measure, value }) => ({ at, measure, value, units: null })),
  },
});

export const knowledge = (asked: AtomTable, released: readonly AtomTable[]): PublicKnowledge => ({
  threshold: THRESHOLD,
  oneRowAUnit: true,
  unitColumn: "id",
  asked: { claim: asked.table.claim, version: asked.table.version, columns: COLUMNS, declared: true },
  beside: [],
  // As the node has them: with all that it knows of them.
  released: released.map(({ table }) => ({ ...table, columns: COLUMNS })),
});

export const requesterSays = (asked: AtomTable, released: readonly AtomTable[]): Finding[] =>
  judgeForRequester(knowledge(asked, released));

interface Highs {
  solve(
    problem: string,
    options: object,
  ): { Status: string; ObjectiveValue: number; Columns: Record<string, { Primal?: number }> };
}

export async function solver(): Promise<SolveLp> {
  const { default: load } = (await import("highs")) as unknown as { default: () => Promise<Highs> };
  const highs = await load();
  return (problem, seconds): LpSolution => {
    const { Status, ObjectiveValue, Columns } = highs.solve(problem, {
      time_limit: seconds,
      output_flag: false,
    });
    return {
      optimal: Status === "Optimal",
      objective: ObjectiveValue,
      values: new Map(Object.entries(Columns).map(([name, { Primal }]) => [name, Primal ?? 0])),
    };
  };
}

export const auditorsSay = (asked: AtomTable, released: readonly AtomTable[], solve: SolveLp): Finding[] =>
  judgeForAuditors({
    threshold: THRESHOLD,
    fresh: asked,
    others: released,
    solve,
    now: () => 0,
    budgetMs: 60_000,
  });

const FILTERS = [
  undefined,
  undefined,
  "age >= 60",
  "age < 60",
  "age >= 70",
  "sex == 'F'",
  "sex == 'M' and age >= 60",
  "ward in ('A', 'B')",
  "id != 'u3'",
  "id not in ('u3', 'u5')",
  "age != 71",
  "city == 'Wuhan'",
  "grp == 1 or age >= 80",
] as const;

const DIMENSIONS: readonly unknown[] = [
  "sex",
  "ward",
  "grp",
  "city",
  { value: "age", edges: [50, 60, 70, 80, 90] },
  { value: "age", edges: [60, 75, 90], name: "band" },
];

export function randomClaim(draw: (n: number) => number): Written {
  const where = FILTERS[draw(FILTERS.length)];
  const some = DIMENSIONS.filter(() => draw(3) === 0).slice(0, 2);
  return {
    rows: some,
    margins: draw(2) === 0,
    missing: draw(2) === 0 ? "group" : "drop",
    ...(where === undefined ? {} : { where }),
  };
}

/** Eight cells of two by two by two, some of them small, as rows. */
export function cubeRows(draw: (n: number) => number): Row[] {
  const rows: Row[] = [];
  for (let cell = 0; cell < 8; cell++) {
    const count = draw(2) === 0 ? draw(9) : 10 + draw(20);
    for (let i = 0; i < count; i++)
      rows.push({
        id: `u${rows.length}`,
        age: BigInt((cell & 1 ? 70 : 50) + draw(20)),
        sex: cell & 2 ? "F" : "M",
        ward: cell & 4 ? "A" : "B",
        grp: BigInt(draw(3)),
        city: "Wuhan",
      });
  }
  return rows;
}

const CUBE: readonly unknown[] = ["sex", "ward", { value: "age", edges: [50, 70, 90] }];

/** A table over some sides of the cube; now and then over a part of the rows. */
export function cubeClaim(draw: (n: number) => number): Written {
  const rows = CUBE.filter(() => draw(3) > 0).slice(0, 2);
  const where = draw(6) === 0 ? { where: ["age >= 60", "sex == 'F'", "ward == 'A'"][draw(3)] } : {};
  return { rows, margins: draw(2) === 0, missing: "group", ...where };
}
