import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { DATASET_CHANGES, DATASET_SIGHT, DATASET_TRANSITIONS } from "../../src/catalog/index.js";
import type { Actor } from "../../src/vocabulary/index.js";
import {
  type CatalogFixture,
  catalogFixture,
  datasetIn,
  entriesOf,
  give,
  outcome,
  put,
  STATES,
} from "./fixture.js";

let f: CatalogFixture;
beforeEach(() => {
  f = catalogFixture();
});
afterEach(() => f.end());

const ACTIONS = ["assess", "publish", "suspend", "retire"] as const;
const act = (actor: Actor, name: string, action: (typeof ACTIONS)[number]) =>
  f.catalog.datasets[action](actor, name);

describe("states", () => {
  test("every state is reachable from draft, and retired is final", () => {
    const reached = new Set(["draft"]);
    for (let size = 0; size !== reached.size; ) {
      size = reached.size;
      for (const t of DATASET_TRANSITIONS) if (reached.has(t.from)) reached.add(t.to);
    }
    expect([...reached].sort()).toEqual([...STATES].sort());
    expect(DATASET_TRANSITIONS.filter((t) => t.from === "retired")).toEqual([]);
  });

  for (const state of STATES)
    for (const action of ACTIONS)
      test(`${action} of a dataset that is ${state}, by each role`, async () => {
        const name = await datasetIn(f, state);
        const sees = DATASET_SIGHT[state];
        for (const actor of [f.admin, f.otherOwner, f.researcher, f.operator, f.stranger])
          expect([actor.name, outcome(() => act(actor, name, action))]).toEqual([
            actor.name,
            sees.other === "nothing" ? "not_found" : "forbidden",
          ]);
        expect(outcome(() => act(f.auditor, name, action))).toBe(
          sees.auditor === "nothing" ? "not_found" : "forbidden",
        );
        const row = DATASET_TRANSITIONS.find((t) => t.from === state && t.action === action);
        expect(outcome(() => act(f.owner, name, action))).toBe(row ? "ok" : "state_conflict");
        const dataset = f.catalog.datasets.row(name);
        expect(dataset.state).toBe(row ? row.to : state);
        if (row) expect(entriesOf(f, dataset.id).at(-1)).toBe(row.entry);
      });

  test("suspending and retiring tell the other rooms in the same transaction", async () => {
    const heard: string[] = [];
    f.ledger.on("dataset.suspended", (tx, e) => heard.push(`${e.type} ${tx.db.inTransaction}`));
    f.ledger.on("dataset.retired", (tx, e) => heard.push(`${e.type} ${tx.db.inTransaction}`));
    const name = await datasetIn(f, "published");
    f.catalog.datasets.suspend(f.owner, name);
    f.catalog.datasets.retire(f.owner, name);
    expect(heard).toEqual(["dataset.suspended true", "dataset.retired true"]);
  });

  test("a change made on an old revision changes nothing", async () => {
    const name = await datasetIn(f, "published");
    const { rev } = f.catalog.datasets.get(f.owner, name);
    expect(outcome(() => f.catalog.datasets.suspend(f.owner, name, rev - 1))).toBe("stale");
    expect(outcome(() => f.catalog.datasets.patch(f.owner, name, { title: "x" }, rev - 1))).toBe("stale");
    expect(f.catalog.datasets.row(name)).toMatchObject({ state: "published", rev, title: null });
    expect(f.catalog.datasets.suspend(f.owner, name, rev).rev).toBe(rev + 1);
  });
});

describe("publishing needs all three in step", () => {
  test("without content there is nothing to assess, and nothing to publish", () => {
    f.catalog.datasets.create(f.owner, { name: "d", unit_column: "id" });
    expect(outcome(() => f.catalog.datasets.assess(f.owner, "d"))).toBe("state_conflict");
    expect(outcome(() => f.catalog.datasets.publish(f.owner, "d"))).toBe("state_conflict");
  });

  test("without a unit the entry is not complete; that each row is one must be said", async () => {
    f.catalog.datasets.create(f.owner, { name: "d" });
    await put(f, "d");
    f.catalog.datasets.assess(f.owner, "d");
    expect(() => f.catalog.datasets.publish(f.owner, "d")).toThrow(/a unit/);
    f.catalog.datasets.patch(f.owner, "d", { unit_column: null });
    expect(() => f.catalog.datasets.publish(f.owner, "d")).toThrow(/assess it again/);
    f.catalog.datasets.assess(f.owner, "d");
    expect(f.catalog.datasets.publish(f.owner, "d")).toMatchObject({ state: "published", unit_column: null });
  });

  test("an entry that changed after its assessment must be assessed again", async () => {
    const name = await datasetIn(f, "assessed");
    f.catalog.datasets.patch(f.owner, name, { columns: [{ name: "age", grade: 4, categories: ["61"] }] });
    expect(f.catalog.datasets.get(f.owner, name).assessment?.current).toBe(false);
    expect(outcome(() => f.catalog.datasets.publish(f.owner, name))).toBe("state_conflict");
    f.catalog.datasets.assess(f.owner, name);
    expect(f.catalog.datasets.publish(f.owner, name)).toMatchObject({ state: "published", grade: 4 });
  });

  test("new content with other columns needs another assessment before publication", async () => {
    const name = await datasetIn(f, "assessed");
    await put(f, name, "id,age,city,income\na1,61,Wuhan,9\n");
    expect(outcome(() => f.catalog.datasets.publish(f.owner, name))).toBe("state_conflict");
  });
});

describe("assessment", () => {
  test("proposes classes and grades, says why, and `{}` accepts", async () => {
    f.catalog.datasets.create(f.owner, {
      name: "d",
      unit_column: "id",
      columns: [{ name: "kappa", class: "sensitive", grade: 2 }],
    });
    await put(f, "d", "id,age,kappa,手机号,note\n1,2,3,4,5\n");
    const view = f.catalog.datasets.assess(f.owner, "d", {});
    const by = Object.fromEntries(view.assessment!.columns.map((c) => [c.name, c]));
    expect(by.id).toMatchObject({ class: "identifier", because: "it names the unit" });
    expect(by.age).toMatchObject({ class: "quasi-identifier", grade: 3 });
    expect(by.kappa).toMatchObject({ class: "sensitive", grade: 2, because: "declared by the owner" });
    expect(by.手机号).toMatchObject({ class: "identifier", grade: 3 });
    expect(by.note).toMatchObject({ class: "plain", grade: 3 });
    expect(view).toMatchObject({
      grade: 3,
      state: "assessed",
      assessment: { accepted_by: "owner", current: true },
    });
    expect(view.assessment!.risks.map((r) => r.risk)).toContain("identifiers");
  });

  test("the owner decides otherwise with reasons, which are kept; the grade is the highest column's", async () => {
    const name = await datasetIn(f, "draft");
    const view = f.catalog.datasets.assess(f.owner, name, {
      columns: [{ name: "city", grade: 5, class: "sensitive", reason: "three villages only" }],
    });
    expect(view.grade).toBe(5);
    expect(view.assessment!.columns.find((c) => c.name === "city")).toMatchObject({
      class: "sensitive",
      proposed_class: "quasi-identifier",
      reason: "three villages only",
    });
  });

  test("the unit column stays an identifier, unknown columns are named, and open is for public data", async () => {
    const name = await datasetIn(f, "draft");
    const assess = (input: Parameters<typeof f.catalog.datasets.assess>[2]) =>
      outcome(() => f.catalog.datasets.assess(f.owner, name, input));
    expect(assess({ columns: [{ name: "id", class: "plain", reason: "why not" }] })).toBe("invalid_input");
    expect(assess({ columns: [{ name: "income", grade: 1, reason: "none" }] })).toBe("invalid_input");
    expect(assess({ open_type: "open", reason: "law" })).toBe("invalid_input");
    expect(assess({ open_type: "closed" })).toBe("invalid_input");
    expect(assess({ open_type: "closed", reason: "by decree" })).toBe("ok");
    const all = ["id", "age", "city"].map((n) => ({
      name: n,
      grade: 1 as const,
      reason: "published anyway",
    }));
    expect(assess({ open_type: "open", reason: "law", columns: all })).toBe("ok");
    expect(f.catalog.datasets.row(name)).toMatchObject({ open_type: "open", grade: 1 });
  });
});

describe("what the owner may change when", () => {
  for (const state of STATES)
    test(`in ${state}`, async () => {
      const name = await datasetIn(f, state);
      const expected = DATASET_CHANGES[state];
      const said = (ok: boolean) => (ok ? "ok" : "state_conflict");
      expect(outcome(() => f.catalog.datasets.patch(f.owner, name, { title: "T" }))).toBe(
        said(expected.words),
      );
      expect(
        outcome(() => f.catalog.datasets.patch(f.owner, name, { columns: [{ name: "age", unit: "year" }] })),
      ).toBe(said(expected.shape));
    });

  test("the unit is fixed once there is content", async () => {
    const name = await datasetIn(f, "draft");
    for (const patch of [{ unit_column: "age" }, { unit_column: null }, { max_rows_per_unit: 2 }])
      expect(outcome(() => f.catalog.datasets.patch(f.owner, name, patch))).toBe("state_conflict");
  });

  test("a column may be declared ahead of the content that has it, but not assessed", async () => {
    const name = await datasetIn(f, "draft");
    f.catalog.datasets.patch(f.owner, name, { columns: [{ name: "income", grade: 4 }] });
    expect(() => f.catalog.datasets.assess(f.owner, name)).toThrow(/not in the content: income/);
    await put(f, name, "id,age,city,income\na1,61,Wuhan,9\n");
    expect(f.catalog.datasets.assess(f.owner, name).grade).toBe(4);
  });

  test("a declaration is withdrawn by name", async () => {
    const name = await datasetIn(f, "draft");
    f.catalog.datasets.patch(f.owner, name, { columns: [{ name: "income" }] });
    f.catalog.datasets.patch(f.owner, name, { undeclare: ["income"] });
    expect(f.catalog.datasets.row(name).declared_columns).toEqual([]);
    expect(outcome(() => f.catalog.datasets.assess(f.owner, name))).toBe("ok");
  });

  test("a mask is refused, and the refusal says so", () => {
    const columns = [{ name: "id", mask: { method: "hash" } as never }];
    expect(() => f.catalog.datasets.create(f.owner, { name: "d", columns })).toThrow(/masks are not offered/);
  });

  test("bad input is named by its place and never by its value", () => {
    try {
      f.catalog.datasets.create(f.owner, {
        name: "d",
        columns: [{ name: "a", bounds: ["CANARY-1", "CANARY-2"], class: "CANARY-3" as never }],
      });
      throw new Error("accepted");
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain("CANARY");
      expect(String(error)).not.toContain("CANARY");
      expect((error as { params: { errors: { path: string }[] } }).params.errors.map((e) => e.path)).toEqual(
        expect.arrayContaining(["columns.0.class", "columns.0.bounds.0"]),
      );
    }
  });
});

describe("auditors", () => {
  test("are named by the owner, exist, hold the role, and are not the owner", () => {
    f.catalog.principals.add(f.admin, { name: "both", roles: ["owner", "auditor"] });
    const both = f.catalog.principals.resolve("both");
    const named = (actor: Actor, auditors: string[]) =>
      outcome(() => f.catalog.datasets.create(actor, { name: `d${f.ledger.size()}`, auditors }));
    expect(named(f.owner, ["auditor"])).toBe("ok");
    expect(named(f.owner, [f.auditor.id])).toBe("ok");
    expect(named(f.owner, ["nobody"])).toBe("invalid_input");
    expect(named(f.owner, ["researcher"])).toBe("invalid_input");
    expect(named(f.owner, ["admin"])).toBe("invalid_input");
    expect(named(both, ["both"])).toBe("invalid_input");
    f.catalog.principals.revoke(f.admin, "stranger");
    expect(named(f.owner, ["stranger"])).toBe("invalid_input");
  });

  test("a new list replaces the old one", async () => {
    const name = await datasetIn(f, "published");
    const { id } = f.catalog.datasets.row(name);
    f.catalog.datasets.patch(f.owner, name, { auditors: ["stranger"] });
    expect(f.catalog.datasets.auditors(id)).toEqual([f.stranger.id]);
    expect(f.catalog.datasets.get(f.auditor, name).versions).toBeUndefined();
    expect(f.catalog.datasets.get(f.stranger, name).versions).toHaveLength(1);
  });
});

describe("names", () => {
  test("an owner creates, a name is taken once in any case, and no name is an id or a path", () => {
    for (const actor of [f.admin, f.researcher, f.operator, f.auditor])
      expect(outcome(() => f.catalog.datasets.create(actor, { name: "d" }))).toBe("forbidden");
    expect(outcome(() => f.catalog.datasets.create(f.owner, { name: "居民健康" }))).toBe("ok");
    expect(outcome(() => f.catalog.datasets.create(f.otherOwner, { name: "居民健康" }))).toBe(
      "state_conflict",
    );
    expect(outcome(() => f.catalog.datasets.create(f.owner, { name: "Flchain" }))).toBe("ok");
    expect(outcome(() => f.catalog.datasets.create(f.owner, { name: "flchain" }))).toBe("state_conflict");
    for (const name of ["..", ".hidden", "a/b", "a b", "dst_x", "x".repeat(65), "𠀀".repeat(60), "a\u0000"])
      expect([name, outcome(() => f.catalog.datasets.create(f.owner, { name }))]).toEqual([
        name,
        "invalid_input",
      ]);
  });
});

describe("who sees what", () => {
  const actors = () => [f.admin, f.otherOwner, f.researcher, f.operator, f.stranger, f.auditor, f.owner];

  for (const state of STATES)
    test(`of a dataset that is ${state}: get and list agree with the table`, async () => {
      const name = await datasetIn(f, state);
      for (const actor of actors()) {
        const relation = actor === f.owner ? "owner" : actor === f.auditor ? "auditor" : "other";
        const sight = DATASET_SIGHT[state][relation];
        expect([actor.name, outcome(() => f.catalog.datasets.get(actor, name))]).toEqual([
          actor.name,
          sight === "nothing" ? "not_found" : "ok",
        ]);
        const listed = f.catalog.datasets.list(actor).items.map((d) => d.name);
        expect([actor.name, listed.includes(name)]).toEqual([actor.name, sight !== "nothing"]);
        if (sight === "nothing") continue;
        const view = f.catalog.datasets.get(actor, name);
        const inside: unknown[] = [view.versions, view.auditors, view.current_version, view.budget];
        if (state !== "draft") inside.push(view.assessment);
        for (const part of inside) expect(part === undefined).toBe(sight === "public");
      }
    });

  test("a grantee still finds a retired dataset, and one who only asked does not", async () => {
    const name = await datasetIn(f, "published");
    give(f, name);
    f.catalog.grants.create(f.operator, {
      dataset: name,
      purpose: "asked only",
      access: "sandbox",
      expires_at: "2026-12-24T00:00:00Z",
    });
    f.catalog.datasets.suspend(f.owner, name);
    f.catalog.datasets.retire(f.owner, name);
    expect(outcome(() => f.catalog.datasets.get(f.researcher, name))).toBe("ok");
    expect(f.catalog.datasets.list(f.researcher).items).toHaveLength(1);
    expect(outcome(() => f.catalog.datasets.get(f.operator, name))).toBe("not_found");
    expect(f.catalog.datasets.list(f.operator).items).toHaveLength(0);
  });

  test("an unknown name and a draft's name answer alike, to the letter", async () => {
    const name = await datasetIn(f, "draft");
    const answer = (wanted: string) => {
      try {
        f.catalog.datasets.get(f.researcher, wanted);
      } catch (error) {
        return JSON.stringify([String(error), (error as { params: unknown }).params]);
      }
      return "seen";
    };
    expect(answer(name)).toBe(answer("never-registered"));
  });

  test("the public metadata holds no count, hash or version", async () => {
    const name = await datasetIn(f, "published");
    const { sha256 } = f.catalog.datasets.get(f.owner, name).versions![0]!;
    const shown = JSON.stringify(f.catalog.datasets.get(f.researcher, name));
    for (const hidden of [sha256, "ver_", '"rows"', '"units"', "a1", "Wuhan", f.auditor.id])
      expect(shown).not.toContain(hidden);
    expect(shown).toContain('"quasi-identifier"');
  });

  test("the twin goes to whoever may see the dataset, with the declared number of rows", async () => {
    const name = await datasetIn(f, "published", { synthetic_rows: 7 });
    let text = "";
    for await (const chunk of await f.catalog.datasets.synthetic(f.researcher, name)) text += chunk;
    expect(text.trimEnd().split("\n")).toHaveLength(8);
    const draft = await datasetIn(f, "draft");
    await expect(f.catalog.datasets.synthetic(f.researcher, draft)).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(f.catalog.datasets.synthetic(f.owner, draft)).resolves.toBeDefined();
  });
});

test("every change is one entry, in order", async () => {
  const name = await datasetIn(f, "retired");
  const row = f.catalog.datasets.row(name);
  expect(entriesOf(f, row.id)).toEqual([
    "dataset.created",
    "dataset.auditors_named",
    "dataset.assessed",
    "dataset.published",
    "dataset.retired",
  ]);
  expect(entriesOf(f, row.current_version!)).toEqual(["version.added"]);
});
