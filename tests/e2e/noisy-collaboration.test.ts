/**
 * Two domains whose results have noise: what each pays for it, what they find, and that a budget that is used up ends its
 * domain's part.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import { verifyRelease } from "../../src/federated/verifier.js";
import { auditLedger } from "../../src/ledger/index.js";
import { openKeys, openStore } from "../../src/store/index.js";
import { Terminal } from "../cli/fixture.js";
import {
  bundleOf,
  collaborate,
  type Domain,
  domainAt,
  FLCHAIN_ROWS,
  fieldOf,
  type Json,
  letTablesOut,
  partsAt,
  roundOver,
  startDomain,
  until,
} from "../harness/index.js";

const terminal = (of: Domain): Terminal =>
  new Terminal({ GLOVEBOX_URL: of.node.url, GLOVEBOX_TOKEN: of.operator.token });

const PRIVACY = { rows_per_unit: 1, epsilon: "2", delta: "1e-6", rho: "0.9" };
const TERMS = { epsilon: "2", delta: "1e-6" };

const ask = (of: Domain, id: string, statistic: Json, privacy: Json = TERMS) =>
  of.operator.http("POST", `/api/v1/collaborations/${id}/rounds`, { body: { statistic, privacy } });

/** What a domain was charged for a collaboration, from its own database. */
function charged(of: Domain): { round: number; attempt: number; charge: string; state: string }[] {
  const db = new Database(`${of.node.dataDir}/glovebox.db`, { readonly: true });
  try {
    return db
      .prepare(
        "SELECT round, attempt, charge, state FROM round_charges JOIN charges ON charges.id = charge ORDER BY round, attempt",
      )
      .all() as never;
  } finally {
    db.close();
  }
}

describe("two domains with noise", () => {
  let coordinator: Domain;
  let domains: [Domain, Domain];
  let id: string;
  beforeAll(async () => {
    const parts = partsAt([0, 4_000, FLCHAIN_ROWS.length]);
    coordinator = await startDomain("coordinator");
    domains = (await Promise.all(
      ["bureau", "hospital"].map((name, i) => startDomain(name, parts[i])),
    )) as typeof domains;
    // The hospital's share is for two rounds, the bureau's for all that the spec allows.
    const granted = { bureau: { rho: "1" }, hospital: { rho: "0.2" } };
    ({ id } = await collaborate(coordinator, domains, { privacy: PRIVACY }, granted));
    await letTablesOut(domains[0].owner, "records");
  }, 120_000);
  afterAll(async () => {
    await Promise.all([coordinator, ...(domains ?? [])].map((d) => d?.node.destroy()));
  });

  test("a table of both has noise of the size that it says, and each domain is charged once", async () => {
    const [bureau, hospital] = domains;
    const told = await terminal(bureau).must(
      ...["collab", "stat", id, "--rows", "sex", "--values", "age", "--agg", "count", "mean"],
      ...["--epsilon", "2", "--wait"],
    );
    expect(told).toMatchObject({ state: "done", verdict: "pass", privacy: TERMS });
    expect(told.charges).toHaveLength(1);
    expect(verifyRelease(await bundleOf(bureau, told.job)).problems).toEqual([]);
    const [header, ...lines] = told.result.trimEnd().split("\n");
    expect(header).toBe("sex,count age,count age (s.e.),mean age,mean age (s.e.)");
    for (const line of lines) {
      const [sex, count, countError, mean, meanError] = line.split(",");
      const ages = FLCHAIN_ROWS.filter((r) => fieldOf(r, "sex") === sex).map((r) =>
        Number(fieldOf(r, "age")),
      );
      const exact = ages.reduce((a, b) => a + b, 0) / ages.length;
      // Eight standard errors: once in 10^15.
      expect(Math.abs(Number(count) - ages.length)).toBeLessThan(8 * Number(countError));
      expect(Math.abs(Number(mean) - exact)).toBeLessThan(8 * Number(meanError));
      expect(Number(countError)).toBeGreaterThan(1);
    }
    for (const domain of [bureau, hospital]) {
      expect(charged(domain)).toEqual([
        { round: 1, attempt: 1, charge: expect.any(String), state: "answered" },
      ]);
      const view = await domain.operator.must("GET", `/api/v1/collaborations/${id}`);
      expect([view.noise.charges, Number(view.noise.spent_rho) > 0]).toEqual([1, true]);
    }
    const shown = await terminal(bureau).run("collab", "show", id);
    expect(shown.stdout).toContain("budget ρ");
  });

  test("each owner sees the charge in its own dataset's budget, paid by the grant that names the spec", async () => {
    for (const domain of domains) {
      const budget = await domain.owner.must("GET", "/api/v1/datasets/records/budget");
      // One result was released at the bureau: with noise, so it is none of the exact ones.
      expect(budget.exact_releases).toBe(0);
      const charges = budget.charges.filter((c: Json) => c.kind !== "signals");
      const { spent_rho } = (await domain.operator.must("GET", `/api/v1/collaborations/${id}`)).noise;
      expect(charges).toEqual([
        expect.objectContaining({ kind: "aggregate", state: "answered", principal: domain.operator.name }),
      ]);
      expect(Math.abs(Number(charges[0].rho) - Number(spent_rho))).toBeLessThan(1e-9);
    }
  });

  test("without a word of what it may cost, or beyond the spec's, nothing is opened", async () => {
    const [bureau] = domains;
    const table = { kind: "table", rows: ["sex"] };
    const bare = await bureau.operator.http("POST", `/api/v1/collaborations/${id}/rounds`, {
      body: { statistic: table },
    });
    expect([bare.status, bare.json.code]).toEqual([422, "invalid_input"]);
    expect((await ask(bureau, id, table, { ...TERMS, epsilon: "2.1" })).json.code).toBe("invalid_input");
    expect(
      (await ask(bureau, id, { kind: "regression", family: "logit", formula: "death ~ age" })).status,
    ).toBe(422);
    expect(charged(bureau)).toHaveLength(1);
  });

  test("killed after it said its numbers, a domain says the same again, and has paid once", async () => {
    const [bureau, hospital] = domains;
    const opened = await ask(bureau, id, { kind: "table", rows: ["sex"] });
    expect(opened.status).toBe(202);
    await until(() => charged(hospital).length === 2, "the hospital has paid");
    await hospital.node.kill9();
    domains[1] = domainAt(hospital, await hospital.node.restart());
    const over = await roundOver(bureau.operator, id, opened.json.round);
    expect(over.state).toBe("done");
    for (const domain of domains) expect(charged(domain).map((c) => c.round)).toEqual([1, 2]);
  });

  test("a domain whose budget does not suffice refuses with that word, and is charged nothing", async () => {
    const [bureau, hospital] = domains;
    const mean = { kind: "table", rows: ["sex"], values: ["age"], agg: ["mean"] };
    const opened = await ask(bureau, id, mean);
    expect(opened.json).toMatchObject({ state: "running" });
    const { round } = opened.json;
    const over = await roundOver(bureau.operator, id, round);
    expect(over).toMatchObject({ state: "refused", refused_by: "hospital", reason: "budget" });
    expect(charged(hospital).map((c) => c.round)).toEqual([1, 2]);
    // Nobody said its numbers: the other was charged nothing either.
    expect(charged(bureau).map((c) => c.round)).toEqual([1, 2]);
  });

  test("each ledger audits, with a charge beside each contribution", async () => {
    for (const domain of domains) {
      await domain.node.stop();
      const store = openStore(domain.node.dataDir, { readonly: true });
      const count = (kind: string) =>
        store.db.prepare("SELECT count(*) FROM ledger_leaves WHERE kind = ?").pluck().get(kind);
      expect([count("charge.made"), count("charge.answered"), count("round.contributed")]).toEqual([2, 2, 2]);
      expect(auditLedger(store, openKeys(domain.node.dataDir), []).problems).toEqual([]);
      store.close();
    }
  });
});
