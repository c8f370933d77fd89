/**
 * The sweep proves itself: a value deliberately put at each kind of surface, in each encoding, is found, and what
 * holds none shows none. A search that cannot fail would prove nothing.
 */
import { spawn } from "node:child_process";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import { Redis } from "ioredis";
import { dockerCall } from "../../../scripts/setup/docker-http.mjs";
import {
  type PrivateRedis,
  privateRedis,
  sharedEngine,
  type TempDir,
  tempDir,
  terminate,
  until,
} from "../../harness/index.js";
import { testSeed } from "../../harness/seed.js";
import { CANARIES } from "./data.js";
import { MINIMUM, needlesOf, toGbk } from "./needles.js";
import { askAll, routesOf, uncovered } from "./routes.js";
import { collected, container, database, folder, grown, processes, redisKeys } from "./surfaces.js";
import { type Surface, sweep } from "./sweep.js";

const canaryOf = (name: string): string => CANARIES.find((canary) => canary.name === name)!.value;
const [TEXT, HAN, INTEGER, DECIMAL] = ["text", "Chinese name", "integer", "decimal"].map(canaryOf) as [
  string,
  string,
  string,
  string,
];

const seenIn = async (surface: Surface): Promise<string[]> => {
  const { sightings } = await sweep(CANARIES, [surface]);
  return [...new Set(sightings.map(({ canary }) => canary))];
};
const inBytes = (bytes: Buffer): Promise<string[]> => seenIn(collected("bytes", () => [["x", bytes]]));
/** Amid what is not it, at an odd place. */
const amid = (bytes: Buffer | string): Buffer =>
  Buffer.concat([randomBytes(1001), Buffer.from(bytes), randomBytes(777)]);

const hexOf = (text: string): string => Buffer.from(text).toString("hex");
const units = (text: string, spell: (unit: number) => string): string =>
  Array.from({ length: text.length }, (_, i) => spell(text.charCodeAt(i))).join("");
const double = (text: string): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(Number(text));
  return bytes;
};
const long = (text: string): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(text));
  return bytes;
};

function zipped(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content);
  const head = Buffer.alloc(30);
  head.write("PK\x03\x04", "latin1");
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(packed.length, 18);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, Buffer.from(name), packed]);
}

/** A gzip with its file's name in its head, as gzip(1) writes it. */
function namedGzip(content: string): Buffer {
  const plain = gzipSync(content);
  const head = Buffer.from(plain.subarray(0, 10));
  head[3] = 0x08;
  return Buffer.concat([head, Buffer.from("name.csv\0"), plain.subarray(10)]);
}

/** What a surface could make of a value, spelled here by other means than the sweep's own. */
const SPELLED: Record<string, [canary: string, bytes: Buffer | string]> = {
  "as it is": ["text", TEXT],
  "the beginning of a text": ["text", `Unexpected token, "${TEXT.slice(0, 10)}"... is not`],
  "the middle of a number": ["integer", `...${INTEGER.slice(2, 13)}...`],
  "upper case": ["text", TEXT.toUpperCase()],
  "Chinese text": ["Chinese name", HAN],
  "three characters of it": ["Chinese name", HAN.slice(1, 4)],
  "JSON with \\u": ["Chinese name", units(HAN, (unit) => `\\u${unit.toString(16).padStart(4, "0")}`)],
  "JSON with \\u of ASCII": [
    "text",
    units(TEXT, (unit) => `\\u${unit.toString(16).padStart(4, "0").toUpperCase()}`),
  ],
  percent: ["Chinese name", encodeURIComponent(HAN)],
  "percent in lower case": ["Chinese name", encodeURIComponent(HAN).toLowerCase()],
  "a Python literal of bytes": ["Chinese name", hexOf(HAN).replace(/../g, "\\x$&")],
  HTML: ["Chinese name", units(HAN, (unit) => `&#${unit};`)],
  base64: ["text", Buffer.from(`{"note":"${TEXT}"}`).toString("base64")],
  "base64 one byte on": ["text", Buffer.from(`x{"note":"${TEXT}"}`).toString("base64")],
  "base64 two bytes on": ["Chinese name", Buffer.from(`xx{"note":"${HAN}"}`).toString("base64")],
  base64url: ["Chinese name", Buffer.from(`?>${HAN}?>`).toString("base64url")],
  hex: ["text", hexOf(TEXT)],
  "hex in upper case": ["identifier", hexOf(canaryOf("identifier")).toUpperCase()],
  "UTF-16": ["text", Buffer.from(TEXT, "utf16le")],
  "UTF-16, big end first": ["Chinese name", Buffer.from(HAN, "utf16le").swap16()],
  GBK: ["Chinese name", Buffer.from("c5b7d1f4c4bdd4c6c0bd", "hex")],
  "UTF-8 taken for Latin-1": ["Chinese name", Buffer.from(Buffer.from(HAN).toString("latin1"))],
  reversed: ["text", [...TEXT].reverse().join("")],
  "full-width digits": ["integer", units(INTEGER, (unit) => String.fromCharCode(unit + 0xfee0))],
  "grouped digits": ["integer", Number(INTEGER).toLocaleString("en-US")],
  "a 64-bit number": ["integer", long(INTEGER)],
  "a double": ["decimal", double(DECIMAL)],
  "a double of an integer": ["integer", double(INTEGER)],
  "rounded to eight digits": ["decimal", Number(DECIMAL).toPrecision(8)],
  "scaled by a thousand": ["decimal", String(Number(DECIMAL) * 1000)],
  "in percent": ["decimal", String(Number(DECIMAL) / 100)],
  exponential: ["integer", Number(INTEGER).toExponential(9)],
  "an unsalted hash": ["identifier", createHash("sha256").update(canaryOf("identifier")).digest("hex")],
  gzip: ["text", gzipSync(`a line\n${TEXT}\n`)],
  "gzip with a name": ["text", namedGzip(TEXT)],
  zlib: ["Chinese name", deflateSync(HAN)],
  "a zip within a gzip": ["integer", gzipSync(zipped("a.txt", Buffer.from(INTEGER)))],
};

describe("an encoding", () => {
  test.each(Object.entries(SPELLED))("(%s) is seen through", async (_, [canary, bytes]) => {
    expect(await inBytes(amid(bytes))).toEqual([canary]);
  });

  test("of GBK is that of the platform's own reader", () => {
    expect(new TextDecoder("gb18030").decode(toGbk(`a${HAN}z`))).toBe(`a${HAN}z`);
  });

  test("whichever it is, no needle is so short that chance makes it", () => {
    for (const { bytes } of needlesOf(CANARIES)) expect(bytes.length).toBeGreaterThanOrEqual(MINIMUM);
  });

  test("that was cut short still says what it held", async () => {
    const whole = gzipSync(`${TEXT}\n${randomBytes(4000).toString("hex")}`);
    expect(await inBytes(Buffer.concat([randomBytes(500), whole.subarray(0, -900)]))).toEqual(["text"]);
  });

  test("and two megabytes of noise, digits, hex and base64 show none", async () => {
    const noise = createCipheriv("chacha20", seededKey(), Buffer.alloc(16)).update(Buffer.alloc(500_000));
    const digits = Array.from(noise, (byte) => byte % 10).join("");
    for (const bytes of [noise, noise.toString("hex"), noise.toString("base64"), digits])
      expect(await inBytes(Buffer.from(bytes))).toEqual([]);
  });
});

/** The same noise each time: a short needle stands by chance in some draws of so many digits. */
function seededKey(): Buffer {
  return createHash("sha256").update(`noise ${testSeed()}`).digest();
}

describe("a surface", () => {
  let place: TempDir;
  let redis: PrivateRedis;
  let client: Redis;
  beforeAll(async () => {
    place = tempDir("sweep");
    redis = await privateRedis();
    client = new Redis({ path: redis.path });
  });
  afterAll(async () => {
    client?.disconnect();
    await redis?.stop();
    place?.remove();
  });
  const fresh = (name: string): string => {
    const path = join(place.path, name);
    mkdirSync(path);
    return path;
  };

  test("that holds nothing is an error, not a pass", async () => {
    await expect(sweep(CANARIES, [collected("silence", () => [])])).rejects.toThrow("held nothing");
  });

  test("of files is looked at in content, name, target of links and depth, and nowhere else", async () => {
    const root = fresh("files");
    writeFileSync(join(root, "ordinary"), randomBytes(3_000_000));
    expect(await seenIn(folder("f", root))).toEqual([]);
    mkdirSync(join(root, "a", "b"), { recursive: true });
    writeFileSync(join(root, "a", "b", "deep"), Buffer.concat([randomBytes(1_048_570), Buffer.from(TEXT)]));
    expect(await seenIn(folder("f", root))).toEqual(["text"]);
    expect(await seenIn(folder("f", root, /^a(\/|$)/))).toEqual([]);
    writeFileSync(join(root, HAN), "");
    symlinkSync(INTEGER, join(root, "link"));
    expect((await seenIn(folder("f", root))).sort()).toEqual(["Chinese name", "integer", "text"]);
  });

  test("of a stream is looked at across its chunks, however it is cut", async () => {
    for (let cut = 1; cut < TEXT.length; cut++) {
      const parts = [
        amid("").subarray(0, 900),
        Buffer.from(TEXT.slice(0, cut)),
        Buffer.from(TEXT.slice(cut)),
      ];
      const cutUp = (async function* () {
        yield* parts;
      })();
      expect(await seenIn({ name: "s", pieces: () => [{ name: "x", bytes: cutUp }] })).toEqual(["text"]);
    }
  });

  test("of a database is looked at in every table, in text, bytes and numbers, also where a page splits it", async () => {
    const file = join(place.path, "db.sqlite");
    const db = new Database(file);
    db.pragma("journal_mode = WAL");
    db.exec("CREATE TABLE a (x); CREATE TABLE b (y BLOB, z INTEGER)");
    const put = db.prepare("INSERT INTO a VALUES (?)");
    put.run("ordinary");
    expect(await seenIn(database("d", file))).toEqual([]);
    put.run(`${"x".repeat(9000)}${TEXT}`);
    db.prepare("INSERT INTO b VALUES (?, ?)").run(Buffer.from(HAN), BigInt(INTEGER));
    expect((await seenIn(database("d", file))).sort()).toEqual(["Chinese name", "integer", "text"]);
    expect(await seenIn(folder("wal", place.path, /^(?!db\.sqlite-wal)/))).toContain("text");
    db.close();
  });

  const IN_REDIS: Record<string, () => Promise<unknown>> = {
    key: () => client.set(`bull:${TEXT}`, "1"),
    string: () => client.set("s", TEXT),
    list: () => client.rpush("l", "x", TEXT),
    set: () => client.sadd("set", TEXT),
    "sorted set": () => client.zadd("z", 1, TEXT),
    hash: () => client.hset("h", "data", JSON.stringify({ note: TEXT })),
    stream: () => client.xadd("x", "*", "data", TEXT),
    "script in the slow log": async () => {
      await client.config("SET", "slowlog-log-slower-than", "0");
      await client.echo(TEXT);
    },
  };
  test.each(Object.entries(IN_REDIS))("of Redis is looked at by type (%s)", async (_, put) => {
    await client.flushall();
    await client.call("SLOWLOG", "RESET");
    expect(await seenIn(redisKeys("r", client))).toEqual([]);
    await put();
    expect(await seenIn(redisKeys("r", client))).toEqual(["text"]);
  });

  test("of processes is looked at in arguments, environment and name", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", TEXT], {
      env: { NAME: HAN },
    });
    await new Promise((resolve) => child.once("spawn", resolve));
    try {
      expect((await seenIn(processes("p", () => [child.pid!]))).sort()).toEqual(["Chinese name", "text"]);
    } finally {
      await terminate(child);
    }
  });

  test("of a log is looked at from where it was", async () => {
    const file = join(place.path, "log");
    writeFileSync(file, `${HAN}\n`);
    const surface = grown("log", file);
    appendFileSync(file, "ordinary\n");
    expect(await seenIn(surface)).toEqual([]);
    appendFileSync(file, `${TEXT}\n`);
    expect(await seenIn(surface)).toEqual(["text"]);
  });

  test("of a container is looked at in its settings, its layer and its own log", async () => {
    const { socketPath, python } = await sharedEngine();
    const program = `open("/tmp/planted", "w").write("${TEXT}"); print("${HAN}", flush=True); import time; time.sleep(600)`;
    // Each character one further, so that the settings hold none of it.
    const moved = JSON.stringify([...program].map((c) => c.charCodeAt(0) + 1));
    const made = await createContainer(socketPath, {
      Image: python,
      Entrypoint: [],
      Cmd: ["python3", "-c", `exec("".join(chr(c - 1) for c in ${moved}))`],
      Env: [`NUMBER=${INTEGER}`],
      HostConfig: { NetworkMode: "none", LogConfig: { Type: "json-file", Config: {} } },
    });
    try {
      await dockerCall(socketPath, "POST", `/containers/${made}/start`);
      let seen: string[] = [];
      await until(async () => {
        seen = await seenIn(container("c", socketPath, made));
        return seen.length === 3;
      }, "what it does to show");
      expect(seen.sort()).toEqual(["Chinese name", "integer", "text"]);
    } finally {
      await dockerCall(socketPath, "DELETE", `/containers/${made}?force=1`);
    }
  });
});

async function createContainer(socketPath: string, settings: object): Promise<string> {
  const body = JSON.stringify(settings);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const path = "/v1.41/containers/create";
    request({ socketPath, method: "POST", path, agent: false, headers }, resolve)
      .once("error", reject)
      .end(body);
  });
  return JSON.parse(await text(answer)).Id;
}

describe("the routes", () => {
  const paths = {
    "/api/v1/me": { get: { operationId: "getMe" } },
    "/api/v1/rows": { get: { operationId: "getRows" } },
  };

  test("that are not asked are named, and so are those that are no more", () => {
    const missing = uncovered(routesOf({ paths }));
    expect(missing).toContain("getRows");
    expect(missing).toContain("getJob");
    expect(missing).not.toContain("getMe");
  });

  test("of an unknown parameter are refused, not passed over", async () => {
    const routes = routesOf({ paths: { "/api/v1/me/{thing}": { get: { operationId: "getMe" } } } });
    const subjects = {
      datasets: [],
      jobs: [],
      releases: [],
      grants: [],
      uploads: [],
      files: [],
      output: "",
      guess: "",
    };
    await expect(
      askAll("http://127.0.0.1:1", routes, [{ name: "nobody" }], subjects, "reading"),
    ).rejects.toThrow("parameters");
  });
});
