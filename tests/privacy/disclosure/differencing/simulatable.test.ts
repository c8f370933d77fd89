/** The requester's verdict of differencing stands on public things alone, and what it passes tells of no few units. */
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { AtomTable } from "../../../../src/privacy/disclosure/differencing/atoms.js";
import type { SolveLp } from "../../../../src/privacy/disclosure/differencing/attack.js";
import { isDecomposable } from "../../../../src/privacy/disclosure/differencing/follows.js";
import { judgeForRequester, verdictFor } from "../../../../src/privacy/index.js";
import { testSeed } from "../../../harness/seed.js";
import {
  auditorsSay,
  COLUMNS,
  claimOf,
  cubeClaim,
  cubeRows,
  drawer,
  publicOf,
  type Row,
  randomClaim,
  randomRows,
  requesterSays,
  solver,
  THRESHOLD,
  tabulate,
} from "./histories.js";

const FULL = process.env.GLOVEBOX_TEST_FULL === "1";
const seed = testSeed();
let solve: SolveLp;
beforeAll(async () => {
  solve = await solver();
});

/** The simulator: it is given nothing but what is public. */
const simulate = (asked: AtomTable, released: readonly AtomTable[]) =>
  judgeForRequester({
    threshold: THRESHOLD,
    oneRowAUnit: true,
    unitColumn: "id",
    asked: { claim: asked.table.claim, version: asked.table.version, columns: COLUMNS, declared: true },
    beside: [],
    released: JSON.parse(JSON.stringify(released.map((t) => ({ ...publicOf(t), columns: undefined })))).map(
      (t: object) => ({ ...t, columns: COLUMNS }),
    ),
  });

const values = (t: AtomTable) =>
  JSON.stringify([t.table.facts.dimensions, t.table.facts.cells.map((c) => c.value)]);

/** Another dataset with which the same values would have been published: one or two units hold other values than here. */
function otherWorld(
  rows: readonly Row[],
  claims: readonly ReturnType<typeof claimOf>[],
  draw: (n: number) => number,
) {
  const published = claims.map((c, i) => values(tabulate(`t${i}`, c, rows)));
  const names = ["age", "sex", "ward", "grp", "city"] as const;
  for (let attempt = 0; attempt < 12; attempt++) {
    const other = rows.map((row) => ({ ...row }));
    const [a, b] = [draw(rows.length), draw(rows.length)];
    const name = names[draw(names.length)] as (typeof names)[number];
    const [x, y] = [other[a] as Row, other[b] as Row];
    Object.assign(x, { [name]: rows[b]?.[name] });
    Object.assign(y, { [name]: rows[a]?.[name] });
    if (x[name] === rows[a]?.[name]) continue;
    if (claims.every((c, i) => values(tabulate(`t${i}`, c, other)) === published[i])) return other;
  }
  return undefined;
}

describe(`over random histories (seed ${seed})`, () => {
  test("what the requester is told is what a simulator says that knows published values alone", () => {
    const draw = drawer(seed);
    const told = new Map<string, number>();
    let twins = 0;
    for (let history = 0; history < (FULL ? 20_000 : 1_000); history++) {
      const isCube = history % 2 === 0;
      const rows = isCube ? cubeRows(draw) : randomRows(draw, 20 + draw(30));
      const claim = () => claimOf(isCube ? cubeClaim(draw) : randomClaim(draw));
      const claims = Array.from({ length: draw(4) }, claim);
      const asked = claim();
      const world = (of: readonly Row[]) => ({
        asked: tabulate("asked", asked, of),
        released: claims.map((c, i) => tabulate(`t${i}`, c, of)),
      });
      const here = world(rows);
      const says = requesterSays(here.asked, here.released);
      expect(says).toEqual(simulate(here.asked, here.released));
      const because = String(says[0]?.evidence?.because);
      told.set(because, (told.get(because) ?? 0) + 1);
      if (history % 10 > 1) continue;
      const others = otherWorld(rows, claims, draw);
      if (others === undefined) continue;
      twins++;
      const there = world(others);
      expect(requesterSays(there.asked, there.released)).toEqual(says);
    }
    // Each way is taken, and often enough that the comparison says something.
    for (const because of ["nothing_new", "apart", "few_units", "decomposable", "undecided"])
      expect([because, (told.get(because) ?? 0) > 3]).toEqual([because, true]);
    expect(twins).toBeGreaterThan(FULL ? 500 : 25);
  });

  test("what passes for the requester pins no few units for auditors, where its own counts are not small", () => {
    const draw = drawer(seed + 1);
    let passed = 0;
    for (let history = 0; history < (FULL ? 10_000 : 150); history++) {
      const rows = cubeRows(draw);
      const released: AtomTable[] = [];
      for (let i = 0; i < 4; i++) {
        const fresh = tabulate(`t${i}`, claimOf(cubeClaim(draw)), rows);
        if (fresh.table.facts.cells.some((c) => (c.units ?? 0) > 0 && (c.units ?? 0) < THRESHOLD)) continue;
        const says = verdictFor(requesterSays(fresh, released), "requester");
        if (says !== "pass") continue;
        const fails = auditorsSay(fresh, released, solve).filter((f) => f.verdict === "fail");
        expect(fails).toEqual([]);
        if (released.length > 0) passed++;
        released.push(fresh);
      }
    }
    expect(passed).toBeGreaterThan(20);
  });
});

describe("dimensions", () => {
  const sets = (...of: string[]) => of.map((names) => new Set(names.split("")));
  test("of two tables are always decomposable, a ring of three is not, and a table over the ring makes it so", () => {
    expect(isDecomposable(sets("ab", "bc"))).toBe(true);
    expect(isDecomposable(sets("ab", "cd"))).toBe(true);
    expect(isDecomposable(sets("ab", "bc", "ac"))).toBe(false);
    expect(isDecomposable(sets("ab", "bc", "ac", "abc"))).toBe(true);
    expect(isDecomposable(sets("ab", "bc", "cd", "de"))).toBe(true);
    expect(isDecomposable(sets("ab", "bc", "cd", "da"))).toBe(false);
    expect(isDecomposable(sets("", "a", "a"))).toBe(true);
  });
});

describe("of all and all but one", () => {
  const rows = randomRows(drawer(7), 120);
  const of = (written: object, id = "t") => tabulate(id, claimOf(written as Record<string, unknown>), rows);
  const verdicts = (asked: AtomTable, released: readonly AtomTable[]) => [
    verdictFor(requesterSays(asked, released), "requester"),
    verdictFor(auditorsSay(asked, released, solve), "auditor"),
  ];
  const ALL = of({ rows: [] }, "all");

  test("by name, the requester is told that it fails, in either order", () => {
    const one = of({ rows: [], where: "id != 'u3'" }, "but one");
    expect(verdicts(one, [ALL])).toEqual(["fail", "fail"]);
    expect(verdicts(ALL, [one])).toEqual(["fail", "fail"]);
  });

  test("by a value that few have, people decide whatever the data say, and are told what the data say", () => {
    const few = of({ rows: [], where: "age != 71" }, "but some");
    expect(rows.filter((r) => r.age === 71n).length).toBeGreaterThan(0);
    expect(verdicts(few, [ALL])).toEqual(["review", "fail"]);
    const none = of({ rows: [], where: "age != 7" }, "but none");
    expect(verdicts(none, [ALL])).toEqual(["review", "pass"]);
  });

  test("a table of running code, and one whose units have several rows, are not decided from descriptions", () => {
    const asked = { claim: ALL.table.claim, version: "v1", columns: COLUMNS, declared: true };
    const known = {
      threshold: THRESHOLD,
      oneRowAUnit: true,
      unitColumn: "id",
      asked,
      beside: [],
      released: [],
    };
    expect(verdictFor(judgeForRequester(known), "requester")).toBe("pass");
    const undeclared = { ...known, asked: { ...asked, declared: false } };
    expect(verdictFor(judgeForRequester(undeclared), "requester")).toBe("review");
    const women = { ...asked, claim: claimOf({ rows: [], where: "sex == 'F'" }) };
    const men = { ...asked, claim: claimOf({ rows: [], where: "sex == 'M'" }) };
    const apart = { ...known, asked: women, beside: [men] };
    expect(verdictFor(judgeForRequester(apart), "requester")).toBe("pass");
    expect(verdictFor(judgeForRequester({ ...apart, oneRowAUnit: false }), "requester")).toBe("review");
  });
});
