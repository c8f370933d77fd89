import { createHash, generateKeyPairSync } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { isEd25519PublicKey } from "../../src/catalog/principals/ed25519.js";
import { ROLES } from "../../src/vocabulary/index.js";
import { type CatalogFixture, catalogFixture, entriesOf, outcome } from "./fixture.js";

let f: CatalogFixture;
beforeEach(() => {
  f = catalogFixture();
});
afterEach(() => f.end());

const rawKey = () =>
  generateKeyPairSync("ed25519")
    .publicKey.export({ format: "der", type: "spki" })
    .subarray(-32)
    .toString("base64");

describe("tokens", () => {
  test("the first start writes the admin's token for its reader alone, and later starts write none", () => {
    const file = join(f.store.dataDir, "admin.token");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const token = readFileSync(file, "utf8").trim();
    expect(token).toMatch(/^gbx_[A-Za-z0-9_-]{43}$/);
    expect(f.catalog.principals.byToken(token)?.roles).toEqual(["admin"]);
    expect(f.catalog.principals.bootstrapAdmin()).toBeUndefined();
    expect(readFileSync(file, "utf8").trim()).toBe(token);
  });

  test("a token is never stored, only its SHA-256", () => {
    const { token } = f.catalog.principals.add(f.admin, { name: "lin", roles: ["researcher"] });
    const hash = createHash("sha256").update(token).digest("hex");
    expect(f.store.db.prepare("SELECT 1 FROM tokens WHERE sha256 = ?").get(hash)).toBeDefined();
    f.store.db.pragma("wal_checkpoint(TRUNCATE)");
    const database = readFileSync(join(f.store.dataDir, "glovebox.db"));
    expect(database.includes(Buffer.from(token))).toBe(false);
    expect(database.includes(Buffer.from(token.slice(4, 30)))).toBe(false);
  });

  test("what is no token opens nothing: not the hash, not a prefix, not an altered letter", () => {
    const { token } = f.catalog.principals.add(f.admin, { name: "lin", roles: ["researcher"] });
    const hash = createHash("sha256").update(token).digest("hex");
    const altered = token.slice(0, -2) + (token.at(-2) === "A" ? "B" : "A") + token.at(-1);
    for (const wrong of [
      "",
      hash,
      token.slice(0, -1),
      `${token} `,
      altered,
      `${token}\0`,
      token.toLowerCase(),
    ])
      expect(f.catalog.principals.byToken(wrong)).toBeUndefined();
  });

  test("revoking ends the token at once, and the name stays taken", () => {
    const { principal, token } = f.catalog.principals.add(f.admin, { name: "lin", roles: ["researcher"] });
    const heard: string[] = [];
    f.ledger.on("principal.revoked", (_, event) => heard.push(event.subject));
    f.catalog.principals.revoke(f.admin, "lin");
    expect(f.catalog.principals.byToken(token)).toBeUndefined();
    expect(heard).toEqual([principal.id]);
    expect(outcome(() => f.catalog.principals.resolve("lin"))).toBe("not_found");
    expect(outcome(() => f.catalog.principals.add(f.admin, { name: "lin", roles: ["admin"] }))).toBe(
      "state_conflict",
    );
    expect(outcome(() => f.catalog.principals.revoke(f.admin, "lin"))).toBe("state_conflict");
    expect(entriesOf(f, principal.id)).toEqual(["principal.added", "principal.revoked"]);
  });
});

describe("who manages principals", () => {
  test("only an admin adds and revokes; admin and owner list", () => {
    for (const role of ROLES) {
      const actor = { ...f.stranger, roles: [role] };
      const expected = role === "admin" ? "ok" : "forbidden";
      expect(outcome(() => f.catalog.principals.add(actor, { name: `by-${role}`, roles: ["auditor"] }))).toBe(
        expected,
      );
      f.catalog.principals.add(f.admin, { name: `of-${role}`, roles: ["auditor"] });
      expect(outcome(() => f.catalog.principals.revoke(actor, `of-${role}`))).toBe(expected);
      expect(outcome(() => f.catalog.principals.list(actor))).toBe(
        role === "admin" || role === "owner" ? "ok" : "forbidden",
      );
    }
  });

  test("the last admin cannot be revoked", () => {
    expect(outcome(() => f.catalog.principals.revoke(f.admin, "admin"))).toBe("state_conflict");
    f.catalog.principals.add(f.admin, { name: "second", roles: ["admin", "owner"] });
    expect(outcome(() => f.catalog.principals.revoke(f.admin, "admin"))).toBe("ok");
    expect(outcome(() => f.catalog.principals.revoke(f.catalog.principals.resolve("second"), "second"))).toBe(
      "state_conflict",
    );
  });

  test("a change made on an old revision is refused", () => {
    f.catalog.principals.add(f.admin, { name: "lin", roles: ["researcher"] });
    f.catalog.principals.setKey(f.catalog.principals.resolve("lin"), rawKey());
    expect(outcome(() => f.catalog.principals.revoke(f.admin, "lin", 1))).toBe("stale");
    expect(outcome(() => f.catalog.principals.revoke(f.admin, "lin", 2))).toBe("ok");
  });

  test("lists come a page at a time, each principal once", () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = f.catalog.principals.list(f.admin, { limit: 3, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map((p) => p.name));
      cursor = page.next_cursor;
    } while (cursor);
    expect(seen.sort()).toEqual(
      ["admin", "auditor", "operator", "other-owner", "owner", "researcher", "stranger"].sort(),
    );
    expect(outcome(() => f.catalog.principals.list(f.admin, { limit: 0 }))).toBe("invalid_input");
    expect(outcome(() => f.catalog.principals.list(f.admin, { cursor: "' OR 1=1" }))).toBe("invalid_input");
  });
});

describe("names", () => {
  test.each(["林小姐", "health-bureau", "a", "x".repeat(64), "R2.D_2", "卫健委01"])(
    "%s is a name",
    (name) => {
      expect(outcome(() => f.catalog.principals.add(f.admin, { name, roles: ["owner"] }))).toBe("ok");
    },
  );

  test.each([
    ["empty", ""],
    ["too long", "x".repeat(65)],
    ["a space", "a b"],
    ["a slash", "a/b"],
    ["a leading dot", ".."],
    ["a control character", "a\u0000b"],
    ["a line break", "a\nb"],
    ["bidirectional trickery", "a\u202eb"],
    ["an id", "prn_01JDXXXXXXXXXXXXXXXXXXXXXX"],
    ["what looks like an id", "DST_x"],
    ["full-width letters", "ａｄｍｉｎ"],
    ["the node itself", "System"],
    ["another's name in other case", "OWNER"],
  ])("%s is not a name", (_, name) => {
    expect(["invalid_input", "state_conflict"]).toContain(
      outcome(() => f.catalog.principals.add(f.admin, { name, roles: ["owner"] })),
    );
  });

  test("roles must be known, at least one, none twice", () => {
    for (const roles of [[], ["root"], ["owner", "owner"]])
      expect(outcome(() => f.catalog.principals.add(f.admin, { name: "x", roles: roles as ["owner"] }))).toBe(
        "invalid_input",
      );
  });
});

describe("signing keys", () => {
  test("a key is added, and older ones remain", () => {
    const [first, second] = [rawKey(), rawKey()];
    f.catalog.principals.setKey(f.auditor, first);
    f.catalog.principals.setKey(f.auditor, second);
    f.catalog.principals.setKey(f.auditor, second);
    expect(f.catalog.principals.keys(f.auditor.id)).toEqual([first, second]);
    expect(entriesOf(f, f.auditor.id).filter((kind) => kind === "principal.key_added")).toHaveLength(2);
  });

  test("two principals cannot share a key, nor take the node's own", () => {
    const key = rawKey();
    f.catalog.principals.setKey(f.auditor, key);
    expect(outcome(() => f.catalog.principals.setKey(f.stranger, key))).toBe("invalid_input");
    expect(
      outcome(() => f.catalog.principals.add(f.admin, { name: "twin", roles: ["auditor"], public_key: key })),
    ).toBe("invalid_input");
    expect(outcome(() => f.catalog.principals.resolve("twin"))).toBe("not_found");
    for (const own of [f.keys.identity.publicKey, f.keys.log.publicKey])
      expect(outcome(() => f.catalog.principals.setKey(f.stranger, own))).toBe("invalid_input");
  });

  test("a principal cannot heap up keys without end", () => {
    for (let i = 0; i < 16; i++) f.catalog.principals.setKey(f.auditor, rawKey());
    expect(outcome(() => f.catalog.principals.setKey(f.auditor, rawKey()))).toBe("state_conflict");
  });

  test("what is no point of the curve, of small order, or written otherwise is no key", () => {
    const hex = (text: string) => Buffer.from(text, "hex").toString("base64");
    const bad = [
      "",
      "AAAA",
      "not base64 at all!!",
      Buffer.alloc(31).toString("base64"),
      // y that is no coordinate of a point
      hex("0200000000000000000000000000000000000000000000000000000000000000"),
      // the points of order 1, 2, 4 and 8, and encodings beyond p
      hex("0100000000000000000000000000000000000000000000000000000000000000"),
      hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
      hex("0000000000000000000000000000000000000000000000000000000000000000"),
      hex("0000000000000000000000000000000000000000000000000000000000000080"),
      hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
      hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
      hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];
    for (const key of bad)
      expect(outcome(() => f.catalog.principals.setKey(f.auditor, key))).toBe("invalid_input");
    const good = Buffer.from(rawKey(), "base64");
    expect(outcome(() => f.catalog.principals.setKey(f.auditor, good.toString("base64url")))).toBe(
      "invalid_input",
    );
  });

  test("the public keys of RFC 8032 are keys, and 200 fresh ones", () => {
    for (const hex of [
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ])
      expect(isEd25519PublicKey(Buffer.from(hex, "hex"))).toBe(true);
    for (let i = 0; i < 200; i++) expect(isEd25519PublicKey(Buffer.from(rawKey(), "base64"))).toBe(true);
  });

  test("about half of all 32-byte strings are points, and of these an eighth lies in the subgroup", () => {
    let hits = 0;
    for (let i = 0; i < 400; i++)
      if (isEd25519PublicKey(createHash("sha256").update(`candidate ${i}`).digest())) hits++;
    // 400 / 16 = 25 expected, standard deviation under 5.
    expect(hits).toBeGreaterThan(5);
    expect(hits).toBeLessThan(50);
  });
});
