/** The harness itself, where a flaw would make other tests pass for nothing. */
import { statSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { isAlive } from "../harness/processes.js";
import { type PrivateRedis, privateRedis } from "../harness/redis.js";

let redis: PrivateRedis | undefined;
let client: Redis | undefined;
afterEach(async () => {
  client?.disconnect();
  await redis?.stop();
});

const connected = (path: string) => new Redis({ path, maxRetriesPerRequest: null });

test("a private Redis keeps what it was told through a kill, and forgets it when wiped", async () => {
  redis = await privateRedis();
  client = connected(redis.path);
  await client.set("k", "v");
  await client.call("WAITAOF", 1, 0, 1000).catch(() => client?.call("BGREWRITEAOF")); // before Redis 7.2: no WAITAOF
  const killed = redis.pid();
  await redis.kill9();
  expect(isAlive(killed)).toBe(false);
  await redis.restart();
  expect(redis.pid()).not.toBe(killed);
  expect(await client.get("k")).toBe("v");
  await redis.kill9();
  await redis.restart({ wipe: true });
  expect(await client.get("k")).toBeNull();
});

test("a private Redis listens on its socket alone, and leaves nothing behind", async () => {
  redis = await privateRedis();
  client = connected(redis.path);
  expect(await client.config("GET", "port")).toEqual(["port", "0"]);
  expect(statSync(redis.path).mode & 0o077).toBe(0);
  client.disconnect();
  await redis.stop();
  expect([isAlive(redis.pid()), () => statSync(redis?.path ?? "")]).toEqual([false, expect.any(Function)]);
  expect(() => statSync(redis?.path ?? "")).toThrow(/ENOENT/);
  redis = undefined;
});
