/**
 * Promises 1 and 3, attacked by those who have some power: an admin, another dataset's owner, a grantee, an
 * appointed auditor. None of these powers is one over data that its owner did not give.
 */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Actor } from "../../../src/vocabulary/index.js";
import {
  type CatalogFixture,
  catalogFixture,
  DAY,
  datasetIn,
  give,
  grantInput,
  outcome,
  outcomeOf,
  put,
} from "../../catalog/fixture.js";

let f: CatalogFixture;
let name: string;
beforeEach(async () => {
  f = catalogFixture();
  name = await datasetIn(f, "published");
});
afterEach(() => f.end());

const use = (actor: Actor) =>
  outcome(() =>
    f.catalog.grants.usable({
      principal: actor.id,
      dataset: name,
      access: "sandbox",
      kind: "sandbox",
      now: f.clock.now(),
    }),
  );
const rawKey = () =>
  generateKeyPairSync("ed25519")
    .publicKey.export({ format: "der", type: "spki" })
    .subarray(-32)
    .toString("base64");

describe("the admin", () => {
  test("cannot approve, give, refuse or revoke a grant, nor even see one", () => {
    const { id } = f.catalog.grants.create(f.researcher, grantInput(f, name));
    for (const act of ["approve", "refuse", "revoke", "get"] as const)
      expect(outcome(() => f.catalog.grants[act](f.admin, id))).toBe("not_found");
    expect(f.catalog.grants.create(f.admin, grantInput(f, name)).state).toBe("requested");
    expect(use(f.researcher)).toBe("no_grant");
  });

  test("sees of a dataset what anyone sees", () => {
    expect(f.catalog.datasets.get(f.admin, name)).toEqual(f.catalog.datasets.get(f.operator, name));
  });

  test("makes nobody an auditor of a dataset: a new principal with the role sees nothing until its owner names it", () => {
    const { token } = f.catalog.principals.add(f.admin, {
      name: "placed",
      roles: ["auditor", "owner", "researcher"],
    });
    const placed = f.catalog.principals.byToken(token)!;
    expect(f.catalog.datasets.get(placed, name).versions).toBeUndefined();
    expect(outcome(() => f.catalog.datasets.patch(f.admin, name, { auditors: ["placed"] }))).toBe(
      "forbidden",
    );
    expect(f.catalog.datasets.auditors(f.catalog.datasets.row(name).id)).toEqual([f.auditor.id]);
  });

  test("cannot become someone: no second token, no key in another's name, no reuse of a revoked name", () => {
    expect(outcome(() => f.catalog.principals.add(f.admin, { name: "auditor", roles: ["auditor"] }))).toBe(
      "state_conflict",
    );
    f.catalog.principals.setKey(f.admin, rawKey());
    expect(f.catalog.principals.keys(f.auditor.id)).toEqual([]);
    f.catalog.principals.revoke(f.admin, "auditor");
    for (const again of ["auditor", "AUDITOR", "Auditor", "ａuditor"])
      expect(["state_conflict", "invalid_input"]).toContain(
        outcome(() => f.catalog.principals.add(f.admin, { name: again, roles: ["auditor"] })),
      );
  });

  test("gains no way in by the roles of an actor that was made up: the catalogue asks who owns, not who claims", () => {
    const all = { ...f.admin, roles: ["admin", "owner", "auditor", "researcher", "operator"] as const };
    expect(f.catalog.datasets.get(all, name).versions).toBeUndefined();
    for (const act of ["assess", "publish", "suspend", "retire"] as const)
      expect(outcome(() => f.catalog.datasets[act](all, name))).toBe("forbidden");
    expect(f.catalog.grants.create(all, grantInput(f, name)).state).toBe("requested");
  });
});

describe("the owner of other data", () => {
  test("names no auditors here, changes nothing, puts nothing, decides nothing", async () => {
    const before = f.catalog.datasets.get(f.owner, name);
    const { id } = f.catalog.grants.create(f.researcher, grantInput(f, name));
    const acts: (() => unknown)[] = [
      () => f.catalog.datasets.patch(f.otherOwner, name, { auditors: ["stranger"] }),
      () => f.catalog.datasets.patch(f.otherOwner, name, { columns: [{ name: "age", grade: 1 }] }),
      () => f.catalog.datasets.suspend(f.otherOwner, name),
      () => f.catalog.grants.approve(f.otherOwner, id),
      () => f.catalog.grants.refuse(f.otherOwner, id),
    ];
    for (const act of acts) expect(["forbidden", "not_found"]).toContain(outcome(act));
    expect(await outcomeOf(put(f, name, "id,age,city\nz,1,z\n", f.otherOwner))).toBe("forbidden");
    expect(f.catalog.datasets.get(f.owner, name)).toEqual(before);
    expect(f.catalog.grants.row(id).state).toBe("requested");
  });

  test("cannot take another's View by a grant on own data", async () => {
    const own = "own-data";
    f.catalog.datasets.create(f.otherOwner, { name: own, unit_column: "id" });
    await put(f, own, "id,age,city\nz,1,z\n", f.otherOwner);
    f.catalog.datasets.assess(f.otherOwner, own);
    f.catalog.datasets.publish(f.otherOwner, own);
    const mine = f.catalog.grants.row(f.catalog.grants.create(f.otherOwner, grantInput(f, own)).id);
    const versionId = f.catalog.datasets.row(name).current_version!;
    expect(await outcomeOf(f.catalog.views.ensure({ grant: mine, versionId, mode: "real" }))).toBe(
      "no_grant",
    );
    expect(await outcomeOf(f.catalog.views.ensure({ grant: mine, versionId, mode: "dry_run" }))).toBe(
      "no_grant",
    );
  });
});

describe("the grantee", () => {
  test("cannot widen, prolong or approve its own grant", () => {
    const { id } = f.catalog.grants.create(f.researcher, {
      ...grantInput(f, name),
      constraints: { drop_columns: ["city"] },
    });
    expect(outcome(() => f.catalog.grants.approve(f.researcher, id, { constraints: {} }))).toBe("forbidden");
    f.catalog.grants.approve(f.owner, id);
    expect(outcome(() => f.catalog.grants.approve(f.researcher, id, { signal_bits: 1_000_000 }))).toBe(
      "forbidden",
    );
    expect(f.catalog.grants.row(id).constraints).toEqual({ drop_columns: ["city"] });
  });

  test("gets nothing from a request, however it is worded", () => {
    const more = { signal_bits: 1_000_000_000, job_kinds: ["sandbox"] as ["sandbox"] };
    f.catalog.grants.create(f.researcher, { ...grantInput(f, name), ...more });
    expect(use(f.researcher)).toBe("no_grant");
    const sneaky = { ...grantInput(f, name), state: "active", decided_by: "owner" };
    expect(outcome(() => f.catalog.grants.create(f.researcher, sneaky))).toBe("invalid_input");
  });

  test("loses it at the very moment of its expiry, whether or not the node has noticed", () => {
    give(f, name, { expires_at: new Date(f.clock.now() + DAY).toISOString() });
    f.clock.advance(DAY - 1);
    expect(use(f.researcher)).toBe("ok");
    f.clock.advance(1);
    expect(use(f.researcher)).toBe("grant_expired");
  });

  test("is not served by another's grant, nor by its own on other terms", () => {
    give(f, name, { principal: "operator" });
    give(f, name, { access: "query" });
    expect(use(f.researcher)).toBe("no_grant");
  });
});

describe("a thief of the database", () => {
  test("finds no token in it that opens anything", () => {
    f.store.db.pragma("wal_checkpoint(TRUNCATE)");
    const hashes = f.store.db.prepare("SELECT sha256 FROM tokens").pluck().all() as string[];
    expect(hashes).toHaveLength(7);
    for (const hash of hashes) {
      expect(f.catalog.principals.byToken(hash)).toBeUndefined();
      expect(f.catalog.principals.byToken(`gbx_${hash.slice(0, 43)}`)).toBeUndefined();
    }
    const database = readFileSync(join(f.store.dataDir, "glovebox.db")).toString("latin1");
    expect(database).not.toMatch(/gbx_[A-Za-z0-9_-]{43}/);
  });
});
