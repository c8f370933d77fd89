/**
 * Attack: values in what is thrown, where nobody catches it and where everything that is said goes to a log. A process
 * is made to throw by what it is given (an answer, a setting, a module loaded before it), never by a hook of its own.
 */
import { spawn } from "node:child_process";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import { packageRoot } from "../../../scripts/setup/home.mjs";
import { ERRORS, GloveboxError, traceOf } from "../../../src/vocabulary/index.js";
import { glovebox } from "../../cli/fixture.js";
import { tempDir, terminate, until } from "../../harness/index.js";
import { CANARIES } from "./data.js";
import { collected } from "./surfaces.js";
import { sweep, told } from "./sweep.js";

const VALUES = CANARIES.map(({ value }) => value);
const SAID = VALUES.join(" ");
const [ID = "", NAME = "", NOTE = ""] = VALUES;
/** A word that could be a class's, a code's or a file's name. */
const WORD = { name: "word", kind: "text", value: "ZhangSanWuhan" } as const;

async function shows(what: string, said: string): Promise<string[]> {
  const surface = collected(what, () => [[what, `${what}: ${said}`]]);
  return told((await sweep([...CANARIES, WORD], [surface])).sightings);
}

function parserError(broken: string): unknown {
  try {
    return JSON.parse(broken);
  } catch (error) {
    return error;
  }
}

function sqliteError(): unknown {
  const db = new Database(":memory:");
  try {
    return db.exec(`SELECT '${SAID}' FROM "${ID}"`);
  } catch (error) {
    return error;
  } finally {
    db.close();
  }
}

const root = packageRoot;
const changed = (message: string): Error => {
  const error = new Error(`first\n    at ${root}/dist/a.js:1:1`);
  error.message = message;
  return error;
};
const with_ = (more: object): Error => Object.assign(new Error("x"), more);

const THROWN: Record<string, () => unknown> = {
  message: () => new Error(SAID),
  "a message that looks like places": () =>
    new Error(
      `x\n    at ${WORD.value} (${root}/dist/${WORD.value}.js:1:1)\n    at ${NOTE} (/${NOTE}.js:1:1)`,
    ),
  "a message that was changed": () => changed(SAID),
  "a stack of its own": () =>
    with_({
      stack: `Error: ${NOTE}\n    at f (/${NOTE}.js:1:1)\n    at ${WORD.value} (/x/${WORD.value}.js:1:1)`,
    }),
  "a place with a number": () => with_({ stack: `Error: x\n    at f (${root}/dist/a.js:48151623423776:1)` }),
  name: () => with_({ name: `${WORD.value}Error` }),
  "digits for a code": () => with_({ code: "E48151623423776" }),
  "a word for a code": () => with_({ code: WORD.value.toUpperCase() }),
  properties: () => with_({ row: VALUES, sql: SAID }),
  "no error": () => SAID,
  "no error, with a stack": () => ({
    name: WORD.value,
    stack: `    at ${root}/dist/a.js:1:1`,
    message: SAID,
  }),
  "a cause": () => new Error("x", { cause: new Error(SAID) }),
  "a refusal": () => new GloveboxError("internal", { detail: SAID }, new Error(SAID)),
  "many in one": () => new AggregateError([new Error(SAID)], SAID),
  "a parser's": () => parserError(`{"a": ${NOTE}}`),
  "a database's": sqliteError,
};

describe("what is logged of an error", () => {
  test.each(Object.entries(THROWN))("(%s) is no value", async (what, thrown) => {
    expect(await shows(what, JSON.stringify(traceOf(thrown())))).toEqual([]);
  });

  test("is its class, its code and where it was thrown, also where its message looks like a place", () => {
    const missing = Object.assign(new Error("x"), { code: "ENOSPC" });
    expect(traceOf(missing)).toMatchObject({ error: "Error", error_code: "ENOSPC" });
    expect(traceOf(Object.assign(new Error("x"), { name: "AbortError" }))).toMatchObject({
      error: "AbortError",
    });
    const own = traceOf(new GloveboxError("stale", {}, missing));
    expect([own.error, own.error_code, "stale" in ERRORS]).toEqual(["GloveboxError", "stale", true]);
    for (const error of [missing, THROWN["a message that looks like places"]!()])
      expect(traceOf(error).frames[0]).toMatch(/^tests\/promises\/canaries\/errors\.test\.ts:\d+:\d+$/);
  });
});

/** A module that throws once the process is under way, as a dependency with a flaw would. */
const flaw = (how: string): string => {
  const wait = `const t = setInterval(() => {
    if (process.listenerCount("uncaughtException") === 0) return;
    clearInterval(t); ${how}
  }, 5)`;
  return `--import data:text/javascript,${encodeURIComponent(wait)}`;
};
const FLAWS: Record<string, string> = {
  "an error that nobody caught": `throw Object.assign(new TypeError(${JSON.stringify(SAID)}), { row: ${JSON.stringify(VALUES)} })`,
  "a rejection that nobody handled": `Promise.reject(new Error(${JSON.stringify(SAID)}))`,
  "a value that is no error": `throw ${JSON.stringify(SAID)}`,
};

interface Ended {
  code: number | null;
  said: string;
}

async function runWorker(env: Record<string, string>, until_?: (said: string) => boolean): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, "dist/jobs/worker/main.js")], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      said += part;
    });
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  if (until_) {
    await until(() => until_(said) || child.exitCode !== null, "the worker to say it");
    await terminate(child);
  }
  return { code: await exit, said };
}

describe("a process that crashes says no value", () => {
  test.each(Object.entries(FLAWS))("the node (%s)", async (_, how) => {
    const place = tempDir("crash");
    try {
      const words = ["up", "--data-dir", join(place.path, "data"), "--port", "0", "--workers", "0", "--json"];
      // A Redis of its own would be left behind.
      const env = { NODE_OPTIONS: flaw(how), HOME: place.path, REDIS_URL: "redis://127.0.0.1:1" };
      const ran = await glovebox(words, env);
      expect([ran.code, ran.stderr]).toEqual([70, expect.stringContaining("the node crashed")]);
      expect(await shows("stdout and stderr", ran.stdout + ran.stderr)).toEqual([]);
    } finally {
      place.remove();
    }
  });

  test.each(Object.entries(FLAWS))("a worker (%s)", async (_, how) => {
    const silent = await answering(() => undefined);
    try {
      const { code, said } = await runWorker({ ...silent.env, NODE_OPTIONS: flaw(how) });
      expect([code, JSON.parse(said.trim().split("\n").at(-1)!)]).toMatchObject([
        70,
        { msg: "the worker crashed" },
      ]);
      expect(await shows("stdout and stderr", said)).toEqual([]);
    } finally {
      await silent.close();
    }
  });
});

/** Something that is not the node, at the node's address. */
async function answering(answer: (path: string, res: ServerResponse) => void) {
  const server = createServer((req, res) => answer(req.url ?? "", res));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    env: { GLOVEBOX_CONTROL: url, GLOVEBOX_WORKER_TOKEN: "token" },
    close: () =>
      new Promise<void>((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

const RUN = "run_01JDXXXXXXXXXXXXXXXXXXXXXX";
const ANSWERS: Record<string, (res: ServerResponse) => void> = {
  "no JSON": (res) => void res.end(`{"run": ${NOTE} ${SAID}`),
  "a problem of another's": (res) =>
    void res
      .writeHead(422, { "content-type": "application/problem+json" })
      .end(JSON.stringify({ code: ID, detail: SAID })),
  "text with a failure": (res) => void res.writeHead(418).end(SAID),
  "a lease that is none": (res) =>
    void res.end(JSON.stringify({ run: RUN, order: { image: NAME, files: SAID } })),
  "a body that breaks off": (res) => {
    res.writeHead(200, { "content-length": "9999" });
    res.write(SAID);
    setTimeout(() => res.destroy(), 50);
  },
};

describe("another at the node's address, who answers with values", () => {
  /** Each answer by a server of its own, all at once. */
  const eachAnswer = (act: (what: string, other: Awaited<ReturnType<typeof answering>>) => Promise<void>) =>
    Promise.all(
      Object.entries(ANSWERS).map(async ([what, answer]) => {
        // All that comes before the first lease is answered as the node would.
        const other = await answering((path, res) => {
          if (/\/(claim|jobs)$/.test(path)) answer(res);
          else res.end(JSON.stringify({ node: "n", runs: [] }));
        });
        await act(what, other).finally(() => other.close());
      }),
    );

  test("finds them repeated in no worker's log", () =>
    eachAnswer(async (what, { env }) => {
      const { said } = await runWorker(env, (log) => log.includes('"msg"'));
      expect([what, said.length > 0, await shows(what, said)]).toEqual([what, true, []]);
    }));

  test("finds them repeated by no command", () =>
    eachAnswer(async (what, { url }) => {
      const ran = await glovebox(["job", "list", "--url", url, "--token", "t", "--json"]);
      expect([what, ran.code !== 0, await shows(what, ran.stdout + ran.stderr)]).toEqual([what, true, []]);
    }));
});
