/**
 * A double of the engine for tests of rules that no data can change: comma-separated text, every column text.
 * What the engine itself does with data is tested on the engine.
 */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ColumnSchema, Engine } from "../../src/catalog/index.js";

export interface EngineDouble extends Engine {
  calls: { import: number; materialise: number; twin: number; scan: number };
  /** Awaited before a View is made; a test holds it to look at what happens meanwhile. */
  gate: Promise<void>;
}

/** Tells a version from the CSV that it came from. */
export const MARK = "typed\n";

const lines = (text: string) => text.trimEnd().split("\n");

export function engineDouble(): EngineDouble {
  const calls = { import: 0, materialise: 0, twin: 0, scan: 0 };
  const double: EngineDouble = {
    calls,
    gate: Promise.resolve(),
    async importCsv({ source, declared, unitColumn }) {
      calls.import++;
      const text = (await buffer(source)).toString("utf8");
      await double.gate;
      const [header = "", ...rows] = lines(text);
      const columns = header.split(",").map((name, i): ColumnSchema => {
        const said = declared.find((c) => c.name === name);
        return {
          name,
          type: said?.type ?? "text",
          class: said?.class ?? (name === unitColumn ? "identifier" : "plain"),
          grade: said?.grade ?? 3,
          ...(said?.bounds ? { bounds: said.bounds } : {}),
          nullable: rows.some((row) => row.split(",")[i] === ""),
        };
      });
      return {
        columns,
        evidence: [],
        file: { format: "csv", delimiter: ",", missing: ["", "NA"], declared: [] },
        rows: rows.length,
        units: rows.length,
        parquet: Readable.from([Buffer.from(`${MARK}${text}`)]),
        unitIndex: Readable.from([Buffer.from(`index of ${text}`)]),
        dispose() {},
      };
    },
    /** No data, no rows. */
    async query() {
      return { columns: [], rows: [] };
    },
    async units() {
      return { cells: [], lists: undefined, of: new Uint8Array() };
    },
    async fit() {
      throw new Error("the double fits nothing");
    },
    async open() {},
    async parseSql() {
      throw new Error("the double parses nothing");
    },
    async materialise({ parquet, spec }) {
      calls.materialise++;
      const [header = "", ...rows] = lines((await buffer(parquet)).toString("utf8").slice(MARK.length));
      await double.gate;
      const names = header.split(",");
      const kept = names.map((name) => spec.columns.find((c) => c.name === name)?.treatment === "as_is");
      const cut = (row: string) =>
        row
          .split(",")
          .filter((_, i) => kept[i])
          .join(",");
      return {
        csv: Readable.from([`${[header, ...rows].map(cut).join("\n")}\n`]),
        rows: rows.length,
        dispose() {},
      };
    },
    twin({ columns, rows, spec }) {
      calls.twin++;
      const shown = columns.filter((c) => spec?.columns.find((s) => s.name === c.name)?.treatment !== "drop");
      const body = Array.from({ length: rows }, (_, i) => shown.map(() => `t${i}`).join(","));
      return Readable.from([`${[shown.map((c) => c.name).join(","), ...body].join("\n")}\n`]);
    },
    async scan({ texts }) {
      calls.scan++;
      for (const { content } of texts) if (!Buffer.isBuffer(content)) await buffer(content);
      return [];
    },
    async close() {},
  };
  return double;
}
