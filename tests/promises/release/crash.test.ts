/** Promise 5 at the airlock: a release is released once, whatever is killed between the last vote and the bundle. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Airlock, type AirlockParts, createAirlock, verifyBundle } from "../../../src/airlock/index.js";
import type { Ledger, Tx } from "../../../src/ledger/index.js";
import { auditLedger } from "../../../src/ledger/index.js";
import type { Vault } from "../../../src/store/index.js";
import {
  type AirlockFixture,
  airlockFixture,
  bundleOf,
  review,
  reviewBy,
  submitted,
} from "../../airlock/fixture.js";
import { entriesOf, outcome } from "../../catalog/fixture.js";

let f: AirlockFixture;
beforeAll(async () => {
  f = await airlockFixture();
});
afterAll(() => f.end());

class Killed extends Error {}
const stateOf = (id: string) => f.airlock.get(f.researcher, id).state;
/** The same room over parts of which some fail, as if the process had ended there. */
const dying = (parts: Partial<AirlockParts>): Airlock => createAirlock({ ...f, ...parts });

async function approvedButKilled(parts: Partial<AirlockParts>): Promise<string> {
  const { id } = submitted(f);
  await review(f, f.first, id);
  const vote = reviewBy(f, f.second, id);
  // The vote stands whatever becomes of the bundle; what is in its way is told by the tick.
  expect((await dying(parts).review(f.second, id, vote)).state).toBe("approved");
  return id;
}

const bound = <T extends object>(target: T, own: Partial<T>): T =>
  new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(name in own ? own : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

test("killed before the bundle is stored: approved; the next tick releases it, once", async () => {
  const put: Vault["put"] = async () => {
    throw new Killed();
  };
  const id = await approvedButKilled({ vault: bound(f.vault, { put }) });
  expect(stateOf(id)).toBe("approved");
  expect(outcome(() => f.airlock.bundle(f.researcher, id))).toBe("state_conflict");
  expect(outcome(() => f.airlock.file(f.researcher, id, "t1.csv"))).toBe("forbidden");
  const restarted = dying({});
  await Promise.all([restarted.tick(), restarted.tick(), restarted.tick()]);
  expect(stateOf(id)).toBe("released");
  await restarted.tick();
  expect(entriesOf(f, id).filter((kind) => kind === "release.released")).toHaveLength(1);
  expect(verifyBundle(await bundleOf(f, id)).ok).toBe(true);
});

test("killed after the bundle is stored, before it is named; meanwhile people are renamed and the job is closed", async () => {
  let stored = false;
  const put: Vault["put"] = async (source) => {
    const object = await f.vault.put(source);
    stored = true;
    return object;
  };
  const commit = <T>(work: (tx: Tx) => T): T => {
    if (stored) throw new Killed();
    return f.ledger.commit(work);
  };
  const ledger = bound<Ledger>(f.ledger, { commit });
  const id = await approvedButKilled({ vault: bound(f.vault, { put }), ledger });
  expect(stateOf(id)).toBe("approved");
  f.store.db.prepare("UPDATE principals SET name = 'renamed' WHERE id = ?").run(f.first.id);
  f.store.db.prepare("UPDATE jobs SET state = 'done' WHERE id = ?").run(f.job);
  await dying({}).tick();
  f.store.db.prepare("UPDATE principals SET name = 'first' WHERE id = ?").run(f.first.id);
  f.store.db.prepare("UPDATE jobs SET state = 'held' WHERE id = ?").run(f.job);
  expect(stateOf(id)).toBe("released");
  expect(verifyBundle(await bundleOf(f, id))).toMatchObject({ ok: true, problems: [] });
});

test("killed within the commit of the last vote: the vote is not there, and may be given again", async () => {
  const { id } = submitted(f);
  await review(f, f.first, id);
  const vote = reviewBy(f, f.second, id);
  const commit = <T>(work: (tx: Tx) => T): T =>
    f.ledger.commit((tx) => {
      work(tx);
      throw new Killed();
    });
  const half = dying({ ledger: bound<Ledger>(f.ledger, { commit }) });
  await expect(half.review(f.second, id, vote)).rejects.toBeInstanceOf(Killed);
  expect(stateOf(id)).toBe("partially_reviewed");
  expect((await f.airlock.review(f.second, id, vote)).state).toBe("released");
});

test("a bundle that cannot be made holds up no other, and the tick says so", async () => {
  const put: Vault["put"] = async () => {
    throw new Killed();
  };
  const [bad, good] = [
    await approvedButKilled({ vault: bound(f.vault, { put }) }),
    await approvedButKilled({ vault: bound(f.vault, { put }) }),
  ];
  const sealed = f.store.db.prepare("SELECT frozen_sealed FROM releases WHERE id = ?").pluck().get(bad);
  f.store.db.prepare("UPDATE releases SET frozen_sealed = zeroblob(60) WHERE id = ?").run(bad);
  await expect(f.airlock.tick()).rejects.toMatchObject({ code: "internal" });
  expect([stateOf(bad), stateOf(good)]).toEqual(["approved", "released"]);
  f.store.db.prepare("UPDATE releases SET frozen_sealed = ? WHERE id = ?").run(sealed, bad);
  await f.airlock.tick();
  expect(stateOf(bad)).toBe("released");
});

test("after all of it the ledger is whole, and each release has one end", () => {
  expect(auditLedger(f.store, f.keys).ok).toBe(true);
  const ends = f.store.db
    .prepare(
      "SELECT subject, count(*) AS n FROM ledger_leaves WHERE kind IN ('release.approved', 'release.released') GROUP BY subject, kind HAVING n > 1",
    )
    .all();
  expect(ends).toEqual([]);
});
