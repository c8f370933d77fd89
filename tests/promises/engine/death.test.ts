/** Attack: kill an engine at any moment of its work. Nothing may stay behind, and the next request must work. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { bytesOf, errorOf, flchain, importAll, streamOf } from "../../catalog/engine/support.js";
import { enginesOf } from "./processes.js";

let engine: Engine;
beforeAll(() => {
  engine = createEngine({ processes: 2 });
});
afterAll(async () => {
  await engine.close();
  expect(enginesOf(process.pid)).toEqual([]);
});

const killAll = (): void => {
  for (const pid of enginesOf(process.pid)) process.kill(pid, "SIGKILL");
};
const temporary = (): string[] =>
  readdirSync(tmpdir()).filter((name) => /^(engine-|records|typed|version)/.test(name));

/** A source that gives a piece and kills the engines once it is asked for the next. */
function killingSource(pieces: number): Readable {
  async function* give() {
    const csv = flchain();
    const size = Math.ceil(csv.length / 20);
    for (let i = 0; i < 20; i++) {
      if (i === pieces) killAll();
      yield Buffer.from(csv.slice(i * size, (i + 1) * size));
    }
  }
  return Readable.from(give());
}

describe("an engine killed in the middle of an import", () => {
  test.each([1, 10, 19])("after %d twentieths of the file", async (pieces) => {
    const before = temporary();
    await importAll(engine, "a\n1\n");
    const error = await errorOf(importAll(engine, killingSource(pieces)));
    expect(error.code).toBe("engine_unavailable");
    expect(error.params).toEqual({ detail: "the engine ended unexpectedly" });
    expect(temporary()).toEqual(before);
    expect((await importAll(engine, flchain())).rows).toBe(7874);
  });

  test("while it works on what it has been given", async () => {
    const working = importAll(engine, flchain().repeat(1));
    setImmediate(killAll);
    const outcome = await working.then((version) => version.rows).catch((error) => error.code);
    // The import may have been over, or not have begun; there is no third way.
    expect([7874, "engine_unavailable"]).toContain(outcome);
    expect((await importAll(engine, flchain())).rows).toBe(7874);
  });

  test("while its answer is being read: the stream breaks, it does not end", async () => {
    const whole = (await importAll(engine, flchain())).parquet.length;
    const imported = await engine.importCsv({
      source: streamOf(flchain()),
      declared: [],
      maxRowsPerUnit: 1,
    });
    killAll();
    const read = bytesOf(imported.parquet).then(async (bytes) => ({
      bytes,
      rest: await bytesOf(imported.unitIndex),
    }));
    const outcome = await read.then(({ bytes }) => bytes.length).catch((error) => error.code);
    // What had already crossed the pipe may be all of it; a part of it is never taken for the whole.
    expect([whole, "engine_unavailable"]).toContain(outcome);
  });
});

test("those who wait are served by new processes when the old ones are killed", async () => {
  const many = Array.from({ length: 8 }, () =>
    importAll(engine, flchain()).then(
      (v) => v.rows,
      (e) => e.code,
    ),
  );
  setTimeout(killAll, 200);
  const outcomes = await Promise.all(many);
  expect(outcomes.every((outcome) => outcome === 7874 || outcome === "engine_unavailable")).toBe(true);
  expect(outcomes.filter((outcome) => outcome === 7874).length).toBeGreaterThanOrEqual(6);
  expect(enginesOf(process.pid).length).toBeLessThanOrEqual(2);
});

test("closing ends what runs and refuses what waits", async () => {
  const closing = createEngine({ processes: 1 });
  const outcomes = [1, 2, 3].map(() =>
    importAll(closing, flchain()).then(
      () => "done",
      (e) => e.code,
    ),
  );
  await closing.close();
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["engine_unavailable"]));
  expect((await errorOf(importAll(closing, "a\n1\n"))).code).toBe("engine_unavailable");
});
