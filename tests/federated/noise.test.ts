/** What a domain pays for its share of noise: each attempt once, within what the spec and the grant allow. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { fromText } from "../../src/catalog/budgets/amounts.js";
import { collaborationRow, insertCollaboration } from "../../src/federated/collaborations/rows.js";
import {
  type CollaborationSpec,
  specSha256,
  spokenColumns,
} from "../../src/federated/collaborations/spec.js";
import {
  chargesOfRound,
  noiseAccount,
  type Paying,
  paidFor,
  pay,
  requireBudget,
  saltOf,
  withShare,
} from "../../src/federated/member/noise.js";
import { sharedStatistic } from "../../src/federated/statistic/shared.js";
import { claimFromWritten, writtenClaim } from "../../src/privacy/index.js";
import { newId } from "../../src/vocabulary/index.js";
import {
  type CatalogFixture,
  catalogFixture,
  datasetIn,
  give,
  outcome,
  outcomeOf,
} from "../catalog/fixture.js";

const T = (1n << 45n) - 229_375n;
const KEYS = ["a", "b"].map((c) => `${c.repeat(43)}=`);

/** A domain that takes part; a round at ε = 1 and δ = 10^−6 costs some ρ = 0.0244. */
async function member(f: CatalogFixture, limits: { spec: string; grant: string; dataset: string }) {
  const name = await datasetIn(f, "published", { budget: { rho: limits.dataset, delta: "1e-6" } });
  const spec: CollaborationSpec = {
    version: 1,
    name: "cities",
    purpose: "how many live where",
    coordinator: KEYS[0]!,
    participants: KEYS.map((key, i) => ({ name: `d${i}`, key })),
    recipients: ["d0"],
    columns: [{ name: "city", type: "text", categories: ["Wuhan", "Chengdu"] }],
    max_rows: 1_000,
    threshold: 10,
    max_rounds: 100,
    expires_at: "2100-01-01T00:00:00Z",
    privacy: { rows_per_unit: 1, epsilon: "1", delta: "1e-6", rho: limits.spec },
  };
  const hash = specSha256(spec);
  const grant = give(f, name, {
    principal: "operator",
    access: "query",
    job_kinds: ["aggregate"],
    constraints: { collaboration: hash },
    rho: limits.grant,
  });
  const id = newId("collaboration", f.clock.now());
  const { id: dataset } = f.catalog.datasets.row(name);
  f.ledger.commit((tx) => {
    insertCollaboration(tx, {
      ...{ id, spec, spec_sha256: hash, url: null, state: "active", operator: f.operator.id, dataset },
      ...{ grant_id: grant.id, created_at: tx.now, rev: 1 },
    });
    tx.entry({ kind: "collaboration.joined", actor: f.operator.id, subject: id, data: {} });
  });
  const written = writtenClaim.parse({ kind: "table", rows: ["city"] });
  const { statistic } = claimFromWritten(written, "cities", spokenColumns(spec), "statistic");
  const shared = sharedStatistic(spec, { statistic, privacy: { epsilon: "1", delta: "1e-6" } }, T);
  const row = collaborationRow(f.store.db, id);
  const contributor = {
    ...{ catalog: f.catalog, row, operator: f.operator, now: f.clock.now() },
    salt: saltOf(f.keys.sealer, id),
  };
  const paying = (round: number, attempt = 1): Paying => ({
    ...{ contributor, noise: shared.noise! },
    view: { round, attempt, question: "0".repeat(64) },
  });
  const commit = (round: number, attempt = 1): string =>
    outcome(() => f.ledger.commit((tx) => pay(tx, paying(round, attempt), "c".repeat(64))));
  return { id, row, dataset, grant: grant.id, shared, paying, commit };
}

describe("paying for noise", () => {
  let f: CatalogFixture;
  beforeEach(() => {
    f = catalogFixture();
  });
  afterEach(() => f.end());

  const AMPLE = { spec: "10", grant: "10", dataset: "10" };
  const spent = (scope: string): bigint => {
    const kept = f.store.db.prepare("SELECT curve, delta FROM spendings WHERE scope = ?").get(scope);
    return kept === undefined ? 0n : fromText(kept as { curve: string; delta: string }).values[0]!;
  };

  test("each attempt is charged once to the dataset and the grant, and a further attempt anew", async () => {
    const { id, row, dataset, grant, shared, paying, commit } = await member(f, AMPLE);
    await requireBudget(f.store.db, paying(1));
    expect(spent(dataset)).toBe(0n);
    expect([commit(1), commit(1, 2), commit(2)]).toEqual(["ok", "ok", "ok"]);
    const once = shared.noise!.cost.values[0]!;
    expect([spent(dataset), spent(grant)]).toEqual([3n * once, 3n * once]);
    expect(chargesOfRound(f.store.db, id, 1)).toHaveLength(2);
    expect(noiseAccount(f.store.db, row)).toMatchObject({ charges: 3 });
    expect(paidFor(f.store.db, id, { round: 1, attempt: 2 })).toEqual({
      charge: chargesOfRound(f.store.db, id, 1)[1],
      rho: expect.stringMatching(/^0\.02/),
    });
  });

  test("a second charge for one attempt ends the commit that asks for it, with all that was in it", async () => {
    const { id, dataset, paying, commit } = await member(f, AMPLE);
    await requireBudget(f.store.db, paying(1));
    expect(commit(1)).toBe("ok");
    const before = [spent(dataset), f.ledger.size()];
    expect(() => commit(1)).toThrow(/UNIQUE/);
    expect([spent(dataset), f.ledger.size()]).toEqual(before);
    expect(chargesOfRound(f.store.db, id, 1)).toHaveLength(1);
  });

  test.each([
    ["the spec's", { ...AMPLE, spec: "0.05" }],
    ["the grant's share", { ...AMPLE, grant: "0.05" }],
  ])("a third round that %s ρ does not cover is refused before and within the commit", async (_, limits) => {
    const { dataset, paying, commit } = await member(f, limits);
    await requireBudget(f.store.db, paying(1));
    expect([commit(1), commit(2)]).toEqual(["ok", "ok"]);
    const before = [spent(dataset), f.ledger.size()];
    expect(await outcomeOf(requireBudget(f.store.db, paying(3)))).toBe("budget_exhausted");
    expect(commit(3)).toBe("budget_exhausted");
    expect([spent(dataset), f.ledger.size()]).toEqual(before);
  });

  test("a grant without a share, or revoked, pays nothing", async () => {
    const { grant, paying, commit } = await member(f, AMPLE);
    await requireBudget(f.store.db, paying(1));
    f.catalog.grants.revoke(f.owner, grant);
    expect(await outcomeOf(requireBudget(f.store.db, paying(1)))).toBe("no_grant");
    expect(commit(1)).toBe("no_grant");
  });

  test("noise is drawn anew each time, and exact numbers have none", async () => {
    const { shared } = await member(f, AMPLE);
    const wide = { ...shared, noise: { ...shared.noise!, variances: [1n << 80n, 1n << 80n] } };
    const [one, other] = [withShare(wide, [0n, 0n]), withShare(wide, [0n, 0n])];
    // Of a standard deviation of 2^40, so that equal draws are no matter of luck.
    expect(new Set([...one, ...other]).size).toBe(4);
    const { noise: _, ...exact } = shared;
    expect(withShare(exact, [3n, 4n])).toEqual([3n, 4n]);
  });

  test("the salt is the collaboration's own, and the same after a restart", async () => {
    expect(saltOf(f.keys.sealer, "clb_1")).toBe(saltOf(f.keys.sealer, "clb_1"));
    expect(saltOf(f.keys.sealer, "clb_1")).not.toBe(saltOf(f.keys.sealer, "clb_2"));
  });
});
