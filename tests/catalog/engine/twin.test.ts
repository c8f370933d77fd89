import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import type { ColumnSchema } from "../../../src/catalog/engine/index.js";
import { twin } from "../../../src/catalog/engine/twin.js";
import { packageRoot } from "../../../src/store/index.js";
import { bytesOf } from "./support.js";

const column = (
  name: string,
  type: ColumnSchema["type"],
  more: Partial<ColumnSchema> = {},
): ColumnSchema => ({
  name,
  type,
  class: "plain",
  grade: 3,
  nullable: false,
  ...more,
});
const COLUMNS: ColumnSchema[] = [
  column("id", "text", { class: "identifier" }),
  column("age", "integer", { bounds: ["50", "104"] }),
  column("sex", "text", { categories: ["F", "M"] }),
  column("kappa", "decimal", { bounds: ["0.01", "20.5"], nullable: true }),
  column("death", "integer", { categories: ["0", "1"] }),
  column("flag", "boolean"),
  column("day", "date", { bounds: ["2024-02-28", "2024-03-01"] }),
  column("at", "timestamp"),
  column('odd,"name"', "text"),
];
type Row = Record<string, string>;
async function make(more: Partial<Parameters<typeof twin>[0]> = {}): Promise<string> {
  const bytes = await bytesOf(twin({ columns: COLUMNS, rows: 2000, seed: "s", unitColumn: "id", ...more }));
  return bytes.toString("utf8");
}
const rowsOf = (csv: string): Row[] => parse(csv, { columns: true }) as Row[];

describe("a synthetic twin", () => {
  test("keeps to the schema, the bounds and the categories", async () => {
    const rows = rowsOf(await make());
    expect(rows).toHaveLength(2000);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2000);
    const of = (name: string) => rows.map((row) => row[name]!);
    expect(of("age").every((v) => /^\d+$/.test(v) && Number(v) >= 50 && Number(v) <= 104)).toBe(true);
    expect(new Set(of("age")).size).toBe(55);
    expect(new Set(of("sex"))).toEqual(new Set(["F", "M"]));
    expect(new Set(of("death"))).toEqual(new Set(["0", "1"]));
    expect(new Set(of("flag"))).toEqual(new Set(["true", "false"]));
    expect(new Set(of("day"))).toEqual(new Set(["2024-02-28", "2024-02-29", "2024-03-01"]));
    expect(of("at").every((v) => /^20[0-2]\d-\d\d-\d\d \d\d:\d\d:\d\d$/.test(v))).toBe(true);
    const kappa = of("kappa")
      .filter((v) => v !== "")
      .map(Number);
    expect(kappa.every((v) => v >= 0.01 && v <= 20.5)).toBe(true);
    const gaps = 2000 - kappa.length;
    expect(gaps).toBeGreaterThan(50);
    expect(gaps).toBeLessThan(160);
  });

  test("the same seed gives the same bytes, another seed others", async () => {
    expect(await make()).toBe(await make());
    expect(await make({ seed: "t" })).not.toBe(await make());
  });

  test("dropping a column leaves the others as they were", async () => {
    const spec = {
      columns: COLUMNS.map(({ name }) => ({
        name,
        treatment: name === "age" ? ("drop" as const) : ("as_is" as const),
      })),
    };
    const [whole, part] = [rowsOf(await make()), rowsOf(await make({ spec }))];
    expect(part.map(({ kappa }) => kappa)).toEqual(whole.map(({ kappa }) => kappa));
    expect(part[0]).not.toHaveProperty("age");
  });

  test("a unit has as many rows as declared", async () => {
    const rows = rowsOf(await make({ maxRowsPerUnit: 4 }));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(500);
  });

  test("is given no data: its input has no place for any, and it imports nothing that reads", () => {
    const source = readFileSync(join(packageRoot(), "src/catalog/engine/twin.ts"), "utf8");
    const imports = [...source.matchAll(/from "([^"]+)"/g)].map(([, from]) => from);
    expect(imports.sort()).toEqual(
      ["node:stream", "zod", "../../vocabulary/index.js", "./csv.js", "./model.js", "./seeded.js"].sort(),
    );
  });

  test.each([
    [{ rows: -1 }, /rows/],
    [{ rows: 1e12 }, /rows/],
    [{ columns: [] }, /columns/],
    [{ columns: [column("a", "integer", { bounds: ["9", "1"] })] }, /^a: bounds are no range/],
    [{ columns: [column("a", "date", { bounds: ["x", "y"] })] }, /^a: bounds are no range/],
  ])("%j is refused before the first byte", (more, expected) => {
    expect(() => twin({ columns: COLUMNS, rows: 1, seed: "s", ...more })).toThrow(expected);
  });

  test("two hundred thousand rows stream", async () => {
    let bytes = 0;
    for await (const chunk of twin({ columns: COLUMNS.slice(0, 5), rows: 200_000, seed: "s" }))
      bytes += chunk.length;
    expect(bytes).toBeGreaterThan(4_000_000);
  });
});
