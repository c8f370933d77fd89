/** Private groups of any number are fetched within what an engine may answer, so that their number decides nothing. */
import { Readable } from "node:stream";
import { expect, test } from "@jest/globals";
import type { VersionRow } from "../../../src/catalog/datasets/rows.js";
import type { Engine, QueryInput } from "../../../src/catalog/index.js";
import { exactCells } from "../../../src/catalog/queries/exact.js";
import type { Vault } from "../../../src/store/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { PLAN } from "./private-plan.js";

/** So many groups, whose hash is their number; more than `maxRows` of them are too large an answer. */
function engineOf(groups: number, asked: string[]): Engine {
  const query = async ({ sql, maxRows }: QueryInput) => {
    asked.push(sql);
    const [, of = "1", rest = "0"] = /% (\d+) = (\d+)/.exec(sql) ?? [];
    const rows: string[][] = [];
    for (let i = Number(rest); i < groups; i += Number(of)) rows.push([`town ${i}`, "2"]);
    if (rows.length > maxRows) throw new GloveboxError("too_large");
    return { columns: [], rows };
  };
  return { query } as Partial<Engine> as Engine;
}

test("few groups at once, many in parts, each group once", async () => {
  const vault = { get: () => Readable.from([]) } as Partial<Vault> as Vault;
  const version = { object: "o" } as VersionRow;
  for (const [groups, questions] of [
    [100, 1],
    [100_000, 17],
  ] as const) {
    const asked: string[] = [];
    const cells = await exactCells({ engine: engineOf(groups, asked), vault }, [version], PLAN);
    expect(new Set(cells.map(({ key }) => key[0])).size).toBe(groups);
    expect(cells).toHaveLength(groups);
    expect(asked).toHaveLength(questions);
  }
});

test("a failure of another kind passes", async () => {
  const vault = { get: () => Readable.from([]) } as Partial<Vault> as Vault;
  const query = () => Promise.reject(new GloveboxError("engine_unavailable"));
  const engine = { query } as Partial<Engine> as Engine;
  await expect(exactCells({ engine, vault }, [{ object: "o" } as VersionRow], PLAN)).rejects.toMatchObject({
    code: "engine_unavailable",
  });
});
