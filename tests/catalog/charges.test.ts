/** Charges: paid before the answer exists, once, within every budget and share concerned. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { plus as addUnits, fromText, shownParts, toText } from "../../src/catalog/budgets/amounts.js";
import type { ChargeRequest } from "../../src/catalog/index.js";
import {
  addCurves,
  failureCurve,
  pureCurve,
  type RenyiCurve,
  sampledGaussianCurve,
  zcdpCurve,
} from "../../src/privacy/index.js";
import {
  addRational,
  type GrantId,
  type PrincipalId,
  parseDecimal,
  rational,
  subtractRational,
} from "../../src/vocabulary/index.js";
import { testSeed } from "../harness/seed.js";
import {
  type CatalogFixture,
  catalogFixture,
  DAY,
  datasetIn,
  entriesOf,
  give,
  outcome,
  outcomeOf,
  put,
} from "./fixture.js";

let f: CatalogFixture;
beforeEach(() => {
  f = catalogFixture();
});
afterEach(() => f.end());

const d = (text: string) => parseDecimal(text, "value");
const zcdp = (rho: string): RenyiCurve => zcdpCurve(d(rho));

/** A question to a dataset under a grant. */
function asking(grant: string, what: string, cost: RenyiCurve): ChargeRequest {
  const { principal, dataset } = f.catalog.grants.row(grant);
  return {
    principal,
    kind: "query",
    on: [{ dataset, version: f.catalog.datasets.row(dataset).current_version!, grant: grant as GrantId }],
    request: { what },
    cost,
    mechanism: { noise: "gaussian" },
  };
}
const make = (request: ChargeRequest) => f.ledger.commit((tx) => f.catalog.charges.charge(tx, request));
const budgetOf = (name: string) => f.catalog.datasets.budget(f.owner, name);
/** A published dataset and a grant on it. */
async function world(budget: { rho: string; delta: string } = { rho: "1", delta: "1e-6" }) {
  const name = await datasetIn(f, "published", { budget });
  return { name, grant: give(f, name, { ...budget, access: "query", signal_bits: 0 }).id };
}

describe("a charge", () => {
  test("is a row, an entry and raised sums, made before the answer exists", async () => {
    const { name, grant } = await world();
    const seen: string[] = [];
    const given = await f.catalog.charges.once(asking(grant, "a", zcdp("0.1")), async (charge) => {
      seen.push(...entriesOf(f, charge.id), budgetOf(name).rho.spent);
      expect(charge).toMatchObject({ state: "charged", rho: "0.1", delta: "0", answer: undefined });
      return Buffer.from("42");
    });
    expect(seen).toEqual(["charge.made", "0.1"]);
    expect(given).toMatchObject({ state: "answered", repeated: false, rho: "0.1" });
    expect(given.answer.toString()).toBe("42");
    expect(entriesOf(f, given.id)).toEqual(["charge.made", "charge.answered"]);
    expect(f.ledger.opening(given.ledger_seq)).toMatchObject({ subject: given.id, data: { rho: "0.1" } });
    expect(budgetOf(name)).toMatchObject({
      rho: { total: "1", spent: "0.1", left: "0.9" },
      charges: [{ id: given.id, kind: "query", rho: "0.1", state: "answered", principal: "researcher" }],
    });
  });

  test("asked again on the same version gives the stored answer, costs nothing, draws nothing", async () => {
    const { name, grant } = await world();
    const first = await f.catalog.charges.once(asking(grant, "a", zcdp("0.9")), async () => Buffer.from("1"));
    const never = () => Promise.reject(new Error("drawn twice"));
    const again = await f.catalog.charges.once(asking(grant, "a", zcdp("0.9")), never);
    expect(again).toMatchObject({ id: first.id, repeated: true });
    expect(again.answer).toEqual(first.answer);
    expect(budgetOf(name).rho.spent).toBe("0.9");
    // a new version is another question, which the rest of the budget does not cover
    await put(f, name, "id,age,city\na1,61,Wuhan\na2,72,Chengdu\na3,55,Wuhan\na4,1,Wuhan\n");
    expect(await outcomeOf(f.catalog.charges.once(asking(grant, "a", zcdp("0.9")), never))).toBe(
      "budget_exhausted",
    );
    expect(budgetOf(name).rho).toEqual({ total: "1", spent: "0.9", left: "0.1" });
  });

  test("the same request asked at the same time is drawn once and charged once", async () => {
    const { name, grant } = await world();
    let drawn = 0;
    const ask = () =>
      f.catalog.charges.once(asking(grant, "a", zcdp("0.1")), async () => {
        await Promise.resolve();
        return Buffer.from(`answer ${++drawn}`);
      });
    const answers = await Promise.all(Array.from({ length: 50 }, ask));
    expect(new Set(answers.map(({ answer }) => answer.toString()))).toEqual(new Set(["answer 1"]));
    expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(budgetOf(name).rho.spent).toBe("0.1");
  });

  test("whose drawing failed stands, and is completed by asking again at no further cost", async () => {
    const { name, grant } = await world();
    const fails = () => Promise.reject(new Error("the engine died"));
    await expect(f.catalog.charges.once(asking(grant, "a", zcdp("0.7")), fails)).rejects.toThrow("died");
    expect(budgetOf(name)).toMatchObject({ rho: { spent: "0.7" }, charges: [{ state: "charged" }] });
    const given = await f.catalog.charges.once(asking(grant, "a", zcdp("0.7")), async () => Buffer.from("7"));
    expect(given.answer.toString()).toBe("7");
    expect(budgetOf(name)).toMatchObject({ rho: { spent: "0.7" }, charges: [{ state: "answered" }] });
  });

  test("has one answer: a second one is not stored and not given", async () => {
    const { grant } = await world();
    const { id } = make(asking(grant, "a", zcdp("0.1")));
    const answered = (text: string) =>
      f.ledger.commit((tx) => f.catalog.charges.answered(tx, id, Buffer.from(text))).toString();
    expect([answered("first"), answered("second")]).toEqual(["first", "first"]);
    expect(entriesOf(f, id)).toEqual(["charge.made", "charge.answered"]);
  });

  test("and its answer are sealed where they lie", async () => {
    const { grant } = await world();
    await f.catalog.charges.once(asking(grant, "a", zcdp("0.1")), async () => Buffer.from("secret-answer"));
    const rows = f.store.db.prepare("SELECT answer_sealed FROM charge_answers").pluck().all() as Buffer[];
    expect(rows).toHaveLength(1);
    expect(rows[0]!.includes("secret-answer")).toBe(false);
  });

  test("is refused to an ended grant, another's grant and a dataset that is not open, even when it was answered", async () => {
    const { name, grant } = await world();
    const request = asking(grant, "a", zcdp("0.1"));
    make(request);
    expect(outcome(() => make({ ...request, principal: f.operator.id as PrincipalId }))).toBe("internal");
    f.catalog.datasets.suspend(f.owner, name);
    expect(outcome(() => make(request))).toBe("state_conflict");
    f.catalog.datasets.publish(f.owner, name);
    expect(outcome(() => make(request))).toBe("ok");
    f.catalog.grants.revoke(f.owner, grant);
    expect(outcome(() => make(request))).toBe("no_grant");
  });

  test("fails with its transaction: nothing is spent", async () => {
    const { name, grant } = await world();
    const request = asking(grant, "a", zcdp("0.1"));
    expect(() =>
      f.ledger.commit((tx) => {
        f.catalog.charges.charge(tx, request);
        throw new Error("later");
      }),
    ).toThrow("later");
    expect(f.catalog.charges.find(request)).toBeUndefined();
    expect(budgetOf(name)).toMatchObject({ rho: { spent: "0" }, charges: [] });
  });
});

describe("budgets", () => {
  test("ten tenths fit, and not a hair more", async () => {
    const { name, grant } = await world();
    for (let i = 0; i < 10; i++) make(asking(grant, `a${i}`, zcdp("0.1")));
    expect(budgetOf(name).rho).toEqual({ total: "1", spent: "1", left: "0" });
    expect(outcome(() => make(asking(grant, "more", zcdp("1e-9"))))).toBe("budget_exhausted");
    expect(outcome(() => make(asking(grant, "free", zcdp("0"))))).toBe("ok");
  });

  test("a refusal says what it costs and what is left, and changes nothing", async () => {
    const { name, grant } = await world();
    make(asking(grant, "a", zcdp("0.75")));
    const size = f.ledger.size();
    expect(() => make(asking(grant, "b", zcdp("0.5")))).toThrow(
      "this costs ρ 0.5 and δ 0; your grant's share has ρ 0.25 and δ 0.000001 left",
    );
    expect(f.ledger.size()).toBe(size);
    expect(budgetOf(name).charges).toHaveLength(1);
  });

  test("all grants together stay within the dataset's, each within its own share", async () => {
    const name = await datasetIn(f, "published", { budget: { rho: "1", delta: "1e-6" } });
    const one = give(f, name, { rho: "0.4", delta: "1e-7", signal_bits: 0 }).id;
    const two = give(f, name, { principal: "operator", rho: "0.6", delta: "1e-7", signal_bits: 0 }).id;
    expect(outcome(() => make(asking(one, "a", zcdp("0.41"))))).toBe("budget_exhausted");
    make(asking(one, "a", zcdp("0.4")));
    make(asking(two, "a", zcdp("0.5")));
    expect(budgetOf(name).rho).toEqual({ total: "1", spent: "0.9", left: "0.1" });
    expect(f.catalog.datasets.budget(f.researcher, name)).toMatchObject({
      scope: "own",
      rho: { total: "0.4", spent: "0.4", left: "0" },
      charges: [{ rho: "0.4" }],
    });
    // what an ended grant spent is not given again; what it did not, is
    f.catalog.grants.revoke(f.owner, two);
    expect(outcome(() => give(f, name, { rho: "0.2", signal_bits: 0 }))).toBe("budget_exhausted");
    expect(outcome(() => give(f, name, { rho: "0.1", signal_bits: 0 }))).toBe("ok");
  });

  test("a grant without a share of ρ spends nothing, whatever the dataset has", async () => {
    const name = await datasetIn(f, "published");
    const { id } = give(f, name, { signal_bits: 0 });
    expect(outcome(() => make(asking(id, "a", zcdp("1e-9"))))).toBe("budget_exhausted");
  });

  test("failures take twice their probability of δ, and no more of it than there is", async () => {
    const { name, grant } = await world();
    const failing = (delta: string) => addCurves(zcdp("0.01"), failureCurve(d(delta)));
    make(asking(grant, "a", failing("2e-7")));
    expect(budgetOf(name).delta).toEqual({ total: "1e-6", spent: "0.0000004", left: "0.0000006" });
    expect(outcome(() => make(asking(grant, "b", failing("3.1e-7"))))).toBe("budget_exhausted");
    expect(outcome(() => make(asking(grant, "c", failing("3e-7"))))).toBe("ok");
    expect(budgetOf(name).delta.left).toBe("0");
    expect(outcome(() => make(asking(grant, "d", failing("1e-300"))))).toBe("budget_exhausted");
  });

  test("pure, sampled and failing mechanisms share one filter, in any order", async () => {
    const { name, grant } = await world({ rho: "2", delta: "1e-5" });
    const sgd = sampledGaussianCurve(rational(1n, 100n), d("1.1"));
    const costs = [pureCurve(d("0.3")), sgd, zcdp("0.2"), failureCurve(d("1e-7")), pureCurve(d("1"))];
    const before = costs.map((cost, i) => make(asking(grant, `a${i}`, cost))).length;
    const forwards = budgetOf(name).rho;
    expect(before).toBe(5);
    const other = await datasetIn(
      f,
      "published",
      { name: "other", budget: { rho: "2", delta: "1e-5" } },
      "id,x\nb1,1\nb2,2\n",
    );
    const id = give(f, other, { rho: "2", delta: "1e-5", signal_bits: 0 }).id;
    for (const [i, cost] of [...costs].reverse().entries()) make(asking(id, `a${i}`, cost));
    expect(budgetOf(other).rho).toEqual(forwards);
  });

  test("new content and a budget that is stated anew bring nothing back", async () => {
    const { name, grant } = await world();
    make(asking(grant, "a", zcdp("0.8")));
    await put(f, name, "id,age,city\nz9,33,Xian\n");
    expect(budgetOf(name).rho.spent).toBe("0.8");
    f.catalog.grants.revoke(f.owner, grant);
    const say = (rho: string) =>
      outcome(() => f.catalog.datasets.patch(f.owner, name, { budget: { rho, delta: "1e-6" } }));
    expect(say("0.7")).toBe("state_conflict");
    expect(say("0.8")).toBe("ok");
    expect(say("2")).toBe("ok");
    expect(budgetOf(name).rho).toEqual({ total: "2", spent: "0.8", left: "1.2" });
  });

  test("a quote says the price and what is left, writes nothing, and that a repeat is free", async () => {
    const { grant } = await world();
    const size = f.ledger.size();
    const price = (what: string, rho: string) => f.catalog.charges.price(asking(grant, what, zcdp(rho)));
    expect(price("a", "0.3")).toEqual({
      rho: "0.3",
      delta: "0",
      fits: true,
      free: false,
      left: { rho: "1", delta: "0.000001" },
    });
    expect(price("a", "1.1").fits).toBe(false);
    expect(f.ledger.size()).toBe(size);
    make(asking(grant, "a", zcdp("0.3")));
    expect(price("a", "0.3")).toMatchObject({ free: true, left: { rho: "0.7" } });
  });

  test("of two grants the one with more ρ left is used for a query", async () => {
    const name = await datasetIn(f, "published", { budget: { rho: "1", delta: "1e-6" } });
    const [large, small] = ["0.6", "0.4"].map(
      (rho) => give(f, name, { rho, access: "query", signal_bits: 0 }).id,
    );
    const used = () =>
      f.catalog.grants.usable({
        principal: f.researcher.id,
        dataset: name,
        access: "query",
        kind: "query",
        now: f.clock.now(),
      }).id;
    expect(used()).toBe(large);
    make(asking(large!, "a", zcdp("0.3")));
    expect(used()).toBe(small);
  });

  test("a grant is past its time at its time", async () => {
    const { grant } = await world();
    f.clock.advance(31 * DAY);
    expect(outcome(() => make(asking(grant, "a", zcdp("0.1"))))).toBe("grant_expired");
  });
});

describe("amounts as they are shown", () => {
  test("of any size: spent and left add up to the total, and can be read again", () => {
    const totals = ["1", "0.3", "1e-6", "1e-20", "1e-80", "7e-300", "1000000000", "123456789.123456"];
    const parts = fc.tuple(fc.constantFrom(...totals), fc.integer({ min: 0, max: 10 ** 9 }));
    fc.assert(
      fc.property(parts, ([text, share]) => {
        const total = d(text);
        const exact = rational(total.num * BigInt(share), total.den * 10n ** 9n);
        const { spent, left } = shownParts(total, exact);
        expect(addRational(d(spent), d(left))).toEqual(total);
        // left is never more than there is, but for the dust of rounding charges up
        const over = subtractRational(d(left), exact);
        expect(over.num * 2n ** 44n * total.den <= total.num * over.den).toBe(true);
      }),
      { seed: testSeed(), numRuns: 200 },
    );
  });

  test("a budget of a tiny δ is seen, granted and charged", async () => {
    const { name, grant } = await world({ rho: "0.5", delta: "1e-80" });
    make(asking(grant, "a", addCurves(zcdp("0.1"), failureCurve(d("1e-81")))));
    expect(budgetOf(name).delta).toEqual({
      total: "1e-80",
      spent: "2e-81",
      left: "8e-81",
    });
    f.catalog.grants.revoke(f.owner, grant);
    expect(outcome(() => give(f, name, { rho: "0.4", delta: "8e-81", signal_bits: 0 }))).toBe("ok");
    expect(f.catalog.datasets.budget(f.researcher, name).scope).toBe("own");
  });
});

describe("a budget that is refreshed by time", () => {
  const say = (name: string, refresh_days: number | null | undefined, rho = "1") =>
    outcome(() => f.catalog.datasets.patch(f.owner, name, { budget: { rho, delta: "1e-6", refresh_days } }));

  test("is there anew after each period, for the dataset and the share; what was not spent lapses", async () => {
    const { name, grant } = await world();
    make(asking(grant, "a", zcdp("0.6")));
    expect(say(name, 7)).toBe("ok");
    // what was spent before counts in the first period
    expect(budgetOf(name)).toMatchObject({ rho: { spent: "0.6" }, refresh: { days: 7, period: 0 } });
    expect(outcome(() => make(asking(grant, "b", zcdp("0.5"))))).toBe("budget_exhausted");
    f.clock.advance(7 * DAY - 1);
    expect(budgetOf(name).rho.spent).toBe("0.6");
    f.clock.advance(1);
    expect(budgetOf(name)).toMatchObject({ rho: { spent: "0", left: "1" }, refresh: { period: 1 } });
    expect(outcome(() => make(asking(grant, "b", zcdp("1"))))).toBe("ok");
    expect(outcome(() => make(asking(grant, "c", zcdp("0.1"))))).toBe("budget_exhausted");
    f.clock.advance(14 * DAY);
    expect(budgetOf(name)).toMatchObject({ rho: { spent: "0", left: "1" }, refresh: { period: 3 } });
    expect(outcome(() => make(asking(grant, "d", zcdp("1.1"))))).toBe("budget_exhausted");
    // an answer is kept for ever, and stays free
    expect(outcome(() => make(asking(grant, "a", zcdp("0.6"))))).toBe("ok");
    expect(budgetOf(name).rho.spent).toBe("0");
  });

  test("is not brought forward by deciding again, nor back by ending it", async () => {
    const { name, grant } = await world();
    say(name, 7);
    make(asking(grant, "a", zcdp("0.9")));
    for (const days of [1, 30, null, 2, 7, undefined] as const) {
      expect(say(name, days)).toBe("ok");
      expect(budgetOf(name).rho.spent).toBe("0.9");
    }
    say(name, null);
    f.clock.advance(20 * DAY);
    expect(budgetOf(name)).toMatchObject({ rho: { spent: "0.9" }, refresh: null });
  });

  test("is the owner's decision, in the ledger with what a year of it guarantees", async () => {
    const { name } = await world({ rho: "0.01", delta: "1e-8" });
    say(name, 30, "0.01");
    const { id } = f.catalog.datasets.row(name);
    const seq = f.store.db
      .prepare("SELECT seq FROM ledger_leaves WHERE kind = 'budget.refresh_decided' AND subject = ?")
      .pluck()
      .get(id) as number;
    const { actor, data } = f.ledger.opening(seq);
    expect(actor).toBe(f.owner.id);
    const { epsilon } = budgetOf(name).guarantee!;
    const guarantee = data.guarantee as unknown as { a_year: { epsilon: string; delta: string }[] };
    expect(guarantee).toMatchObject({ each_period: { epsilon, delta: "0.000001" }, periods_a_year: 13 });
    const [sum, optimal] = guarantee.a_year;
    expect(Number(sum!.epsilon)).toBeCloseTo(13 * Number(epsilon), 9);
    expect(Number(optimal!.epsilon)).toBeLessThan(Number(sum!.epsilon));
    expect([sum!.delta, optimal!.delta]).toEqual(["0.000013", "0.000026"]);
  });
});

describe("200 askers at once", () => {
  test("spend what there is and not more, each answer once", async () => {
    const { name, grant } = await world({ rho: "1", delta: "1e-6" });
    const given: string[] = [];
    const ask = (n: number) =>
      outcomeOf(
        f.catalog.charges
          .once(asking(grant, `question ${n}`, zcdp("0.02")), async () => {
            await new Promise((resolve) => setImmediate(resolve));
            return Buffer.from(`answer ${n}`);
          })
          .then(({ answer }) => given.push(answer.toString())),
      );
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(n)));
    expect(outcomes.filter((code) => code === "ok")).toHaveLength(50);
    expect(outcomes.filter((code) => code === "budget_exhausted")).toHaveLength(150);
    expect(new Set(given).size).toBe(50);
    expect(budgetOf(name).rho).toEqual({ total: "1", spent: "1", left: "0" });
  });

  test("of two grants and mechanisms of every kind: the sums are those of the charges, to the last unit", async () => {
    const { name, grant } = await world({ rho: "3", delta: "1e-5" });
    f.catalog.datasets.patch(f.owner, name, { budget: { rho: "6", delta: "2e-5" } });
    const other = give(f, name, { principal: "operator", rho: "3", delta: "1e-5", signal_bits: 0 }).id;
    const costs = [zcdp("0.13"), pureCurve(d("0.41")), addCurves(zcdp("0.001"), failureCurve(d("1e-7")))];
    const asks = Array.from({ length: 200 }, (_, n) =>
      outcomeOf(
        f.catalog.charges.once(asking(n % 2 ? grant : other, `q${n}`, costs[n % 3]!), async () =>
          Buffer.from(`${n}`),
        ),
      ),
    );
    expect(new Set(await Promise.all(asks))).toEqual(new Set(["ok", "budget_exhausted"]));
    const rows = f.store.db.prepare("SELECT curve, delta FROM charges").all() as {
      curve: string;
      delta: string;
    }[];
    const sum = rows.map(fromText).reduce(addUnits);
    const kept = f.store.db.prepare("SELECT curve, delta FROM spendings WHERE scope LIKE 'dst%'").get();
    expect(toText(sum)).toEqual(kept);
  });
});
