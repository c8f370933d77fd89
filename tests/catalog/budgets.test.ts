import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  addRational,
  compareRational,
  formatDecimal,
  type GrantId,
  parseDecimal,
} from "../../src/vocabulary/index.js";
import { testSeed } from "../harness/seed.js";
import {
  type CatalogFixture,
  catalogFixture,
  DAY,
  datasetIn,
  entriesOf,
  give,
  grantInput,
  outcome,
} from "./fixture.js";

let f: CatalogFixture;
beforeEach(() => {
  f = catalogFixture();
});
afterEach(() => f.end());

const charge = (grant: string, job: string, bits: number, shown: string[] = ["end"]) => {
  const { dataset, principal } = f.catalog.grants.row(grant);
  f.ledger.commit((tx) =>
    f.catalog.signals.charge(tx, {
      job: job as never,
      principal,
      dataset,
      grant: grant as GrantId,
      bits,
      shown,
    }),
  );
};

describe("shares of a declared budget", () => {
  test("grants together never hold more than the dataset declares", async () => {
    const name = await datasetIn(f, "published", { budget: { rho: "1", delta: "1e-6", signal_bits: 1000 } });
    const share = (rho: string, signal_bits: number) => outcome(() => give(f, name, { rho, signal_bits }));
    expect(share("0.7", 400)).toBe("ok");
    expect(share("0.30000000000000000001", 1)).toBe("budget_exhausted");
    expect(share("3e-1", 601)).toBe("budget_exhausted");
    expect(share("0.3", 600)).toBe("ok");
    expect(share("0.0000001", 0)).toBe("budget_exhausted");
    expect(outcome(() => give(f, name, { delta: "1.1e-6", signal_bits: 0 }))).toBe("budget_exhausted");
    expect(share("0", 0)).toBe("ok");
  });

  test("a request holds nothing until it is approved, and approval is where it must fit", async () => {
    const name = await datasetIn(f, "published", { budget: { signal_bits: 100 } });
    const ask = () => f.catalog.grants.create(f.researcher, grantInput(f, name, { signal_bits: 80 })).id;
    const [first, second] = [ask(), ask()];
    expect(outcome(() => f.catalog.grants.approve(f.owner, first))).toBe("ok");
    expect(outcome(() => f.catalog.grants.approve(f.owner, second))).toBe("budget_exhausted");
    expect(f.catalog.grants.row(second).state).toBe("requested");
    expect(outcome(() => f.catalog.grants.approve(f.owner, second, { signal_bits: 20 }))).toBe("ok");
  });

  test("what an ended grant spent is never given again; the rest of it is", async () => {
    const name = await datasetIn(f, "published", { budget: { signal_bits: 100 } });
    const { id } = give(f, name, { signal_bits: 100 });
    charge(id, "job_1", 40);
    f.catalog.grants.revoke(f.owner, id);
    expect(outcome(() => give(f, name, { signal_bits: 61 }))).toBe("budget_exhausted");
    expect(outcome(() => give(f, name, { signal_bits: 60 }))).toBe("ok");
  });

  test("under a declared budget no grant is unlimited", async () => {
    const columns = ["id", "age", "city"].map((column) => ({ name: column, grade: 2 as const }));
    const name = await datasetIn(f, "published", { columns, budget: { signal_bits: 100 } });
    expect(outcome(() => give(f, name))).toBe("invalid_input");
    expect(outcome(() => give(f, name, { signal_bits: 100 }))).toBe("ok");
  });

  test("a budget is not lowered below what its grants hold", async () => {
    const name = await datasetIn(f, "published", { budget: { rho: "1", signal_bits: 100 } });
    give(f, name, { rho: "0.5", signal_bits: 50 });
    const lower = (rho: string, signal_bits: number) =>
      outcome(() => f.catalog.datasets.patch(f.owner, name, { budget: { rho, signal_bits } }));
    expect(lower("0.49", 100)).toBe("state_conflict");
    expect(lower("1", 49)).toBe("state_conflict");
    expect(lower("0.5", 50)).toBe("ok");
  });

  test("any order of giving, charging and ending keeps the sum within the budget", async () => {
    const name = await datasetIn(f, "published", { budget: { signal_bits: 1000 } });
    const seed = testSeed();
    const steps = fc.array(
      fc.oneof(
        fc.record({ give: fc.nat(600) }),
        fc.record({ revoke: fc.nat(20) }),
        fc.record({ charge: fc.nat(20), bits: fc.nat(100) }),
      ),
      { minLength: 1, maxLength: 25 },
    );
    const ids: string[] = [];
    let job = 0;
    try {
      fc.assert(
        fc.property(steps, (list) => {
          for (const step of list) {
            if ("give" in step) {
              const before = ids.length;
              outcome(() => ids.push(give(f, name, { signal_bits: step.give }).id));
              if (ids.length === before) continue;
            } else if ("revoke" in step) {
              const id = ids[step.revoke];
              if (id) outcome(() => f.catalog.grants.revoke(f.owner, id));
            } else {
              const id = ids[step.charge];
              const left = id ? f.catalog.signals.left(id)! : 0;
              if (id && f.catalog.grants.row(id).state === "active" && step.bits <= left)
                charge(id, `job_${job++}`, step.bits);
            }
          }
          const held = ids.reduce((sum, id) => {
            const { state, signal_bits } = f.catalog.grants.row(id);
            return sum + (state === "active" ? signal_bits! : signal_bits! - f.catalog.signals.left(id)!);
          }, 0);
          return held <= 1000;
        }),
        { seed, numRuns: 12 },
      );
    } catch (error) {
      throw new Error(`GLOVEBOX_TEST_SEED=${seed}`, { cause: error });
    }
  });
});

describe("signals", () => {
  test("a charge is a row and an entry, lowers what is left, and happens once a job and dataset", async () => {
    const name = await datasetIn(f, "published");
    const { id } = give(f, name, { signal_bits: 20 });
    charge(id, "job_1", 11, ["end", "class", "verdict"]);
    expect(f.catalog.signals.left(id)).toBe(9);
    expect(entriesOf(f, "job_1")).toEqual(["signal.charged"]);
    const size = f.ledger.size();
    expect(() => charge(id, "job_1", 11)).toThrow();
    expect(f.ledger.size()).toBe(size);
    expect(f.catalog.signals.left(id)).toBe(9);
  });

  test("what must show is counted past the allowance, and what is left never falls below zero", async () => {
    const name = await datasetIn(f, "published");
    const { id } = give(f, name, { signal_bits: 5 });
    charge(id, "job_1", 6);
    expect(f.catalog.signals.left(id)).toBe(0);
    expect(f.catalog.datasets.budget(f.owner, name).signal_bits.spent).toBe(6);
  });

  test("a charge is a whole number of bits, never a refund", async () => {
    const name = await datasetIn(f, "published");
    const { id } = give(f, name);
    for (const bits of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(outcome(() => charge(id, "job_1", bits))).toBe("internal");
  });

  test("a charge whose transaction fails was never made", async () => {
    const name = await datasetIn(f, "published");
    const { id, signal_bits_left } = give(f, name);
    expect(() =>
      f.ledger.commit((tx) => {
        const { dataset, principal } = f.catalog.grants.row(id);
        f.catalog.signals.charge(tx, {
          job: "job_1" as never,
          principal,
          dataset,
          grant: id as GrantId,
          bits: 9,
          shown: ["end"],
        });
        throw new Error("later");
      }),
    ).toThrow("later");
    expect(f.catalog.signals.left(id)).toBe(signal_bits_left);
  });
});

describe("the budget as people see it", () => {
  test("owner and auditor see all of it, a grantee its own share, others nothing", async () => {
    const name = await datasetIn(f, "published", { budget: { rho: "2.5", delta: "1e-6", signal_bits: 500 } });
    const mine = give(f, name, { rho: "0.5", delta: "1e-7", signal_bits: 100 });
    const other = give(f, name, { principal: "operator", rho: "1.5", signal_bits: 200 });
    charge(mine.id, "job_1", 11);
    f.clock.advance(1);
    charge(other.id, "job_2", 6);
    for (const actor of [f.owner, f.auditor])
      expect(f.catalog.datasets.budget(actor, name)).toMatchObject({
        scope: "dataset",
        unit: "id",
        rho: { total: "2.5", spent: "0", left: "2.5" },
        delta: { total: "1e-6", spent: "0", left: "1e-6" },
        signal_bits: { total: 500, spent: 17, left: 483 },
        exact_releases: 0,
        charges: [{ job: "job_2" }, { job: "job_1", principal: "researcher", signal_bits: 11 }],
      });
    const own = f.catalog.datasets.budget(f.researcher, name);
    expect(own).toMatchObject({
      scope: "own",
      rho: { total: "0.5" },
      delta: { total: "0.0000001" },
      signal_bits: { total: 100, spent: 11, left: 89 },
      charges: [{ job: "job_1" }],
    });
    expect(JSON.stringify(own)).not.toContain("operator");
    for (const actor of [f.admin, f.otherOwner, f.stranger])
      expect(outcome(() => f.catalog.datasets.budget(actor, name))).toBe("forbidden");
  });

  test("a grant that ended no longer counts to a grantee's share", async () => {
    const name = await datasetIn(f, "published");
    give(f, name, { signal_bits: 10, expires_at: new Date(f.clock.now() + DAY).toISOString() });
    f.clock.advance(DAY);
    f.catalog.grants.expireDue();
    expect(f.catalog.datasets.budget(f.researcher, name).signal_bits).toEqual({
      total: 0,
      spent: 0,
      left: 0,
    });
  });
});

test("decimals add and print exactly", () => {
  const seed = testSeed();
  const decimal = fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.integer({ min: -20, max: 5 }))
    .map(([digits, exponent]) => `${digits}e${exponent}`);
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const sum = addRational(parseDecimal(a, "a"), parseDecimal(b, "b"));
      return compareRational(parseDecimal(formatDecimal(sum), "sum"), sum) === 0;
    }),
    { seed, numRuns: 300, verbose: true },
  );
  expect(formatDecimal(parseDecimal("1e-6", "x"))).toBe("0.000001");
  expect(formatDecimal(parseDecimal("2.50", "x"))).toBe("2.5");
  expect(formatDecimal(parseDecimal("0", "x"))).toBe("0");
});
