/** Counters, open streams and the orderly stop. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { stopServer } from "../../src/api/index.js";
import { type ApiFixture, apiFixture, expectStatus, grant, jobSpec, publish } from "./fixture.js";

let f: ApiFixture | undefined;
afterEach(async () => {
  await f?.end();
  f = undefined;
});

describe("rate limits", () => {
  test("a token that used up its minute is told how long to wait; another's is its own", async () => {
    f = await apiFixture({ settings: { rateLimits: { requests: 5, failures: 1000 } } });
    for (let i = 0; i < 5; i++) await expectStatus(200, f.owner.http("GET", "/api/v1/me"));
    const limited = await f.owner.http("GET", "/api/v1/me");
    expect([limited.status, limited.json.code]).toEqual([429, "rate_limited"]);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectStatus(200, f.researcher.http("GET", "/api/v1/me"));
  });

  test("guessing tokens is slowed by address, and does not shut out who has one", async () => {
    f = await apiFixture({ settings: { rateLimits: { requests: 1000, failures: 3 } } });
    for (let i = 0; i < 3; i++) {
      expect((await f.http("GET", "/api/v1/me", { token: `guessed-token-${i}` })).status).toBe(401);
    }
    expect((await f.http("GET", "/api/v1/me", { token: "guessed-token-4" })).status).toBe(429);
    await expectStatus(200, f.owner.http("GET", "/api/v1/me"));
  });
});

describe("event streams", () => {
  test("are so many for one principal, and end when the node stops", async () => {
    const shutdown = new AbortController();
    f = await apiFixture({ shutdown: shutdown.signal });
    await publish(f, "streams");
    await grant(f, "streams", f.researcher.name);
    const { json } = await expectStatus(202, f.researcher.http("POST", "/api/v1/jobs", jobSpec("streams")));
    const { url, researcher } = f;
    const open = () =>
      fetch(`${url}/api/v1/jobs/${json.id}/events`, {
        headers: { authorization: `Bearer ${researcher.token}` },
      });
    const streams = await Promise.all(Array.from({ length: 32 }, open));
    expect(streams.every((s) => s.status === 200)).toBe(true);
    const refused = await open();
    expect(refused.status).toBe(429);
    await refused.text();
    const texts = Promise.all(streams.map((s) => s.text()));
    const began = Date.now();
    shutdown.abort();
    await stopServer(f.server, 10_000);
    expect(Date.now() - began).toBeLessThan(5_000);
    for (const text of await texts) expect(text).toContain('"state":"queued"');
  });

  test("say nothing more to a principal that was revoked", async () => {
    f = await apiFixture();
    await publish(f, "revoked");
    const leaving = f.add("leaving", ["researcher"]);
    await grant(f, "revoked", leaving.name);
    const { json } = await expectStatus(202, leaving.http("POST", "/api/v1/jobs", jobSpec("revoked")));
    const stream = await fetch(`${f.url}/api/v1/jobs/${json.id}/events`, {
      headers: { authorization: `Bearer ${leaving.token}` },
    });
    await expectStatus(200, f.admin.http("POST", "/api/v1/principals/leaving/revoke", {}));
    await f.rooms.jobs.tick();
    f.rooms.clock.advance(3_600_000);
    await f.rooms.jobs.tick();
    const states = [...(await stream.text()).matchAll(/"state":"(\w+)"/g)].map((m) => m[1]);
    expect(states).toEqual(["queued"]);
  });

  test("a client that leaves frees its place", async () => {
    f = await apiFixture();
    await publish(f, "leaves");
    await grant(f, "leaves", f.researcher.name);
    const { json } = await expectStatus(202, f.researcher.http("POST", "/api/v1/jobs", jobSpec("leaves")));
    for (let i = 0; i < 40; i++) {
      const gone = new AbortController();
      const stream = await fetch(`${f.url}/api/v1/jobs/${json.id}/events`, {
        headers: { authorization: `Bearer ${f.researcher.token}` },
        signal: gone.signal,
      });
      expect(stream.status).toBe(200);
      gone.abort();
      // The place is free once the server has seen the close, which a further request comes after.
      await expectStatus(200, f.researcher.http("GET", "/api/v1/me"));
    }
  });
});
