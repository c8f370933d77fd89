/** What holds for every call: who gets in, what is parsed, how errors look, what is answered twice. */

import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PERMISSIONS, type Permission, permits, ROUTES } from "../../src/api/index.js";
import { ROLES } from "../../src/vocabulary/index.js";
import { type ApiFixture, apiFixture, expectStatus, inAMonth, publish } from "./fixture.js";

let f: ApiFixture;
beforeAll(async () => {
  f = await apiFixture();
});
afterAll(() => f.end());

const pathOf = (route: (typeof ROUTES)[number]) =>
  `${route.root ? "" : "/api/v1"}${route.path}`.replaceAll(/\{\w+\}/g, "nothing");

describe("who gets in", () => {
  test.each(ROUTES.filter((r) => r.permission !== "public").map((r) => [r.method.toUpperCase(), pathOf(r)]))(
    "%s %s answers 401 without a token, with a wrong one and with a malformed one",
    async (method, path) => {
      for (const authorization of [undefined, "Bearer gbx_unknown_token_0000", "Basic abc", "Bearer a b"]) {
        const answer = await f.http(method, path, { headers: authorization ? { authorization } : {} });
        expect(answer.status).toBe(401);
        expect(answer.json.code).toBe("unauthenticated");
        expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      }
    },
  );

  test("a token in the query is no token", async () => {
    expect((await f.http("GET", `/api/v1/me?access_token=${f.admin.token}`)).status).toBe(401);
  });

  test("a revoked principal's token ends at once", async () => {
    const gone = f.add("gone", ["researcher"]);
    await expectStatus(200, gone.http("GET", "/api/v1/me"));
    await expectStatus(200, f.admin.http("POST", "/api/v1/principals/gone/revoke", {}));
    expect((await gone.http("GET", "/api/v1/me")).status).toBe(401);
  });

  test("every role is let through exactly the routes of the permissions table", async () => {
    for (const role of ROLES) {
      const caller = f.add(`only-${role}`, [role]);
      for (const route of ROUTES) {
        if (route.permission === "public") continue;
        const answer = await caller.http(
          route.method.toUpperCase(),
          pathOf(route),
          route.body ? {} : undefined,
        );
        const refused = answer.json?.code === "forbidden" && /^Only /.test(answer.json.detail);
        expect({ role, route: route.name, refused }).toEqual({
          role,
          route: route.name,
          refused: !permits([role], route.permission),
        });
      }
    }
  });

  test("who may submit jobs may not read the node's metrics, whatever else it is", () => {
    expect(permits(["admin"], "metrics.read")).toBe(true);
    expect(permits(["admin", "researcher"], "metrics.read")).toBe(false);
    expect(permits(["auditor", "operator"], "metrics.read")).toBe(false);
  });

  test("every permission of the table opens at least one route", () => {
    const used = new Set(ROUTES.map((route) => route.permission));
    const unused = (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => !used.has(permission));
    expect(unused).toEqual([]);
  });

  test("/me says what the table says", async () => {
    const { json } = await expectStatus(200, f.owner.http("GET", "/api/v1/me"));
    expect(json.roles).toEqual(["owner"]);
    const said = json.may.map((m: { permission: string }) => m.permission);
    const expected = (Object.keys(PERMISSIONS) as Permission[]).filter((p) => permits(["owner"], p));
    expect(said).toEqual(expected);
  });
});

describe("errors", () => {
  test("are problem+json with code, type and title, in the language asked for", async () => {
    const english = await f.owner.http("GET", "/api/v1/datasets/none");
    expect(english.headers.get("content-type")).toBe("application/problem+json");
    expect(english.json).toMatchObject({
      type: "urn:glovebox:error:not_found",
      status: 404,
      code: "not_found",
      title: "No such thing, or none that you may know of",
    });
    const chinese = await f.owner.http("GET", "/api/v1/datasets/none", undefined, {
      "accept-language": "zh-CN,zh;q=0.9,en;q=0.8",
    });
    expect(chinese.json.title).toBe("不存在或无权知晓");
  });

  test("of a call that there is not are not_found", async () => {
    for (const path of ["/api/v1/query", "/api/v1/alignments", "/ga4gh/tes/v1/tasks", "/", "/api/v1/jobs/"]) {
      const answer = await f.owner.http("GET", path);
      expect([path, answer.status, answer.json.code]).toEqual([path, 404, "not_found"]);
    }
  });

  test("name each wrong place and never the value", async () => {
    const canary = "canary-7719";
    const answer = await f.owner.http("POST", "/api/v1/datasets", {
      name: `  ${canary}`,
      max_rows_per_unit: canary,
      open_type: canary,
      columns: [{ name: "a", grade: canary }],
    });
    expect(answer.status).toBe(422);
    expect(answer.json.errors.map((e: { path: string }) => e.path).sort()).toEqual([
      "columns.0.grade",
      "max_rows_per_unit",
      "name",
      "open_type",
    ]);
    expect(answer.text).not.toContain(canary);
  });

  test("unknown members of a body and unknown query parameters are refused", async () => {
    const body = await f.owner.http("POST", "/api/v1/datasets", { name: "x", surprise: 1 });
    expect([body.status, body.json.code]).toEqual([422, "invalid_input"]);
    const query = await f.owner.http("GET", "/api/v1/datasets?limit=2&surprise=1");
    expect(query.status).toBe(422);
    expect((await f.owner.http("GET", "/api/v1/me?x=1")).status).toBe(422);
  });

  test.each([["0"], ["201"], ["-1"], ["1.5"], ["many"], ["1&limit=2"]])(
    "?limit=%s is refused",
    async (limit) => {
      expect((await f.owner.http("GET", `/api/v1/datasets?limit=${limit}`)).status).toBe(422);
    },
  );

  test.each<[string, string, Record<string, string>, string]>([
    ["text that is no JSON", "{", { "content-type": "application/json" }, "invalid_input"],
    ["another content type", "{}", { "content-type": "text/plain" }, "invalid_input"],
    ["no content type", "{}", { "content-type": "" }, "invalid_input"],
    [
      "a compressed body",
      "{}",
      { "content-type": "application/json", "content-encoding": "gzip" },
      "invalid_input",
    ],
    ["another charset", "{}", { "content-type": "application/json; charset=utf-16" }, "invalid_input"],
    ["a JSON scalar", "1", { "content-type": "application/json" }, "invalid_input"],
  ])("%s is refused", async (_what, body, headers, code) => {
    const answer = await f.http("POST", "/api/v1/grants", {
      token: f.owner.token,
      body: Buffer.from(body),
      headers,
    });
    expect([answer.status, answer.json.code]).toEqual([422, code]);
  });

  test("a body over the limit is too_large and ends the connection", async () => {
    const answer = await f.owner.http("POST", "/api/v1/grants", { purpose: "x".repeat(2 << 20) });
    expect([answer.status, answer.json.code]).toEqual([413, "too_large"]);
  });

  test("a path that is no percent-encoding is invalid_input", async () => {
    expect((await f.owner.http("GET", "/api/v1/datasets/%E0%A4%A")).json.code).toBe("invalid_input");
  });
});

describe("headers", () => {
  test("nothing of the framework shows; every answer has its request id and is not stored or sniffed", async () => {
    const answer = await f.http("GET", "/healthz");
    expect(answer.headers.get("x-powered-by")).toBeNull();
    expect(answer.headers.get("server")).toBeNull();
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  test("a head that is too large is refused by the server itself", async () => {
    const socket = connect(Number(new URL(f.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: ${"y".repeat(20_000)}\r\n\r\n`);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 431 /);
    socket.destroy();
  });
});

describe("revisions", () => {
  test("a change on an older revision is stale, on the present one it is made", async () => {
    await publish(f, "revised");
    const read = await expectStatus(200, f.owner.http("GET", "/api/v1/datasets/revised"));
    const etag = read.headers.get("etag")!;
    expect(etag).toBe(`"${read.json.rev}"`);
    const patch = (title: string, ifMatch: string) =>
      f.owner.http("PATCH", "/api/v1/datasets/revised", { title }, { "if-match": ifMatch });
    const changed = await expectStatus(200, patch("one", etag));
    expect(changed.headers.get("etag")).not.toBe(etag);
    const stale = await patch("two", etag);
    expect([stale.status, stale.json.code]).toEqual([412, "stale"]);
    await expectStatus(200, patch("three", "*"));
    expect((await patch("four", 'W/"9"')).status).toBe(422);
  });
});

describe("pages", () => {
  test("lists end with next_cursor null and lose nothing on the way", async () => {
    for (let i = 0; i < 5; i++) f.add(`paged-${i}`, ["researcher"]);
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `/api/v1/principals?limit=3${cursor ? `&cursor=${cursor}` : ""}`;
      const { json } = await expectStatus(200, f.admin.http("GET", path));
      names.push(...json.items.map((p: { name: string }) => p.name));
      cursor = json.next_cursor;
    } while (cursor !== null);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining([0, 1, 2, 3, 4].map((i) => `paged-${i}`)));
  });
});

describe("Idempotency-Key", () => {
  const body = (dataset: string) => ({
    principal: f.researcher.name,
    dataset,
    purpose: "once and only once",
    access: "sandbox",
    expires_at: inAMonth(f),
  });
  const post = (key: string, sent: object, caller = f.owner) =>
    caller.http("POST", "/api/v1/grants", sent, { "idempotency-key": key });
  const grants = async () =>
    (await f.owner.http("GET", "/api/v1/grants?limit=200")).json.items.filter(
      (g: { purpose: string }) => g.purpose === "once and only once",
    ).length;

  beforeAll(() => publish(f, "idem"));

  test("the same key and body give the same answer and make one thing", async () => {
    const first = await expectStatus(201, post("k1", body("idem")));
    const again = await expectStatus(201, post("k1", body("idem")));
    expect(again.json).toEqual(first.json);
    expect(again.headers.get("etag")).toBe(first.headers.get("etag"));
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await grants()).toBe(1);
  });

  test("sent many times at once, it is done once", async () => {
    const before = await grants();
    const answers = await Promise.all(Array.from({ length: 12 }, () => post("k2", body("idem"))));
    expect(new Set(answers.map((a) => a.json.id)).size).toBe(1);
    expect(await grants()).toBe(before + 1);
  });

  test("another body is a conflict; another principal's key is its own", async () => {
    const other = await post("k1", { ...body("idem"), access: "query" });
    expect([other.status, other.json.code]).toEqual([409, "idempotency_conflict"]);
    const stranger = await post("k1", { ...body("idem"), principal: undefined }, f.researcher);
    expect(stranger.json.state).toBe("requested");
  });

  test("a refused call leaves the key free", async () => {
    const bad = await post("k3", { ...body("idem"), dataset: "no-such" });
    expect(bad.status).toBe(404);
    await expectStatus(201, post("k3", body("idem")));
  });

  test("the stored answer is sealed: the database holds no token in clear", async () => {
    const made = await expectStatus(
      201,
      f.admin.http(
        "POST",
        "/api/v1/principals",
        { name: "sealed", roles: ["owner"] },
        { "idempotency-key": "k4" },
      ),
    );
    const rows = f.rooms.store.db
      .prepare("SELECT response_sealed FROM idempotency")
      .pluck()
      .all() as Buffer[];
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.some((row) => row.includes(made.json.token))).toBe(false);
    const again = await f.admin.http(
      "POST",
      "/api/v1/principals",
      { name: "sealed", roles: ["owner"] },
      {
        "idempotency-key": "k4",
      },
    );
    expect(again.json.token).toBe(made.json.token);
  });

  test("an answer lost in a crash after the commit is made up from what was committed", async () => {
    const first = await expectStatus(201, post("k5", body("idem")));
    const before = await grants();
    f.rooms.store.db
      .prepare("UPDATE idempotency SET status = NULL, response_sealed = NULL WHERE key = 'k5'")
      .run();
    const again = await expectStatus(201, post("k5", body("idem")));
    expect(again.json.id).toBe(first.json.id);
    expect(await grants()).toBe(before);
  });

  test("a replay is authorised anew: what one may no longer see is no longer answered", async () => {
    const leaving = f.add("leaving", ["researcher", "auditor"]);
    const sent = { ...body("idem"), principal: undefined };
    const first = await expectStatus(201, post("k6", sent, leaving));
    f.rooms.store.db.prepare("UPDATE principals SET roles = '[\"auditor\"]' WHERE name = 'leaving'").run();
    const replay = await post("k6", sent, leaving);
    expect(replay.status).toBe(403);
    expect(replay.text).not.toContain(first.json.id);
  });

  test.each([[""], ["with space"], ["x".repeat(201)]])("the key %j is refused", async (key) => {
    const answer = await post(key, { ...body("no-such-dataset") });
    expect(answer.status).toBe(422);
  });
});

describe("the node", () => {
  test("is alive without a token and says what is ready in booleans", async () => {
    expect((await f.http("GET", "/healthz")).json).toEqual({ status: "ok" });
    expect((await f.http("GET", "/readyz")).json).toEqual({ ready: true, checks: {} });
  });

  test("counts requests by route template, never by path, principal or query", async () => {
    await f.owner.http("GET", "/api/v1/datasets/some-secret-name");
    const { text } = await expectStatus(200, f.admin.http("GET", "/metrics"));
    expect(text).toMatch(
      /glovebox_http_requests_total\{method="GET",route="\/api\/v1\/datasets\/\{name\}",status="404"\} \d/,
    );
    expect(text).not.toContain("some-secret-name");
    expect(text).not.toContain(f.owner.actor.id);
  });

  test("logs templates and statuses, no path, token, query or body", async () => {
    await f.owner.http("GET", "/api/v1/datasets/log-canary-1?limit=log-canary-2");
    await f.owner.http("POST", "/api/v1/datasets", { name: "log-canary-3 " });
    expect(f.logged()).toContain('"route":"/api/v1/datasets"');
    expect(f.logged()).not.toMatch(/log-canary/);
    expect(f.logged()).not.toContain(f.owner.token);
  });
});
