/** One owner's same rows under another name share one budget; other data and others' do not. Over the engine itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { overlapOf, SAMPLED, type Sketch } from "../../src/catalog/budgets/sketch.js";
import { createEngine, type DatasetInput, type Engine } from "../../src/catalog/index.js";
import { zcdpCurve } from "../../src/privacy/index.js";
import { packageRoot } from "../../src/store/index.js";
import type { Actor, GrantId } from "../../src/vocabulary/index.js";
import { parseDecimal } from "../../src/vocabulary/index.js";
import { testSeed } from "../harness/seed.js";
import { type CatalogFixture, catalogFixture, entriesOf, give, outcome, put } from "./fixture.js";

const FLCHAIN = join(packageRoot(), "examples", "data", "flchain.csv");
const [header = "", ...lines] = readFileSync(FLCHAIN, "utf8").trimEnd().split(/\r?\n/);
const names = header.replaceAll('"', "").split(",");
const at = (name: string) => names.indexOf(name);
const csv = (head: string, rows: readonly string[]) => `${head}\n${rows.join("\n")}\n`;

let seed = testSeed();
/** In [0, 1), repeatable. */
const random = () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  return seed / 0x80000000;
};

let f: CatalogFixture<Engine>;
beforeAll(() => {
  f = catalogFixture(undefined, createEngine());
});
afterAll(async () => {
  await f.engine.close();
  f.end();
});

/** A published dataset of this content. */
async function dataset(
  name: string,
  content: string,
  more: Partial<DatasetInput> = {},
  owner: Actor = f.owner,
): Promise<string> {
  const budget = { rho: "5", delta: "1e-6" };
  f.catalog.datasets.create(owner, { name, unit_column: "id", budget, auditors: ["auditor"], ...more });
  await put(f, name, content, owner);
  f.catalog.datasets.assess(owner, name);
  f.catalog.datasets.publish(owner, name);
  return name;
}
const shared = (name: string, owner: Actor = f.owner) => f.catalog.datasets.budget(owner, name).shared_with;
const rho = (name: string, owner: Actor = f.owner) => f.catalog.datasets.budget(owner, name).rho;

async function ask(name: string, cost: string, what: string): Promise<string> {
  const grant = give(f, name, { rho: "1", delta: "1e-7", signal_bits: 0 });
  const row = f.catalog.datasets.row(name);
  const request = {
    principal: f.researcher.id,
    kind: "query" as const,
    on: [{ dataset: row.id, version: row.current_version!, grant: grant.id as GrantId }],
    request: { what },
    cost: zcdpCurve(parseDecimal(cost, "rho")),
    mechanism: {},
  };
  await f.catalog.charges.prepare(request);
  const made = outcome(() => f.ledger.commit((tx) => f.catalog.charges.charge(tx, request)));
  f.catalog.grants.revoke(f.owner, grant.id);
  return made;
}

describe("flchain under another name", () => {
  beforeAll(async () => {
    await dataset("flchain", csv(header, lines), { budget: { rho: "1", delta: "1e-6" } });
    expect(await ask("flchain", "0.8", "first")).toBe("ok");
  });

  test("shares its budget: what was spent counts there, and neither's budget is exceeded by both", async () => {
    await dataset("copy", csv(header, lines));
    expect(shared("copy")).toEqual(["flchain"]);
    expect(shared("flchain")).toEqual(["copy"]);
    expect(rho("copy")).toEqual({ total: "5", spent: "0.8", left: "4.2" });
    expect(await ask("copy", "0.3", "more than flchain has")).toBe("budget_exhausted");
    expect(await ask("copy", "0.1", "what flchain has")).toBe("ok");
    expect(rho("flchain")).toEqual({ total: "1", spent: "0.9", left: "0.1" });
    const { id } = f.catalog.datasets.row("copy");
    expect(entriesOf(f, id).filter((kind) => kind === "budget.shared")).toHaveLength(1);
  });

  test("in another order, with a column less, renamed columns and a tenth of the people: still", async () => {
    const few = lines.filter(() => random() < 0.1).reverse();
    const kept = few.map((line) => {
      const cells = line.split(",");
      return [cells[at("futime")], cells[at("id")], cells[at("kappa")]].join(",");
    });
    await dataset("tenth", csv("a,id,b", kept));
    expect(shared("tenth").sort()).toEqual(["copy", "flchain"]);
    expect(rho("tenth").spent).toBe("0.9");
  });

  test("each row declared a unit of its own: still", async () => {
    await dataset("rows", csv(header, lines.slice(0, 3000)), { unit_column: null });
    expect(shared("rows")).toContain("flchain");
  });

  test("new rows under the old name stay with what was shared", async () => {
    const fresh = lines.map((line, i) => [`new${i}`, ...line.split(",").slice(1)].join(","));
    await put(f, "copy", csv(header, fresh.slice(0, 50)));
    expect(shared("copy")).toContain("flchain");
    expect(rho("copy").spent).toBe("0.9");
  });
});

describe("flchain of another owner", () => {
  beforeAll(async () => {
    await dataset("theirs", csv(header, lines), {}, f.otherOwner);
  });

  test("is another budget: nothing is compared, shared or written", () => {
    expect(shared("theirs", f.otherOwner)).toEqual([]);
    expect(rho("theirs", f.otherOwner).spent).toBe("0");
    expect(shared("flchain")).not.toContain("theirs");
    expect(rho("flchain").spent).toBe("0.9");
    const { id } = f.catalog.datasets.row("theirs");
    expect(entriesOf(f, id)).not.toContain("budget.shared");
  });

  test("shares with that owner's own", async () => {
    await dataset("theirs-too", csv(header, lines.slice(0, 900)), {}, f.otherOwner);
    expect(shared("theirs-too", f.otherOwner)).toEqual(["theirs"]);
    expect(shared("theirs", f.otherOwner)).toEqual(["theirs-too"]);
  });

  test("stays another budget where the two are written down as one", async () => {
    const pool =
      "INSERT INTO budget_pools (dataset, pool, at) SELECT ?, pool, at FROM budget_pools WHERE dataset = ?";
    const drop = f.store.db.prepare("DELETE FROM budget_pools WHERE dataset = ?");
    const [mine, theirs] = ["flchain", "theirs"].map((name) => f.catalog.datasets.row(name).id);
    drop.run(theirs);
    f.store.db.prepare(pool).run(theirs, mine);
    expect(shared("theirs", f.otherOwner)).toEqual([]);
    expect(shared("flchain")).not.toContain("theirs");
    expect(await ask("copy", "0.05", "one more")).toBe("ok");
    expect(rho("theirs", f.otherOwner).spent).toBe("0");
    expect(rho("flchain").spent).toBe("0.95");
  });
});

describe("other data", () => {
  test("with the same unit ids and values of its own have a budget of their own", async () => {
    const other = lines.map(
      (line) => `${line.split(",")[at("id")]},${Math.floor(random() * 90)},${random() < 0.5}`,
    );
    await dataset("other", csv("id,score,flag", other));
    expect(shared("other")).toEqual([]);
    expect(rho("other").spent).toBe("0");
  });

  test("with rows that are too poor to tell have a budget of their own", async () => {
    const poor = () => Array.from({ length: 500 }, () => `${random() < 0.5},${Math.floor(random() * 4)}`);
    await dataset("poor", csv("a,b", poor()), { unit_column: null });
    await dataset("also-poor", csv("a,b", poor()), { unit_column: null });
    expect(shared("also-poor")).toEqual([]);
  });
});

describe("sketches", () => {
  const hashes = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) =>
      ((((from + i) * 2_654_435_761) >>> 0) + 0x1_0000_0000).toString(16).slice(1),
    );
  const of = (list: string[]): Sketch => ({
    format: 1,
    rows: [...list]
      .sort()
      .slice(0, SAMPLED)
      .map((h) => [h, 1]),
  });

  test("of large datasets tell the share of the smaller one that is in the larger", () => {
    const large = of(hashes(0, 400_000));
    for (const [from, to, share] of [
      [0, 100_000, 1],
      [390_000, 410_000, 0.5],
    ] as const) {
      const overlap = overlapOf(of(hashes(from, to)), large);
      expect(overlap?.share).toBeGreaterThan(share - 0.25);
      expect(overlap?.share).toBeLessThanOrEqual(Math.min(1, share + 0.25));
    }
    expect(overlapOf(of(hashes(500_000, 600_000)), large)).toBeUndefined();
  });
});
