/** What follows from two and three sets, held against looking at every two and three of them; and the attack by program. */
import { beforeAll, describe, expect, test } from "@jest/globals";
import {
  compareAll,
  type Follows,
  followsFromTwo,
  toldBefore,
} from "../../../../src/privacy/disclosure/differencing/algebra.js";
import type { AtomTable } from "../../../../src/privacy/disclosure/differencing/atoms.js";
import type { SolveLp } from "../../../../src/privacy/disclosure/differencing/attack.js";
import type { ToldSet } from "../../../../src/privacy/disclosure/differencing/told.js";
import { followsFromThree } from "../../../../src/privacy/disclosure/differencing/triples.js";
import { decodeUnitSets, encodeUnitSets, type UnitSets } from "../../../../src/privacy/index.js";
import { testSeed } from "../../../harness/seed.js";
import {
  auditorsSay,
  claimOf,
  cubeClaim,
  cubeRows,
  drawer,
  type Row,
  randomRows,
  solver,
  THRESHOLD,
  tabulate,
} from "./histories.js";

const seed = testSeed();
let solve: SolveLp;
beforeAll(async () => {
  solve = await solver();
});

const unitsOf = ({ spread }: AtomTable, set: ToldSet): Set<number> => {
  const { of } = spread.units;
  return new Set([...of.keys()].filter((u) => of[u] !== 0 && set.classes[(of[u] as number) - 1] === 1));
};
const few = (n: number) => n > 0 && n < THRESHOLD;
const minus = (a: Set<number>, ...others: Set<number>[]) =>
  [...a].filter((u) => others.every((o) => !o.has(u))).length;
const within = (a: Set<number>, b: Set<number>) => minus(a, b) === 0;
const meets = (a: Set<number>, b: Set<number>) => a.size - minus(a, b);

/** A text for what was found, with its sets in one order. */
const textOf = ({ how, units, parts }: Follows): string =>
  `${how} ${units} ${parts
    .map((p) => `${p.table.id}:${p.set.at.join(",")}`)
    .sort()
    .join(" ")}`;

/** By going through every three sets. */
function everyThree(fresh: AtomTable, others: readonly AtomTable[], old: readonly boolean[]): Set<string> {
  const earlier = others.flatMap((t) => t.spread.sets.map((set) => ({ t, set, units: unitsOf(t, set) })));
  const found = new Set<string>();
  fresh.spread.sets.forEach((set, i) => {
    const a = { t: fresh, set, units: unitsOf(fresh, set) };
    if (old[i] || a.units.size === 0) return;
    for (const b of earlier)
      for (const c of earlier) {
        if (b === c || b.units.size === 0 || c.units.size === 0) continue;
        const three = [a, b, c];
        for (const whole of three) {
          const [x, y] = three.filter((s) => s !== whole) as [typeof a, typeof a];
          const proper = x.units.size < whole.units.size && y.units.size < whole.units.size;
          if (!proper || !within(x.units, whole.units) || !within(y.units, whole.units)) continue;
          const shared = meets(x.units, y.units);
          const left = whole.units.size - x.units.size - y.units.size;
          const parts = three.map((s) => ({ table: s.t.table, set: s.set }));
          if (shared === 0 && few(left)) found.add(textOf({ how: "difference", units: left, parts }));
          if (few(shared) && left + shared === 0) found.add(textOf({ how: "shared", units: shared, parts }));
        }
      }
  });
  return found;
}

describe(`over random tables (seed ${seed})`, () => {
  test("what follows from two and three sets is what looking at all of them finds", () => {
    const draw = drawer(seed);
    let pairs = 0;
    let triples = 0;
    for (let history = 0; history < 60; history++) {
      const rows = cubeRows(draw);
      const others = [0, 1, 2].map((i) => tabulate(`t${i}`, claimOf(cubeClaim(draw)), rows));
      const fresh = tabulate("fresh", claimOf(cubeClaim(draw)), rows);
      const compared = compareAll(fresh, others);
      const old = toldBefore(fresh, compared);
      const two = followsFromTwo(fresh, compared, old, THRESHOLD).map(textOf);
      const expected = new Set<string>();
      fresh.spread.sets.forEach((a, i) => {
        for (const t of others)
          for (const b of t.spread.sets) {
            const [x, y] = [unitsOf(fresh, a), unitsOf(t, b)];
            const [onlyX, onlyY] = [minus(x, y), minus(y, x)];
            if (old[i] || meets(x, y) === 0 || !few(onlyX + onlyY)) continue;
            const how = onlyX > 0 && onlyY > 0 ? "near" : "difference";
            const parts = [
              { table: fresh.table, set: a },
              { table: t.table, set: b },
            ];
            expected.add(textOf({ how, units: onlyX + onlyY, parts }));
          }
      });
      expect(new Set(two)).toEqual(expected);
      const three = followsFromThree(fresh, compared, old, THRESHOLD);
      expect(three.skipped).toBe(0);
      expect(new Set(three.found.map(textOf))).toEqual(everyThree(fresh, others, old));
      pairs += expected.size;
      triples += three.found.length;
    }
    expect(Math.min(pairs, triples)).toBeGreaterThan(50);
  });

  test("unit sets come back as they were written", () => {
    const draw = drawer(seed + 2);
    const cells = [0, 1, 2].map((i) => ({ at: [i], keys: [String(i)], present: draw(2) }));
    const drawn = Array.from({ length: 5_000 }, () => draw(4));
    for (const array of [Uint8Array.from(drawn), Uint16Array.from(drawn), Uint32Array.from(drawn)])
      for (const lists of [undefined, [[0], [0, 2], [1]]]) {
        const sets: UnitSets = { cells, lists, bits: [null, 0], of: array };
        expect(decodeUnitSets(encodeUnitSets(sets))).toEqual(sets);
      }
    expect(() => decodeUnitSets(Buffer.from("GBXU nothing of it"))).toThrow();
  });
});

describe("the attack by linear program", () => {
  /** Three two-way tables of a cube whose corners are small: no two of them pin anything, all three do. */
  const corner = (sex: string, ward: string, age: number, count: number): Omit<Row, "id">[] =>
    Array.from({ length: count }, () => ({
      age: BigInt(age),
      sex,
      ward,
      grp: 0n,
      city: null,
    }));
  const rows = [
    ...corner("F", "A", 50, 3),
    ...corner("F", "A", 70, 20),
    ...corner("F", "B", 50, 25),
    ...corner("M", "A", 50, 30),
    ...corner("M", "B", 70, 2),
    ...corner("F", "B", 70, 22),
    ...corner("M", "A", 70, 24),
    ...corner("M", "B", 50, 21),
  ].map((row, i) => ({ ...row, id: `u${i}` }));
  const age = { value: "age", edges: [50, 60, 90] };
  const of = (name: string, dims: unknown[]) =>
    tabulate(name, claimOf({ rows: dims, missing: "group" }), rows);
  const tables = [
    of("sex-ward", ["sex", "ward"]),
    of("ward-age", ["ward", age]),
    of("sex-age", ["sex", age]),
  ];

  test("finds that three tables around a cube pin what no two of them do", () => {
    const [first, second, third] = tables as [AtomTable, AtomTable, AtomTable];
    const failed = (fresh: AtomTable, others: AtomTable[]) =>
      auditorsSay(fresh, others, solve).filter((f) => f.verdict === "fail");
    expect(failed(second, [first])).toEqual([]);
    expect(failed(third, [first])).toEqual([]);
    const [pinned, ...more] = failed(third, [first, second]);
    expect(more).toEqual([]);
    expect(pinned).toMatchObject({ audience: "auditors", evidence: { because: "pinned", pinned: 2 } });
    expect(pinned?.cells).toEqual([
      ["F / 0", "F / A & A / 0"],
      ["M / 1", "M / B & B / 1"],
    ]);
  });

  test("does not hold a table to account for what earlier ones pin by themselves", () => {
    const again = of("sex", ["sex"]);
    expect(auditorsSay(again, tables, solve).filter((f) => f.verdict === "fail")).toEqual([]);
  });

  test("a rounded count tells of an interval, and pins less", () => {
    const all = tabulate("all", claimOf({ rows: [] }), randomRows(drawer(5), 120));
    const but = tabulate("but", claimOf({ rows: [], where: "id != 'u3'" }), randomRows(drawer(5), 120));
    const rounded = { ...but.table, claim: structuredClone(but.table.claim) };
    Object.assign(rounded.claim.statistic, { protect: { how: "round", base: 5 } });
    expect(auditorsSay(but, [all], solve).some((f) => f.verdict === "fail")).toBe(true);
    const sets = but.spread.sets.map((s) => ({ ...s, count: { low: 116, high: 124 } }));
    const safe = { ...but, table: rounded, spread: { ...but.spread, sets } };
    expect(auditorsSay(safe, [all], solve).filter((f) => f.verdict === "fail")).toEqual([]);
  });
});
