import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { GRANT_TRANSITIONS, GRANTABLE } from "../../src/catalog/index.js";
import {
  ACCESS_MODES,
  type Actor,
  GRADES,
  type Grade,
  type GrantId,
  rfc3339,
} from "../../src/vocabulary/index.js";
import {
  type CatalogFixture,
  catalogFixture,
  DAY,
  datasetIn,
  entriesOf,
  give,
  grantInput,
  outcome,
  put,
  STATES,
} from "./fixture.js";

let f: CatalogFixture;
beforeEach(() => {
  f = catalogFixture();
});
afterEach(() => f.end());

const GRANT_STATES = ["requested", "active", "refused", "expired", "revoked"] as const;
type GrantState = (typeof GRANT_STATES)[number];

/** A grant of the researcher in the given state; the clock moves on where it must. */
async function grantIn(state: GrantState): Promise<string> {
  const name = await datasetIn(f, "published");
  const input = grantInput(f, name, { expires_at: rfc3339(f.clock.now() + DAY) });
  const { id } = f.catalog.grants.create(
    state === "requested" || state === "refused" ? f.researcher : f.owner,
    input,
  );
  if (state === "refused") f.catalog.grants.refuse(f.owner, id);
  if (state === "revoked") f.catalog.grants.revoke(f.owner, id);
  if (state === "expired") {
    f.clock.advance(DAY);
    expect(f.catalog.grants.expireDue()).toBe(1);
  }
  expect(f.catalog.grants.row(id).state).toBe(state);
  return id;
}

const use = (principal: Actor, dataset: string, more: object = {}) =>
  outcome(() =>
    f.catalog.grants.usable({
      principal: principal.id,
      dataset,
      access: "sandbox",
      kind: "sandbox",
      now: f.clock.now(),
      ...more,
    }),
  );

describe("states", () => {
  for (const state of GRANT_STATES)
    for (const action of ["approve", "refuse", "revoke"] as const)
      test(`${action} of a grant that is ${state}, by each role`, async () => {
        const id = await grantIn(state);
        const act = (actor: Actor) => outcome(() => f.catalog.grants[action](actor, id));
        for (const actor of [f.admin, f.otherOwner, f.operator, f.stranger])
          expect(act(actor)).toBe("not_found");
        for (const actor of [f.researcher, f.auditor]) expect(act(actor)).toBe("forbidden");
        const row = GRANT_TRANSITIONS.find(
          (t) => t.from === state && t.action === action && t.by === "owner",
        );
        expect(act(f.owner)).toBe(row ? "ok" : "state_conflict");
        expect(f.catalog.grants.row(id).state).toBe(row ? row.to : state);
        if (row) expect(entriesOf(f, id).at(-1)).toBe(row.entry);
      });

  test("final states are closed", () => {
    for (const state of ["refused", "expired", "revoked"])
      expect(GRANT_TRANSITIONS.filter((t) => t.from === state)).toEqual([]);
  });

  test("revoking and expiring tell the other rooms in the same transaction, with ids only", async () => {
    const heard: object[] = [];
    for (const type of ["grant.revoked", "grant.expired"])
      f.ledger.on(type, (tx, e) => heard.push({ type, inside: tx.db.inTransaction, payload: e.payload }));
    const name = await datasetIn(f, "published");
    const dataset = f.catalog.datasets.row(name).id;
    const first = give(f, name);
    f.catalog.grants.revoke(f.owner, first.id);
    const second = give(f, name, { expires_at: rfc3339(f.clock.now() + DAY) });
    f.clock.advance(DAY);
    f.catalog.grants.expireDue();
    const payload = (grant: string) => ({ grant, dataset, principal: f.researcher.id });
    expect(heard).toEqual([
      { type: "grant.revoked", inside: true, payload: payload(first.id) },
      { type: "grant.expired", inside: true, payload: payload(second.id) },
    ]);
  });

  test("a failing subscriber undoes the revocation with everything that belongs to it", async () => {
    const name = await datasetIn(f, "published");
    const { id } = give(f, name);
    f.ledger.on("grant.revoked", () => {
      throw new Error("cannot");
    });
    const size = f.ledger.size();
    expect(() => f.catalog.grants.revoke(f.owner, id)).toThrow("cannot");
    expect(f.catalog.grants.row(id).state).toBe("active");
    expect(f.ledger.size()).toBe(size);
  });

  test("expiry ends each grant once, however many are due", async () => {
    const name = await datasetIn(f, "published");
    for (let i = 0; i < 450; i++) give(f, name, { expires_at: rfc3339(f.clock.now() + DAY) });
    give(f, name, { expires_at: rfc3339(f.clock.now() + 2 * DAY) });
    f.clock.advance(DAY - 1);
    expect(f.catalog.grants.expireDue()).toBe(0);
    f.clock.advance(1);
    expect(f.catalog.grants.expireDue()).toBe(450);
    expect(f.catalog.grants.expireDue()).toBe(0);
  });

  test("a decision made on an old revision is refused", async () => {
    const id = await grantIn("requested");
    expect(outcome(() => f.catalog.grants.approve(f.owner, id, {}, 7))).toBe("stale");
    expect(f.catalog.grants.approve(f.owner, id, {}, 1).rev).toBe(2);
  });
});

describe("who gives and who asks", () => {
  test("what the owner posts is active; what anyone else posts is a request", async () => {
    const name = await datasetIn(f, "published");
    const post = (actor: Actor) => f.catalog.grants.create(actor, grantInput(f, name)).state;
    expect(post(f.owner)).toBe("active");
    for (const actor of [f.researcher, f.operator, f.admin, f.auditor, f.otherOwner])
      expect(post(actor)).toBe("requested");
  });

  for (const state of STATES)
    test(`on a dataset that is ${state}`, async () => {
      const name = await datasetIn(f, state);
      expect(outcome(() => give(f, name))).toBe(GRANTABLE[state].give ? "ok" : "state_conflict");
      const asked = outcome(() => f.catalog.grants.create(f.researcher, grantInput(f, name)));
      const visible = state === "published" || state === "suspended";
      expect(asked).toBe(GRANTABLE[state].request ? "ok" : visible ? "state_conflict" : "not_found");
    });

  test("a grantee is an active principal who can submit work", async () => {
    const name = await datasetIn(f, "published");
    for (const principal of ["nobody", "admin", "auditor", "other-owner"])
      expect(outcome(() => give(f, name, { principal }))).toBe("invalid_input");
    expect(outcome(() => give(f, name, { principal: "operator" }))).toBe("ok");
    f.catalog.principals.revoke(f.admin, "operator");
    expect(outcome(() => give(f, name, { principal: "operator" }))).toBe("invalid_input");
  });

  test("a closed dataset is opened to nobody, not by its owner either", async () => {
    const name = await datasetIn(f, "draft");
    f.catalog.datasets.assess(f.owner, name, { open_type: "closed", reason: "by decree" });
    f.catalog.datasets.publish(f.owner, name);
    expect(outcome(() => give(f, name))).toBe("forbidden");
    expect(outcome(() => f.catalog.grants.create(f.researcher, grantInput(f, name)))).toBe("forbidden");
  });

  test("nobody heaps up requests without end", async () => {
    const name = await datasetIn(f, "published");
    const ask = () => outcome(() => f.catalog.grants.create(f.researcher, grantInput(f, name)));
    for (let i = 0; i < 100; i++) expect(ask()).toBe("ok");
    expect(ask()).toBe("state_conflict");
  });
});

describe("terms", () => {
  test("access × grade is the table", async () => {
    for (const grade of [1, 2, 3, 4, 5] as Grade[]) {
      const columns = ["id", "age", "city"].map((name) => ({ name, grade }));
      const name = await datasetIn(f, "published", { name: `g${grade}`, columns });
      for (const access of ACCESS_MODES) {
        const expected = !GRADES[grade].access.includes(access)
          ? "forbidden"
          : access === "masked"
            ? "invalid_input"
            : "ok";
        expect([grade, access, outcome(() => give(f, name, { access }))]).toEqual([grade, access, expected]);
      }
      expect(give(f, name).signal_bits).toBe(GRADES[grade].signal_bits);
    }
  });

  test("an expiry lies ahead and within five years", async () => {
    const name = await datasetIn(f, "published");
    const until = (ms: number) => outcome(() => give(f, name, { expires_at: rfc3339(f.clock.now() + ms) }));
    expect(until(0)).toBe("invalid_input");
    expect(until(-DAY)).toBe("invalid_input");
    expect(until(1000)).toBe("ok");
    expect(until(5 * 365 * DAY)).toBe("ok");
    expect(until(6 * 365 * DAY)).toBe("invalid_input");
    expect(outcome(() => give(f, name, { expires_at: "tomorrow" }))).toBe("invalid_input");
    expect(give(f, name, { expires_at: "2026-12-01T08:00:00+08:00" }).expires_at).toBe(
      "2026-12-01T00:00:00.000Z",
    );
  });

  test("a purpose is said; columns to drop exist, and one at least stays; kinds fit the access", async () => {
    const name = await datasetIn(f, "published");
    expect(outcome(() => give(f, name, { purpose: "  " }))).toBe("invalid_input");
    const drop = (drop_columns: string[]) => outcome(() => give(f, name, { constraints: { drop_columns } }));
    expect(drop(["city"])).toBe("ok");
    expect(drop(["income"])).toBe("invalid_input");
    expect(drop(["id", "age", "city"])).toBe("invalid_input");
    expect(outcome(() => give(f, name, { access: "query", job_kinds: ["sandbox"] }))).toBe("invalid_input");
    expect(outcome(() => give(f, name, { access: "sandbox", job_kinds: ["sandbox", "table"] }))).toBe("ok");
  });

  test("an approval may change the terms, and is measured like a gift", async () => {
    const id = await grantIn("requested");
    expect(outcome(() => f.catalog.grants.approve(f.owner, id, { expires_at: "2020-01-01T00:00:00Z" }))).toBe(
      "invalid_input",
    );
    expect(
      f.catalog.grants.approve(f.owner, id, { signal_bits: 77, constraints: { drop_columns: ["city"] } }),
    ).toMatchObject({
      state: "active",
      signal_bits: 77,
      signal_bits_left: 77,
      constraints: { drop_columns: ["city"] },
      decided_by: "owner",
      requested_by: "researcher",
    });
  });

  test("a request that ran out of time before it was decided cannot be approved as it is", async () => {
    const id = await grantIn("requested");
    f.clock.advance(2 * DAY);
    expect(outcome(() => f.catalog.grants.approve(f.owner, id))).toBe("invalid_input");
    expect(
      outcome(() => f.catalog.grants.approve(f.owner, id, { expires_at: rfc3339(f.clock.now() + DAY) })),
    ).toBe("ok");
  });
});

describe("using a grant", () => {
  test("each lack has its own answer", async () => {
    const name = await datasetIn(f, "published");
    expect(use(f.researcher, name)).toBe("no_grant");
    expect(use(f.researcher, "unknown")).toBe("not_found");
    const asked = f.catalog.grants.create(f.researcher, grantInput(f, name, { job_kinds: ["table"] }));
    expect(use(f.researcher, name)).toBe("no_grant");
    f.catalog.grants.approve(f.owner, asked.id);
    expect(use(f.researcher, name)).toBe("forbidden");
    expect(use(f.researcher, name, { kind: "table" })).toBe("ok");
    expect(use(f.researcher, name, { access: "query", kind: "table" })).toBe("no_grant");
    expect(use(f.operator, name, { kind: "table" })).toBe("no_grant");
    f.clock.advance(31 * DAY);
    expect(use(f.researcher, name, { kind: "table" })).toBe("grant_expired");
    f.catalog.grants.expireDue();
    expect(use(f.researcher, name, { kind: "table" })).toBe("grant_expired");
  });

  test("a revoked grant is as none", async () => {
    const name = await datasetIn(f, "published");
    const { id } = give(f, name);
    f.catalog.grants.revoke(f.owner, id);
    expect(use(f.researcher, name)).toBe("no_grant");
  });

  test("a draft does not tell that it exists; what is suspended or retired cannot be used", async () => {
    const draft = await datasetIn(f, "draft");
    expect(use(f.researcher, draft)).toBe("not_found");
    const name = await datasetIn(f, "published");
    give(f, name);
    f.catalog.datasets.suspend(f.owner, name);
    expect(use(f.researcher, name)).toBe("state_conflict");
    f.catalog.datasets.publish(f.owner, name);
    expect(use(f.researcher, name)).toBe("ok");
    f.catalog.datasets.suspend(f.owner, name);
    f.catalog.datasets.retire(f.owner, name);
    expect(use(f.researcher, name)).toBe("state_conflict");
  });

  test("sandbox access carries rehearsals; synthetic access carries nothing else", async () => {
    const name = await datasetIn(f, "published");
    give(f, name);
    give(f, name, { principal: "operator", access: "synthetic" });
    expect(use(f.researcher, name, { access: "synthetic" })).toBe("ok");
    expect(use(f.operator, name, { access: "synthetic" })).toBe("ok");
    expect(use(f.operator, name)).toBe("no_grant");
  });

  test("a grade that rose limits what was unlimited", async () => {
    const columns = ["id", "age", "city"].map((name) => ({ name, grade: 2 as Grade }));
    const name = await datasetIn(f, "published", { columns });
    const { id, signal_bits } = give(f, name);
    expect(signal_bits).toBeNull();
    f.catalog.datasets.suspend(f.owner, name);
    f.catalog.datasets.assess(f.owner, name, { columns: [{ name: "age", grade: 4, reason: "linkable" }] });
    f.catalog.datasets.publish(f.owner, name);
    expect(f.catalog.signals.left(id)).toBe(500);
  });

  test("a grant that drops a column by its old name waits for the owner when the column was renamed", async () => {
    const name = await datasetIn(f, "published");
    give(f, name, { constraints: { drop_columns: ["city"] } });
    f.catalog.datasets.suspend(f.owner, name);
    f.catalog.datasets.patch(f.owner, name, { undeclare: ["city"] });
    await put(f, name, "id,age,town\na1,61,Wuhan\n");
    f.catalog.datasets.assess(f.owner, name);
    f.catalog.datasets.publish(f.owner, name);
    expect(use(f.researcher, name)).toBe("no_grant");
    give(f, name, { constraints: { drop_columns: ["town"] } });
    expect(use(f.researcher, name)).toBe("ok");
  });

  test("of several grants the one with most signals left is used, then the one that lasts longest", async () => {
    const name = await datasetIn(f, "published");
    give(f, name, { signal_bits: 10 });
    const large = give(f, name, { signal_bits: 100 });
    const longer = give(f, name, { signal_bits: 100, expires_at: rfc3339(f.clock.now() + 60 * DAY) });
    const chosen = () =>
      f.catalog.grants.usable({
        principal: f.researcher.id,
        dataset: name,
        access: "sandbox",
        kind: "sandbox",
        now: f.clock.now(),
      }).id;
    expect(chosen()).toBe(longer.id);
    f.ledger.commit((tx) =>
      f.catalog.signals.charge(tx, {
        job: "job_1" as never,
        principal: f.researcher.id,
        dataset: f.catalog.datasets.row(name).id,
        grant: longer.id as GrantId,
        bits: 1,
        shown: ["end"],
      }),
    );
    expect(chosen()).toBe(large.id);
  });
});

describe("a revoked principal", () => {
  test("loses what it held and what it asked for, in one transaction", async () => {
    const name = await datasetIn(f, "published");
    const held = give(f, name);
    const asked = f.catalog.grants.create(f.researcher, grantInput(f, name));
    f.catalog.principals.revoke(f.admin, "researcher");
    expect(f.catalog.grants.row(held.id)).toMatchObject({ state: "revoked", decided_by: "system" });
    expect(f.catalog.grants.row(asked.id).state).toBe("refused");
    expect(use(f.researcher, name)).toBe("no_grant");
  });
});

describe("who sees a grant", () => {
  test("its grantee, who asked for it, the owner and the dataset's auditors; for all others it does not exist", async () => {
    const name = await datasetIn(f, "published");
    const { id } = f.catalog.grants.create(f.operator, grantInput(f, name));
    for (const actor of [f.researcher, f.operator, f.owner, f.auditor]) {
      expect(outcome(() => f.catalog.grants.get(actor, id))).toBe("ok");
      expect(f.catalog.grants.list(actor).items.map((g) => g.id)).toEqual([id]);
    }
    for (const actor of [f.admin, f.otherOwner, f.stranger]) {
      expect(outcome(() => f.catalog.grants.get(actor, id))).toBe("not_found");
      expect(f.catalog.grants.list(actor).items).toEqual([]);
    }
    for (const wrong of ["grt_", "' OR 1=1 --", `${id}x`, id.toLowerCase()])
      expect(outcome(() => f.catalog.grants.get(f.owner, wrong))).toBe("not_found");
  });
});
