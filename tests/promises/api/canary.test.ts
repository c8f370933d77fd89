/**
 * Promise 1 at the edge: whatever breaks inside, no value that was in it reaches an answer, a log line or a metric.
 *
 * A canary stands for a row's value. It is planted in the message, name, code, cause, stack and properties of what
 * is thrown at every boundary that the API calls, and in every part of a request; then everything that left the
 * node is searched for it.
 */
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ApiDeps, ROUTES } from "../../../src/api/index.js";
import { templateOf } from "../../../src/api/route-table.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { type ApiFixture, apiFixture, type Caller } from "../../api/fixture.js";

const CANARY = "Zhang-San-510102199003071234";

/** Errors as libraries throw them, each with the value in another place. */
const THROWN: Record<string, () => unknown> = {
  message: () => new Error(`Could not convert string '${CANARY}' to INT32`),
  "several lines": () => new Error(`bad row\n    at ${CANARY} (/data/${CANARY}:1:1)\n${CANARY}`),
  name: () => Object.assign(new Error("x"), { name: `${CANARY}Error` }),
  code: () => Object.assign(new Error("x"), { code: `E_${CANARY}` }),
  cause: () => new GloveboxError("internal", {}, new Error(CANARY)),
  "cause of a refusal": () => new GloveboxError("state_conflict", { detail: "a state" }, new Error(CANARY)),
  params: () => new GloveboxError("not_found", { detail: "no such thing", row: CANARY }),
  "internal detail": () => new GloveboxError("internal", { detail: CANARY }),
  properties: () => Object.assign(new TypeError("x"), { row: { id: CANARY }, sql: CANARY, body: CANARY }),
  "a body parser's look": () =>
    Object.assign(new Error(CANARY), { type: "entity.parse.failed", body: CANARY }),
  "an unknown type": () => Object.assign(new Error(CANARY), { type: CANARY, status: 400, expose: true }),
  stack: () => Object.assign(new Error("x"), { stack: `Error: ${CANARY}\n    at f (${CANARY}:1:1)` }),
  "no error": () => CANARY,
  "an object": () => ({ message: CANARY, toString: () => CANARY }),
  aggregate: () => new AggregateError([new Error(CANARY)], CANARY),
};

let planted: () => unknown = () => new Error("nothing planted");

/** A room whose every call throws what is planted, later if it is a promise or a stream that is asked for. */
function broken(): never {
  throw planted();
}
function brokenRoom<T extends object>(real: T, keep: readonly string[] = []): T {
  return new Proxy(real, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (keep.includes(String(key))) return typeof value === "function" ? value.bind(target) : value;
      if (typeof value === "function") return broken;
      return typeof value === "object" && value !== null ? brokenRoom(value, keep) : value;
    },
  });
}

let whole: ApiFixture;
let f: ApiFixture;
let everyone: Caller;
const ALL = ["owner", "auditor", "admin"] as const;

beforeAll(async () => {
  whole = await apiFixture();
  const { catalog, jobs, airlock, ledger } = whole.deps;
  const deps: Partial<ApiDeps> = {
    catalog: brokenRoom(catalog, ["byToken"]),
    jobs: brokenRoom(jobs),
    airlock: brokenRoom(airlock),
    ledger: brokenRoom(ledger, ["beforeCommit"]),
    ready: async () => broken(),
    store: whole.deps.store,
    keys: whole.deps.keys,
  };
  f = await apiFixture(deps);
  everyone = whole.add("everyone", [...ALL]);
});
afterAll(async () => {
  await f.end();
  await whole.end();
});

const search = (place: string, text: string) => {
  if (text.includes(CANARY) || text.includes("Zhang-San"))
    throw new Error(`${place} holds the canary: ${text.slice(0, 400)}`);
};

const sentTo = (name: string): unknown => BODIES[name] ?? {};
const BODIES: Record<string, unknown> = {
  addPrincipal: { name: "n", roles: ["owner"] },
  putMyKey: { public_key: `${"A".repeat(43)}=` },
  createDataset: { name: "n" },
  createGrant: { dataset: "d", purpose: "purpose", access: "sandbox", expires_at: "2030-01-01T00:00:00Z" },
};

describe("a value in what is thrown", () => {
  test.each(Object.keys(THROWN))("(%s) reaches no answer and no log, at any boundary", async (kind) => {
    planted = THROWN[kind]!;
    const answered: string[] = [];
    for (const route of ROUTES) {
      const path = templateOf(route).replaceAll(/\{\w+\}/g, "thing");
      const body = route.streamed ? Buffer.from("a\n1\n") : route.body ? sentTo(route.name) : undefined;
      const headers: Record<string, string> = route.streamed
        ? { "content-type": route.streamed.media[0]! }
        : {};
      const answer = await whole.http(route.method.toUpperCase(), path, {
        token: everyone.token,
        body,
        headers,
      });
      const through = await f.http(route.method.toUpperCase(), path, {
        token: everyone.token,
        body,
        headers,
      });
      for (const one of [answer, through]) {
        search(`${route.name}'s answer`, one.text);
        search(`${route.name}'s headers`, JSON.stringify([...one.headers]));
      }
      if (through.status >= 500) {
        answered.push(route.name);
        expect(Object.keys(through.json).sort()).toEqual(["code", "incident", "status", "title", "type"]);
      }
    }
    search("the log", f.logged());
    const internal = !["cause of a refusal", "params", "a body parser's look"].includes(kind);
    if (internal)
      expect(answered).toEqual(expect.arrayContaining(["listDatasets", "getCheckpoint", "readyz"]));
  });

  test("an incident's id leads from the answer to the log, which knows where and nothing of what", async () => {
    planted = THROWN.message!;
    const { json } = await f.http("GET", "/api/v1/datasets", { token: everyone.token });
    const line = f
      .logged()
      .split("\n")
      .find((l) => l.includes(json.incident))!;
    const entry = JSON.parse(line);
    expect(entry).toMatchObject({ msg: "incident", error: "Error", route: "/api/v1/datasets" });
    expect(entry.frames.length).toBeGreaterThan(0);
    search("the log line", line);
  });

  test("in a stream that breaks, before its first byte and after it, cuts the answer and says nothing", async () => {
    const breaking = async function* (before: readonly string[]) {
      yield* before;
      throw THROWN.message!();
    };
    for (const before of [[], ["first,chunk\n"]]) {
      const original = whole.rooms.catalog.datasets.synthetic;
      whole.rooms.catalog.datasets.synthetic = async () => Readable.from(breaking(before));
      const response = await fetch(`${whole.url}/api/v1/datasets/any/synthetic`, {
        headers: { authorization: `Bearer ${everyone.token}` },
      });
      const text = await response.text().catch(() => "cut");
      whole.rooms.catalog.datasets.synthetic = original;
      search("the answer", text);
      if (before.length === 0) expect(JSON.parse(text).code).toBe("internal");
      else expect(text).toBe("cut");
    }
    search("the log", whole.logged());
  });
});

describe("a value in what is sent", () => {
  test("comes back in no error and stands in no log and no metric", async () => {
    const encoded = encodeURIComponent(CANARY);
    const attempts: [string, string, unknown, Record<string, string>][] = [
      ["GET", `/api/v1/datasets/${encoded}`, undefined, {}],
      ["GET", `/api/v1/${encoded}`, undefined, {}],
      ["GET", `/api/v1/datasets?cursor=${encoded}`, undefined, {}],
      ["GET", `/api/v1/jobs/${encoded}/outputs/${encoded}`, undefined, {}],
      ["GET", `/api/v1/ledger/entries?from=${encoded}`, undefined, {}],
      [
        "POST",
        "/api/v1/datasets",
        { name: `${CANARY}/`, title: 7, unit_column: CANARY, open_type: CANARY },
        {},
      ],
      [
        "POST",
        "/api/v1/datasets",
        Buffer.from(`{"name": "${CANARY}", }`),
        { "content-type": "application/json" },
      ],
      ["POST", "/api/v1/datasets", { name: "x" }, { "idempotency-key": `${CANARY} with space` }],
      ["PATCH", "/api/v1/datasets/x", {}, { "if-match": CANARY }],
      ["POST", "/api/v1/datasets", Buffer.from(CANARY), { "content-type": `text/${CANARY}` }],
      ["PUT", "/api/v1/datasets/none/content", Buffer.from(`a\n${CANARY}\n`), { "content-type": "text/csv" }],
      [
        "GET",
        "/api/v1/me",
        undefined,
        { "x-request-id": CANARY, "user-agent": CANARY, "accept-language": CANARY },
      ],
    ];
    for (const [method, path, body, headers] of attempts) {
      const answer = await whole.http(method, path, { token: everyone.token, body, headers });
      search(`${method} ${path}`, answer.text);
      search(`${method} ${path} headers`, JSON.stringify([...answer.headers]));
    }
    search("the log", whole.logged());
    search("metrics", (await whole.http("GET", "/metrics", { token: whole.admin.token })).text);
  });

  test("a wrong token is not logged", async () => {
    await whole.http("GET", "/api/v1/me", { token: CANARY });
    search("the log", whole.logged());
  });
});
