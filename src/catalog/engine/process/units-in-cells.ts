/**
 * Which units are in which cell, as one array over unit ordinals: what leaves is ordinals and the cells' own levels.
 *
 * Rules: SQL comes from this node's own rooms, as for any question of a session; the array is bounded by the highest ordinal
 * that may be told of, and grows with those that are found. Where units have several rows a class is a list of cells; each
 * list is told once.
 */
import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBValue,
  type Json,
  StatementType,
} from "@duckdb/node-api";
import { GloveboxError, invalidInput } from "../../../vocabulary/index.js";
import type { UnitsRequest } from "../protocol.js";
import type { Outcome } from "./workplace.js";

/** Bytes a piece of the array is sent in. */
const PIECE = 256 * 1024;
const FIRST_LENGTH = 1 << 16;
/** Lists of cells that are told apart. */
const MAX_LISTS = 5_000_000;

export async function unitsInCells(
  connection: DuckDBConnection,
  request: UnitsRequest,
): Promise<Outcome<"units">> {
  const cells = await bound(connection, request.cells, request, async (statement): Promise<Json[][]> => {
    const reader = await statement.streamAndReadUntil(request.max_cells + 1);
    if (reader.currentRowCount > request.max_cells)
      throw new GloveboxError("too_large", { detail: `sql: gives more than ${request.max_cells} rows` });
    return reader.getRowsJson();
  });
  const found = new Classes(request);
  await bound(connection, request.units, request, async (statement) => {
    const result = await statement.stream();
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      const [units, classes] = [chunk.getColumnValues(0), chunk.getColumnValues(1)];
      for (let i = 0; i < units.length; i++) found.add(Number(units[i]), classes[i] as number | string);
    }
  });
  const of = found.narrowed(cells.length);
  return {
    result: {
      cells,
      ...(found.lists ? { lists: found.lists } : {}),
      units: of.length,
      width: of.BYTES_PER_ELEMENT as 1 | 2 | 4,
    },
    outputs: [pieces(Buffer.from(of.buffer, of.byteOffset, of.byteLength))],
  };
}

async function bound<T>(
  connection: DuckDBConnection,
  sql: string,
  { parameters }: UnitsRequest,
  read: (statement: DuckDBPreparedStatement) => Promise<T>,
): Promise<T> {
  const statement = await connection.prepare(sql);
  try {
    if (statement.statementType !== StatementType.SELECT) throw invalidInput("sql", "is not one SELECT");
    statement.bind(parameters as DuckDBValue[]);
    return await read(statement);
  } finally {
    statement.destroySync();
  }
}

class Classes {
  readonly lists: number[][] | undefined;
  private of = new Uint32Array(FIRST_LENGTH);
  private length = 0;
  private readonly known = new Map<string, number>();

  constructor(private readonly request: UnitsRequest) {
    this.lists = request.lists ? [] : undefined;
  }

  add(unit: number, cells: number | string): void {
    if (unit >= this.request.max_units)
      throw new GloveboxError("too_large", { detail: "more units than are told of one by one" });
    if (unit >= this.of.length) this.grow(unit + 1);
    this.length = Math.max(this.length, unit + 1);
    this.of[unit] = 1 + (typeof cells === "number" ? cells : this.classOf(cells));
  }

  private classOf(list: string): number {
    const known = this.known.get(list);
    if (known !== undefined) return known;
    if (this.known.size >= MAX_LISTS)
      throw new GloveboxError("too_large", { detail: "units are in too many different lists of cells" });
    const made = this.known.size;
    this.known.set(list, made);
    this.lists?.push(JSON.parse(list) as number[]);
    return made;
  }

  private grow(least: number): void {
    const longer = new Uint32Array(Math.max(least, this.of.length * 2));
    longer.set(this.of);
    this.of = longer;
  }

  /** As narrow as the number of classes allows. */
  narrowed(cells: number): Uint8Array | Uint16Array | Uint32Array {
    const classes = this.lists?.length ?? cells;
    const used = this.of.subarray(0, this.length);
    return classes < 0xff ? Uint8Array.from(used) : classes < 0xffff ? Uint16Array.from(used) : used;
  }
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}
