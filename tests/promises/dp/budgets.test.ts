/**
 * Attacks on the budget through the whole way of a query: races, and ways to have it back.
 *
 * Must never happen: more answers than what there is pays for, whoever asks at once; one charge with two answers; a spent
 * budget that is there again after a new version, the same content anew, another name, a dataset retired and made again,
 * or another grant; a budget that tells one owner what is in another's data.
 *
 * - Budget races (Haeberlen, Pierce, Narayan 2011: budget attacks): 200 at once.
 * - Death between charge and answer: tests/promises/crash/charges.test.ts. Charges alone: tests/catalog/charges.test.ts.
 */
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { fromText } from "../../../src/catalog/budgets/amounts.js";
import { createEngine, type Engine, type QueryAnswer } from "../../../src/catalog/index.js";
import { addCurves, admits, renyiFilter, ZERO_CURVE } from "../../../src/privacy/index.js";
import { type Actor, parseDecimal } from "../../../src/vocabulary/index.js";
import { type CatalogFixture, catalogFixture, give, outcome, outcomeOf } from "../../catalog/fixture.js";
import { COLUMNS, FLCHAIN } from "../../catalog/queries/fixture.js";

const [header = "", ...all] = readFileSync(FLCHAIN, "utf8").trimEnd().split(/\r?\n/);
/** Other people for each story: the same ones would share a budget, which is the point of two. */
const story = (i: number): string[] => all.slice(600 * i, 600 * (i + 1));
const [raced, asked, shared, people, guessed] = [story(0), story(1), story(2), story(3), story(4)];
const RHO = "0.5";
const BUDGET = { rho: RHO, delta: "1e-6" };

let f: CatalogFixture<Engine>;
beforeAll(() => {
  f = catalogFixture({ queryPace: (work) => work }, createEngine());
});
afterAll(async () => {
  await f.engine.close();
  f.end();
});

const put = (name: string, lines: readonly string[], owner: Actor = f.owner) =>
  f.catalog.datasets.putContent(owner, name, Readable.from([[header, ...lines].join("\n")]), "text/csv");

async function publish(name: string, lines: readonly string[], owner: Actor = f.owner): Promise<void> {
  const entry = { name, unit_column: "id", columns: COLUMNS, budget: BUDGET };
  f.catalog.datasets.create(owner, entry);
  await put(name, lines, owner);
  f.catalog.datasets.assess(owner, name);
  f.catalog.datasets.publish(owner, name);
}

const allow = (
  name: string,
  principal = "researcher",
  rho = RHO,
  owner: Actor = f.owner,
  delta = "1e-6",
): string =>
  f.catalog.grants.create(owner, {
    principal,
    dataset: name,
    purpose: "mortality by age",
    access: "query",
    expires_at: "2026-12-20T00:00:00Z",
    rho,
    delta,
    signal_bits: 0,
  }).id;

const ask = async (name: string, where: string, epsilon = "0.2", who = f.researcher): Promise<QueryAnswer> =>
  (await f.catalog.queries.ask(who, {
    datasets: [name],
    sql: `SELECT count(*) FROM "${name}" WHERE ${where}`,
    epsilon,
  })) as QueryAnswer;

/** All of ε that buys an answer, until none is given. */
async function exhaust(name: string): Promise<number> {
  let answers = 0;
  for (let age = 50; ; age++) {
    const code = await outcomeOf(ask(name, `age > ${age}`, "0.5"));
    if (code !== "ok") {
      expect(code).toBe("budget_exhausted");
      return answers;
    }
    answers++;
  }
}
const isExhausted = async (name: string, where: string, who = f.researcher): Promise<void> => {
  expect(await outcomeOf(ask(name, where, "0.5", who))).toBe("budget_exhausted");
};

describe("budget races", () => {
  test("200 questions at once, of which a part can be paid: no more are answered, sums are those of the charges", async () => {
    await publish("raced", raced);
    const grant = allow("raced");
    const asks = Array.from({ length: 200 }, (_, i) =>
      // Every fifth is one that another asks at the same time.
      ask("raced", `futime > ${i - (i % 5 === 4 ? 1 : 0)}`),
    );
    const settled = await Promise.allSettled(asks);
    const given = settled.flatMap((s) => (s.status === "fulfilled" ? [s.value] : []));
    const codes = settled.flatMap((s) =>
      s.status === "rejected" ? [(s.reason as { code: string }).code] : [],
    );
    expect(new Set(codes)).toEqual(new Set(["budget_exhausted"]));
    expect(given.length).toBeGreaterThan(10);

    const { id } = f.catalog.datasets.row("raced");
    const charged = f.store.db
      .prepare(
        "SELECT c.id, c.curve, c.delta FROM charges c JOIN charge_datasets d ON d.charge = c.id WHERE d.dataset = ?",
      )
      .all(id) as { id: string; curve: string; delta: string }[];
    const total = charged.reduce((sum, row) => addCurves(sum, fromText(row)), ZERO_CURVE);
    const filter = renyiFilter({ rho: parseDecimal(RHO, "rho"), delta: parseDecimal("1e-6", "delta") });
    expect(admits(filter, total)).toBe(true);
    // One more would not have been.
    expect(admits(filter, addCurves(total, fromText(charged[0]!)))).toBe(false);
    for (const scope of [id, grant]) {
      const kept = f.store.db.prepare("SELECT curve, delta FROM spendings WHERE scope = ?").get(scope);
      expect(fromText(kept as { curve: string; delta: string }).values).toEqual(total.values);
    }
    // Each charge has one answer, given to all who asked for it.
    const answers = new Map<string, Set<string>>();
    for (const { charge, rows } of given)
      answers.set(charge.id, (answers.get(charge.id) ?? new Set()).add(JSON.stringify(rows)));
    expect([...answers.keys()].sort()).toEqual(charged.map((row) => row.id).sort());
    for (const different of answers.values()) expect(different.size).toBe(1);
  });

  test("the same question 50 times at once is one charge and one draw", async () => {
    await publish("asked", asked);
    allow("asked");
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask("asked", "age > 77")));
    expect(new Set(answers.map(({ charge }) => charge.id)).size).toBe(1);
    expect(new Set(answers.map(({ rows }) => JSON.stringify(rows))).size).toBe(1);
    expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1);
  });

  test("two who conspire share the dataset's budget, and each draw is paid", async () => {
    await publish("shared", shared);
    allow("shared", "researcher", "0.25", f.owner, "5e-7");
    allow("shared", "operator", "0.25", f.owner, "5e-7");
    expect(outcome(() => allow("shared", "operator", "0.01", f.owner, "5e-8"))).toBe("budget_exhausted");
    const [one, two] = [await ask("shared", "age > 66"), await ask("shared", "age > 66", "0.2", f.operator)];
    expect(two.charge.id).not.toBe(one.charge.id);
    const units = (table: string, key: string, of: string): bigint => {
      const row = f.store.db.prepare(`SELECT curve, delta FROM ${table} WHERE ${key} = ?`).get(of);
      return fromText(row as { curve: string; delta: string }).values[0]!;
    };
    const each = units("charges", "id", one.charge.id);
    expect(units("spendings", "scope", f.catalog.datasets.row("shared").id)).toBe(2n * each);
  });
});

describe("a budget that was spent", () => {
  beforeAll(async () => {
    await publish("spent", people);
    allow("spent");
    expect(await exhaust("spent")).toBeGreaterThan(2);
  });

  test("is not there again after the same content is put, or new versions of it", async () => {
    for (const [i, lines] of [people, [...people].reverse(), people.slice(0, 400)].entries()) {
      await put("spent", lines);
      await isExhausted("spent", `futime > ${i}`);
      // What was paid for on the same content is still given, and is the same.
      if (i === 0) expect(await ask("spent", "age > 50", "0.5")).toMatchObject({ repeated: true });
    }
  });

  test("nor after the grant is ended and given again", async () => {
    const [grant] = f.catalog.grants.list(f.owner, {}).items.filter((g) => g.dataset === "spent");
    f.catalog.grants.revoke(f.owner, grant!.id);
    expect(
      outcome(() => give(f, "spent", { access: "query", rho: RHO, delta: "1e-6", signal_bits: 0 })),
    ).toBe("budget_exhausted");
  });

  test("nor under another name, in part, or with a row of noise in between", async () => {
    const mixed = people.flatMap((line, i) =>
      i % 3 === 0 ? [line, `"N${i}",60,"F",1999,1,1,3,1,0,10,0,`] : [line],
    );
    for (const [name, lines] of [
      ["renamed", people],
      ["part", people.slice(200, 500)],
      ["mixed", mixed],
    ] as const) {
      await publish(name, lines);
      allow(name);
      await isExhausted(name, "age > 60");
    }
  });

  test("nor where the dataset is retired and made again", async () => {
    f.catalog.datasets.suspend(f.owner, "spent");
    f.catalog.datasets.retire(f.owner, "spent");
    // Its name stays its own; the same rows under any other are known.
    const again = await outcomeOf(publish("spent", people));
    expect(again).not.toBe("ok");
    await publish("spent-2", people);
    allow("spent-2");
    await isExhausted("spent-2", "age > 60");
  });
});

describe("another owner's rows", () => {
  /** The whole log from an index on, without what is random. */
  const logFrom = (from: number): unknown[] =>
    Array.from({ length: f.ledger.size() - from }, (_, i) => {
      const { salt: _salt, ...told } = f.ledger.opening(from + i);
      return { leaf: Object.keys(JSON.parse(f.ledger.leaf(from + i))), told };
    });
  /** Ids, hashes, names and places in the log are each dataset's own, and how many bytes a noisy number has is noise. */
  const alike = (sight: unknown, name: string, from: number): unknown =>
    JSON.parse(
      JSON.stringify(sight)
        .replaceAll(name, "NAME")
        .replaceAll(/\b([a-z]+)_[0-9A-HJKMNP-TV-Z]{26}\b/g, "$1")
        .replaceAll(/\b[0-9a-f]{64}\b/g, "HASH")
        .replaceAll(/"sha256":"HASH","bytes":\d+/g, '"sha256":"HASH"')
        .replaceAll(/"ledger_index":(\d+)/g, (_, at: string) => `"ledger_index":${Number(at) - from}`),
    );

  /** Charges of one instant are in no order. */
  const budgetOf = (who: Actor, name: string) => {
    const { charges, ...rest } = f.catalog.datasets.budget(who, name);
    return { ...rest, charges: charges.sort((a, b) => (a.ledger_index ?? 0) - (b.ledger_index ?? 0)) };
  };

  /** All that an owner, and a researcher who is in with them, can see of nine rows that they know and a tenth. */
  async function guess(name: string, rows: readonly string[], owner: Actor): Promise<unknown> {
    const from = f.ledger.size();
    await publish(name, rows, owner);
    const seen = [budgetOf(owner, name)];
    allow(name, "operator", "0.4", owner, "9e-7");
    const answers: unknown[] = [];
    for (let i = 0; i < 5; i++) {
      const quote = { datasets: [name], sql: `SELECT count(*) FROM "${name}" WHERE age > ${60 + i}` };
      answers.push(await f.catalog.queries.ask(f.operator, { ...quote, epsilon: "0.5", quote: true }));
      const code = await outcomeOf(ask(name, `age > ${60 + i}`, "0.5", f.operator));
      const budgets = [owner, f.operator].map((who) => budgetOf(who, name));
      answers.push({ code, budgets });
    }
    seen.push(budgetOf(owner, name));
    await put(name, rows, owner);
    const sight = {
      seen,
      answers,
      entry: f.catalog.datasets.get(owner, name),
      seenBy: f.catalog.datasets.get(f.operator, name),
      grants: f.catalog.grants.list(owner, {}).items.filter(({ dataset }) => dataset === name),
      log: logFrom(from),
    };
    return alike(sight, name, from);
  }
  const known = guessed.slice(0, 9);
  const absent = guessed.at(-1)!;
  const sharing = (sight: unknown) =>
    (sight as { seen: { shared_with: string[] }[] }).seen.flatMap((budget) => budget.shared_with);

  beforeAll(async () => {
    await publish("victims", guessed.slice(0, -1));
    allow("victims");
    expect(await exhaust("victims")).toBeGreaterThan(2);
  });

  test("cannot be guessed: nine known ones and a guess look the same whether or not the guess is there", async () => {
    const before = f.catalog.datasets.budget(f.owner, "victims");
    const right = await guess("guess-1", [...known, guessed[9]!], f.otherOwner);
    const wrong = await guess("guess-2", [...known, absent], f.otherOwner);
    expect(right).toEqual(wrong);
    expect(sharing(right)).toEqual([]);
    // Nor all of them at once, which are the other's own budget, and leave the first one's as it was.
    const all = await guess("guess-3", guessed.slice(0, -1), f.otherOwner);
    expect(JSON.stringify(all)).not.toContain("victims");
    expect(new Set(sharing(all))).toEqual(new Set(["guess-1"]));
    expect(f.catalog.datasets.budget(f.owner, "victims")).toEqual(before);
  });

  test("the same guess by the owner who has the rows is told: the attack would work", async () => {
    expect(sharing(await guess("guess-4", [...known, guessed[9]!], f.owner))).toContain("victims");
    expect(sharing(await guess("guess-5", [...known, absent], f.owner))).not.toContain("victims");
  });

  test("another owner's copy is another budget, of which nothing is told to either", async () => {
    await publish("their-copy", people, f.otherOwner);
    allow("their-copy", "researcher", RHO, f.otherOwner);
    expect(await exhaust("their-copy")).toBeGreaterThan(2);
    for (const [who, name] of [
      [f.owner, "spent-2"],
      [f.otherOwner, "their-copy"],
    ] as const) {
      const { shared_with } = f.catalog.datasets.budget(who, name);
      expect(shared_with).toEqual(who === f.owner ? expect.arrayContaining(["spent"]) : []);
      expect(shared_with).not.toContain(who === f.owner ? "their-copy" : "spent");
    }
  });
});
