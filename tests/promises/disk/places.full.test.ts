/**
 * Promise 5, the disk, beside the data directory: a log, a backup, a restored node, a person's download, the private
 * Redis and the first start each meet a disk that is full. What it is is told, nothing is left by half, and the same
 * goes well once there is room. The node's own directory is filled in full.test.ts.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { Redis } from "ioredis";
import { saveStream } from "../../../src/cli/download.js";
import { SealedCache } from "../../../src/jobs/worker/cache.js";
import { glovebox, Terminal } from "../../cli/fixture.js";
import {
  Person,
  publishFlchain,
  type RunningNode,
  startNode,
  type TempDir,
  tempDir,
  until,
} from "../../harness/index.js";
import { SmallDisk } from "./small-disk.js";

const HOME = process.env.HOME!;
const FULL = { code: 1, error: "insufficient_storage" };

let disk: SmallDisk;
let place: TempDir;
let node: RunningNode;
let owner: Person;
const on = (name: string): string => join(disk.data, name);

beforeAll(async () => {
  disk = new SmallDisk(64);
  place = tempDir("places");
  const log = on("node.log");
  node = await startNode({
    dataDir: join(place.path, "data"),
    workers: 0,
    under: ["sh", "-c", `exec "$@" 2>> ${log}`, "sh"],
  });
  const admin = Person.admin(node.url, node.adminToken);
  owner = await Person.add(admin, "owner", ["owner"]);
  const auditors = [
    await Person.add(admin, "first", ["auditor"]),
    await Person.add(admin, "second", ["auditor"]),
  ];
  await publishFlchain(owner, auditors);
});
afterAll(async () => {
  await node?.destroy();
  disk?.end();
  place?.remove();
});
beforeEach(() => disk.empty());
/** A machine with other work takes several times as long; no test depends on how long. */
jest.setTimeout(300_000);

const said = async (...words: string[]) => {
  const ran = await glovebox([...words, "--json"], { HOME });
  return { code: ran.code, error: ran.json?.error?.code, json: ran.json };
};

describe("a backup", () => {
  test.each(["backup", "backup.tar"])(
    "(%s) onto a full disk is refused and leaves nothing; with room it is taken",
    async (name) => {
      const take = () => said("backup", on(name), "--data-dir", node.dataDir);
      const before = readdirSync(disk.data);
      for (const leave of [0, 100_000]) {
        disk.fill(leave);
        expect(await take()).toMatchObject(FULL);
        expect(readdirSync(disk.data)).toEqual(before);
        disk.empty();
      }
      expect((await take()).code).toBe(0);
    },
  );

  test("that finds no room to be restored to leaves the target as it was; with room it is restored", async () => {
    const backup = join(place.path, "taken.tar");
    expect((await said("backup", backup, "--data-dir", node.dataDir)).code).toBe(0);
    const restore = () => said("restore", backup, "--data-dir", on("restored"));
    for (const leave of [8192, 200_000]) {
      disk.fill(leave);
      expect(await restore()).toMatchObject(FULL);
      disk.empty();
      const left = existsSync(on("restored")) ? readdirSync(on("restored")) : [];
      expect(left.filter((name) => !/^node\.(lock|pid)$/.test(name))).toEqual([]);
    }
    expect((await restore()).json).toMatchObject({ ok: true, restored: true });
    rmSync(on("restored"), { recursive: true });
  });
});

describe("a log", () => {
  test("that cannot be written costs lines and nothing else; with room it goes on", async () => {
    const lines = (): number => readFileSync(on("node.log"), "utf8").split("\n").length;
    disk.fill();
    // More than a page of the file could still take.
    for (let i = 0; i < 200; i++) await owner.http("POST", "/api/v1/datasets", { body: { name: "flchain" } });
    const before = lines();
    expect((await node.http("GET", "/readyz")).status).toBe(200);
    disk.empty();
    await until(async () => {
      await owner.http("POST", "/api/v1/datasets", { body: { name: "flchain" } });
      return lines() > before;
    }, "a line to be written again");
  });
});

describe("a node", () => {
  test("that begins on a full disk says so, leaves nothing that stands in its way, and begins with room", async () => {
    const first = on("first");
    disk.fill(16_384);
    const words = ["up", "--data-dir", first, "--port", "0", "--workers", "0"];
    expect(await said(...words)).toMatchObject(FULL);
    disk.empty();
    const begun = await startNode({ dataDir: first, workers: 0 });
    try {
      expect((await begun.http("GET", "/readyz")).json.checks.storage).toBe(true);
    } finally {
      await begun.destroy();
      rmSync(first, { recursive: true, force: true });
    }
  });

  test("whose Redis finds no room for its file goes on without wake-ups, and has them again with room", async () => {
    const second = on("second");
    const running = await startNode({ dataDir: second, workers: 0 });
    const redis = new Redis({ path: join(second, "redis", "redis.sock") });
    try {
      disk.fill();
      const refused = () =>
        redis.set("probe", "x".repeat(100_000)).then(
          () => false,
          (error: Error) => /MISCONF|OOM|AOF/.test(error.message),
        );
      await until(refused, "Redis to refuse what it cannot keep");
      expect((await running.http("GET", "/healthz")).status).toBe(200);
      disk.empty();
      await until(
        () =>
          redis.set("probe", "y").then(
            () => true,
            () => false,
          ),
        "Redis to take it again",
      );
    } finally {
      redis.disconnect();
      await running.destroy();
      rmSync(second, { recursive: true, force: true });
    }
  });
});

describe("a worker's cache of Views", () => {
  test("without room is done without: the View comes past it, and nothing of it stays", async () => {
    const cache = new SealedCache(on("cache"), 1 << 30);
    const object = "a".repeat(64);
    const content = Buffer.alloc(500_000, 7);
    let fetched = 0;
    const open = async (): Promise<number> => {
      let bytes = 0;
      const source = await cache.open(object, async () => {
        fetched++;
        return Readable.from([content]);
      });
      for await (const part of source) bytes += (part as Buffer).length;
      return bytes;
    };
    for (const leave of [0, 100_000]) {
      disk.fill(leave);
      expect(await open()).toBe(content.length);
      disk.empty();
      expect(existsSync(on("cache")) ? readdirSync(on("cache")) : []).toEqual([]);
    }
    expect([await open(), await open(), fetched]).toEqual([content.length, content.length, 5]);
  });
});

describe("a person's folder", () => {
  test("that has no room for a download gets none of it, and is told why", async () => {
    disk.fill(50_000);
    const saving = saveStream(Readable.from([Buffer.alloc(200_000)]), on("twin.csv"));
    await expect(saving).rejects.toMatchObject({ code: "ENOSPC" });
    expect(readdirSync(disk.data).filter((name) => name.startsWith("twin"))).toEqual([]);
  });

  test("that has no room for a profile keeps the one it had", async () => {
    const terminal = new Terminal({ HOME: on("home"), XDG_CONFIG_HOME: on("home") });
    await terminal.must("login", "--url", node.url, "--token", owner.token);
    const profile = join(on("home"), "glovebox", "profile.json");
    const before = readFileSync(profile, "utf8");
    disk.fill();
    const ran = await terminal.run("login", "--url", node.url, "--token", node.adminToken, "--json");
    expect([ran.code, ran.json.error.code]).toEqual([1, "insufficient_storage"]);
    expect(readFileSync(profile, "utf8")).toBe(before);
    expect(readdirSync(join(on("home"), "glovebox")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
