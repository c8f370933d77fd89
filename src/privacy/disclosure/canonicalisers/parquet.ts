/**
 * Tables as Parquet: flat columns, read to their values and written anew.
 *
 * Canonical form: one group of rows, plain encoding, no compression, dictionary, statistics, index, filter or
 * property; column types of parquet/columns.ts. The table is judged by the rules for tables, like CSV. The pinned
 * version of the writer is part of the form.
 */
import type { FileMetaData, SchemaElement } from "hyparquet";
import { parquetMetadata } from "hyparquet/src/metadata.js";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { parquetWriteBuffer } from "hyparquet-writer";
import { foreignFormat } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import { findingOf } from "../rules/definition.js";
import { judgeFormulas } from "../rules/formula.js";
import { judgeHidden } from "../rules/hidden-content.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { overLimit } from "../rules/limits.js";
import { foreignBytes } from "../rules/media-type.js";
import { noteRounding } from "../rules/rounding.js";
import type { Table } from "../table.js";
import { writeTable } from "./csv.js";
import { HiddenBytes } from "./hidden-bytes.js";
import { roundInText } from "./numbers.js";
import type { Column } from "./parquet/columns.js";
import { rebuildColumn } from "./parquet/columns.js";
import { PageReader, wrongTable } from "./parquet/pages.js";
import { printableRuns } from "./printable.js";
import type { Rebuilt } from "./rebuilt.js";
import type { Removed } from "./unicode.js";
import { addRemoved, cleanText, NOTHING_REMOVED } from "./unicode.js";

const MAX_NAME = 200;
const MAX_GROUPS = 10_000;
/** Rows of a group and bytes of a page: more than a table may have, so that there is one of each. */
const ONE = 1 << 30;

/** Where the footer begins. */
function footerOf(bytes: Buffer, hidden: HiddenBytes): number {
  if (bytes.length < 12 || bytes.toString("latin1", 0, 4) !== "PAR1")
    throw wrongTable("no Parquet signature");
  if (bytes.toString("latin1", bytes.length - 4) !== "PAR1") throw wrongTable("it does not end like one");
  const start = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  if (start < 4) throw wrongTable("its footer is longer than the file");
  const reader = {
    view: new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - 8 - start),
    offset: 0,
  };
  const fields = deserializeTCompactProtocol(reader);
  if ("field_8" in fields) throw wrongTable("it is encrypted");
  hidden.add("outside", "behind the footer", bytes.subarray(start + reader.offset, bytes.length - 8));
  return start;
}

function readMetadata(bytes: Buffer, hidden: HiddenBytes): FileMetaData {
  const metadata = parquetMetadata(bytes, { geoparquet: false });
  for (const { key, value } of metadata.key_value_metadata ?? [])
    hidden.add("metadata", "in the file's properties", Buffer.from(`${key} ${value ?? ""}`));
  hidden.addName("of its producer", Buffer.from(metadata.created_by ?? ""));
  return metadata;
}

/** The flat columns. @throws a refusal on nested ones, and on more of anything than the policy allows */
function columnsOf(
  { schema, num_rows, row_groups }: FileMetaData,
  policy: DisclosurePolicy,
): SchemaElement[] {
  const [root, ...columns] = schema;
  const flat = columns.every(
    (c) => c.type !== undefined && !c.num_children && c.repetition_type !== "REPEATED",
  );
  if (root === undefined || root.num_children !== columns.length || !flat)
    throw wrongTable("its columns are nested");
  const rows = Number(num_rows);
  if (columns.length > policy.max_csv_columns)
    throw overLimit(`More than ${policy.max_csv_columns} columns.`);
  if (!(rows >= 0) || rows > policy.max_csv_rows) throw overLimit(`More than ${policy.max_csv_rows} rows.`);
  if (rows * columns.length > policy.max_csv_cells)
    throw overLimit(`More than ${policy.max_csv_cells} cells.`);
  const counted = row_groups.reduce((sum, g) => sum + Number(g.num_rows), 0);
  if (
    row_groups.length > MAX_GROUPS ||
    row_groups.some((g) => g.num_rows < 0n || g.columns.length !== columns.length) ||
    counted !== rows
  )
    throw wrongTable("its groups of rows do not add up");
  return columns;
}

interface Content {
  columns: Column[];
  removed: Removed;
  pages: PageReader;
}

function readContent(bytes: Buffer, policy: DisclosurePolicy, hidden: HiddenBytes): Content {
  const footer = footerOf(bytes, hidden);
  const metadata = readMetadata(bytes, hidden);
  const pages = new PageReader(bytes, metadata, hidden);
  let removed = NOTHING_REMOVED;
  const columns = columnsOf(metadata, policy).map((element, i) => {
    const cleaned = cleanText(element.name);
    const name = roundInText(cleaned.text, policy.significant_digits).text;
    if (name === "" || name.length > MAX_NAME) throw wrongTable("a column has no usable name");
    const column = rebuildColumn(element, name, pages.column(i, element), policy);
    removed = addRemoved(addRemoved(removed, cleaned.removed), column.removed);
    return column;
  });
  pages.gaps(footer);
  if (new Set(columns.map((c) => c.element.name)).size !== columns.length)
    throw wrongTable("two columns have one name");
  return { columns, removed, pages };
}

function write(columns: readonly Column[]): Buffer {
  const schema: SchemaElement[] = [
    { name: "table", num_children: columns.length },
    ...columns.map((c) => c.element),
  ];
  const columnData = columns.map(({ element, data }) => ({
    name: element.name,
    data,
    encoding: "PLAIN" as const,
    offsetIndex: false,
  }));
  return Buffer.from(
    parquetWriteBuffer({
      columnData,
      schema,
      codec: "UNCOMPRESSED",
      statistics: false,
      rowGroupSize: ONE,
      pageSize: ONE,
      createdBy: "glovebox",
    }),
  );
}

function tableOf(columns: readonly Column[]): Table {
  const rows = Array.from({ length: columns[0]?.cells.length ?? 0 }, (_, r) =>
    columns.map((c) => c.cells[r]!),
  );
  return { header: columns.map((c) => c.element.name), rows };
}

/** The parser's own errors are refusals: they speak of the file and nothing else. */
function strictly<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (findingOf(error) !== undefined) throw error;
    throw wrongTable("it does not follow the format");
  }
}

export function rebuildParquet(given: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const format = foreignFormat(given);
  if (format !== "a Parquet table") throw foreignBytes(extension, format ?? "no Parquet table");
  const bytes = Buffer.from(new Uint8Array(given).buffer);
  const hidden = new HiddenBytes();
  const { columns, removed, pages } = strictly(() => readContent(bytes, policy, hidden));
  const table = tableOf(columns);
  const text = writeTable(table);
  const types = columns.map((c) => c.element.type).join(",");
  const rounded = columns.reduce((sum, c) => sum + c.changed, 0);
  return {
    canonical: write(columns),
    table,
    findings: [
      ...judgeFormulas(table),
      ...judgeHidden(hidden.pieces, policy),
      ...judgeRemoved(removed),
      ...noteRounding(rounded, policy.significant_digits),
    ],
    texts: [
      { name: "content", content: text },
      { name: "text in the file", content: Buffer.concat([printableRuns(bytes), ...pages.runs]) },
      ...hidden.texts,
    ],
    content: Buffer.concat([Buffer.from(`${types}\n`), emptyCells(columns), text]),
  };
}

/** Which empty cells are nulls: the text does not say. */
function emptyCells(columns: readonly Column[]): Buffer {
  const marks = columns.flatMap(({ data }) => data.flatMap((v) => (v === null ? [0] : v === "" ? [1] : [])));
  return marks.includes(1) ? Buffer.from(marks) : Buffer.alloc(0);
}
