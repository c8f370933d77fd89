/**
 * An answer with noise as an Arrow IPC stream: the same values as its JSON, typed, a batch of rows at a time.
 *
 * Rules: which fields there are follows from the answer's columns alone, all of which were public before its charge.
 * Every number has the two ends of its interval as fields after it, told apart by field metadata, since names are the
 * asker's. What is not rows stands in the schema's metadata.
 */
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import {
  Bool,
  type Data,
  DataType,
  DateDay,
  Field,
  Float64,
  Int64,
  makeBuilder,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import type { QueryAnswer } from "../catalog/index.js";
import { parseValue } from "../privacy/index.js";
import type { ColumnType } from "../vocabulary/index.js";

export const ARROW_STREAM = "application/vnd.apache.arrow.stream";

const BATCH_ROWS = 8192;
const DAY_MS = 86_400_000;

type Cell = QueryAnswer["rows"][number][number];

interface Source {
  field: Field;
  value(row: number): unknown;
}

const isInt64 = (n: bigint): boolean => n === BigInt.asIntN(64, n);

/** JSON writes whole numbers beyond 2^53, dates and timestamps as texts. */
const READERS: Record<ColumnType, { type: () => DataType; read: (cell: Exclude<Cell, null>) => unknown }> = {
  boolean: { type: () => new Bool(), read: (cell) => cell },
  integer: { type: () => new Int64(), read: (cell) => BigInt(cell) },
  decimal: { type: () => new Float64(), read: Number },
  text: { type: () => new Utf8(), read: String },
  date: { type: () => new DateDay(), read: (cell) => Number(parseValue("date", String(cell))) * DAY_MS },
  // No zone: as written.
  timestamp: {
    type: () => new TimestampMicrosecond(),
    read: (cell) => parseValue("timestamp", String(cell)),
  },
};

function valuesOf({ columns, rows }: QueryAnswer, at: number): Source {
  const { name, type, bounds } = columns[at]!;
  const about = new Map([["glovebox.type", type as string]]);
  if (bounds) about.set("glovebox.bounds", JSON.stringify(bounds));
  const cells = (row: number): Cell => rows[row]?.[at] ?? null;
  // Noise is unlimited; a column that it carries beyond int64 is one of doubles.
  const wide = type === "integer" && rows.some((_, row) => !isInt64(BigInt(cells(row) ?? 0)));
  const { type: typeOf, read } = READERS[wide ? "decimal" : type];
  const value = (row: number): unknown => {
    const cell = cells(row);
    return cell === null ? null : read(cell);
  };
  return { field: new Field(name, typeOf(), true, about), value };
}

function endsOf({ columns, intervals }: QueryAnswer, at: number): Source[] {
  const { name, type } = columns[at]!;
  if (type !== "integer" && type !== "decimal") return [];
  return (["low", "high"] as const).map((end, i) => {
    const about = new Map([
      ["glovebox.interval", end],
      ["glovebox.of", String(at)],
    ]);
    const field = new Field(`${name}.${end}`, new Float64(), true, about);
    return { field, value: (row) => intervals[row]?.[at]?.[i] ?? null };
  });
}

/** Whatever of an answer is not rows; what changes from one asking to the next as the JSON has it. */
function metadataOf({ columns, rows, intervals, ...rest }: QueryAnswer): Map<string, string> {
  return new Map(
    Object.entries(rest).map(([name, value]) => [
      `glovebox.${name}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

function dataOf({ field, value }: Source, from: number, to: number): Data {
  const type: DataType = field.type;
  // The library's builder of timestamps takes milliseconds, which would round.
  const isTime = DataType.isTimestamp(type);
  const builder = makeBuilder({ type: isTime ? new Int64() : type, nullValues: [null] });
  for (let row = from; row < to; row++) builder.append(value(row));
  const built: Data = builder.finish().flush();
  if (!isTime) return built;
  const { length, nullCount, nullBitmap, values } = built;
  return makeData({ type, length, nullCount, nullBitmap, data: values as BigInt64Array });
}

function batchOf(schema: Schema, sources: readonly Source[], from: number, to: number): RecordBatch {
  const children = sources.map((source) => dataOf(source, from, to));
  const type = new Struct(schema.fields);
  return new RecordBatch(schema, makeData({ type, length: to - from, nullCount: 0, children }));
}

async function* batchesOf(answer: QueryAnswer): AsyncGenerator<RecordBatch> {
  const sources = answer.columns.flatMap((_, at) => [valuesOf(answer, at), ...endsOf(answer, at)]);
  const fields = sources.map(({ field }) => field);
  const schema = new Schema(fields, metadataOf(answer));
  let from = 0;
  // An answer without rows is one batch of none, so that its fields are told.
  do {
    const to = Math.min(from + BATCH_ROWS, answer.rows.length);
    yield batchOf(schema, sources, from, to);
    from = to;
    await setImmediate();
  } while (from < answer.rows.length);
}

export function arrowStream(answer: QueryAnswer): Readable {
  const writer = new RecordBatchStreamWriter();
  const stream = Readable.from(writer, { objectMode: false });
  void writer.writeAll(batchesOf(answer)).catch((error: Error) => stream.destroy(error));
  return stream;
}
