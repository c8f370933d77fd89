/**
 * The pages of a Parquet file, read through hyparquet's page reader to raw values, one column chunk after another.
 *
 * Rules: every size is checked before anything is inflated or allotted; a chunk must hold exactly the rows that its
 * group says; chunks share no byte. Dictionary entries that no row uses, bytes behind the last page of a chunk,
 * indexes, filters and gaps are told apart and reported. The file's bytes are copied first, because the page reader
 * looks at whole memory blocks.
 */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { decompress as unzstd } from "fzstd";
import type { ColumnChunk, ColumnMetaData, CompressionCodec, FileMetaData, SchemaElement } from "hyparquet";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { snappyUncompress } from "hyparquet/src/snappy.js";
import { overLimit } from "../../rules/limits.js";
import { cannotRead } from "../../rules/unreadable.js";
import type { HiddenBytes } from "../hidden-bytes.js";
import { printableRuns } from "../printable.js";

export const wrongTable = (what: string) => cannotRead(`Not a Parquet table: ${what}.`);

/** What a column chunk holds before its logical type is looked at. */
export type RawValue = number | bigint | boolean | Uint8Array | null;

/** Bytes of all pages together after inflating. */
const MAX_INFLATED = 128 * 1024 * 1024;

type Inflate = (bytes: Uint8Array, size: number) => Uint8Array;
const CODECS: Partial<Record<CompressionCodec, Inflate>> = {
  SNAPPY: (bytes, size) => {
    const out = new Uint8Array(size);
    snappyUncompress(bytes, out);
    return out;
  },
  GZIP: (bytes, size) => new Uint8Array(gunzipSync(bytes, { maxOutputLength: Math.max(1, size) })),
  BROTLI: (bytes, size) =>
    new Uint8Array(brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, size) })),
  ZSTD: (bytes, size) => unzstd(bytes, new Uint8Array(size)),
};

type DataReader = Parameters<typeof parquetHeader>[0];
type Decoder = Parameters<typeof readPage>[2];

export class PageReader {
  /** Text in pages, whatever their values are. */
  readonly runs: Buffer[] = [];
  private left = MAX_INFLATED;
  private readonly used: [number, number][] = [];

  constructor(
    private readonly file: Buffer,
    private readonly metadata: FileMetaData,
    private readonly hidden: HiddenBytes,
  ) {}

  /** The raw values of this column over all row groups. */
  column(index: number, element: SchemaElement): RawValue[] {
    const values: RawValue[] = [];
    for (const group of this.metadata.row_groups) {
      const chunk = group.columns[index]?.meta_data;
      if (chunk === undefined || group.columns[index]!.file_path)
        throw wrongTable("a column is in another file");
      if (chunk.path_in_schema.join(".") !== element.name || chunk.type !== element.type)
        throw wrongTable("a column is described in two ways");
      for (const value of this.chunk(chunk, element, Number(group.num_rows))) values.push(value);
      this.indexes(group.columns[index]!);
    }
    return values;
  }

  /** Where a chunk lies. */
  private range(chunk: ColumnMetaData): [number, number] {
    const data = Number(chunk.data_page_offset);
    const dictionary = Number(chunk.dictionary_page_offset ?? 0n);
    const start = dictionary > 0 && dictionary < data ? dictionary : data;
    const end = start + Number(chunk.total_compressed_size);
    if (!(start >= 4) || !(end > start) || end > this.file.length)
      throw wrongTable("a column lies beyond the end");
    return [start, end];
  }

  private chunk(chunk: ColumnMetaData, element: SchemaElement, rows: number): RawValue[] {
    if (rows === 0) return [];
    const [start, end] = this.range(chunk);
    this.used.push([start, end]);
    for (const { key, value } of chunk.key_value_metadata ?? [])
      this.hidden.add("metadata", "in a column's properties", Buffer.from(`${key} ${value ?? ""}`));
    const view = new DataView(this.file.buffer, this.file.byteOffset + start, end - start);
    return new ChunkReader(this, { view, offset: 0 }, decoderOf(chunk, element), this.hidden).read(rows);
  }

  /** @throws a refusal when a page would inflate beyond what is left */
  spend(size: number): void {
    this.left -= size;
    if (!(size >= 0) || this.left < 0)
      throw overLimit("Its pages inflate to far more than a table may hold.");
  }

  inflated(codec: CompressionCodec, bytes: Uint8Array, size: number): Uint8Array {
    const inflate = CODECS[codec];
    if (inflate === undefined) throw wrongTable("it is compressed in a way that is not accepted");
    const page = inflate(bytes, size);
    this.runs.push(printableRuns(page));
    return page;
  }

  private indexes(column: ColumnChunk): void {
    const chunk = column.meta_data!;
    for (const [offset, length] of [
      [chunk.bloom_filter_offset, chunk.bloom_filter_length],
      [column.offset_index_offset, column.offset_index_length],
      [column.column_index_offset, column.column_index_length],
    ]) {
      const [from, to] = [Number(offset ?? 0n), Number(offset ?? 0n) + Number(length ?? 0)];
      if (to <= from || to > this.file.length) continue;
      this.used.push([from, to]);
      this.hidden.addName("of indexes and filters", this.file.subarray(from, to));
    }
  }

  /** What no column, index or footer covers. @throws a refusal when two columns share a byte */
  gaps(footer: number): void {
    let at = 4;
    for (const [start, end] of [...this.used, [footer, footer] as const].sort((a, b) => a[0] - b[0])) {
      if (start < at) throw wrongTable("two of its parts share bytes");
      this.hidden.add("outside", "between the columns", this.file.subarray(at, start));
      at = end;
    }
  }
}

/** Without its logical type, so that raw values come out. */
function decoderOf(chunk: ColumnMetaData, element: SchemaElement): Omit<Decoder, "compressors" | "parsers"> {
  const plain: SchemaElement = {
    name: element.name,
    type: element.type,
    type_length: element.type_length,
    repetition_type: element.repetition_type,
  };
  const node = (e: SchemaElement) => ({ count: 1, element: e, children: [], path: [e.name] });
  const schemaPath = [node({ name: "root" }), node(plain)];
  return {
    pathInSchema: [plain.name],
    type: chunk.type,
    element: plain,
    schemaPath,
    codec: chunk.codec,
    utf8: false,
  };
}

class ChunkReader {
  private dictionary: RawValue[] | undefined;
  private readonly usedEntries = new Set<number>();
  private readonly values: RawValue[] = [];
  private readonly decoder: Decoder;

  constructor(
    private readonly pages: PageReader,
    private readonly reader: DataReader,
    decoder: Omit<Decoder, "compressors" | "parsers">,
    private readonly hidden: HiddenBytes,
  ) {
    const { codec } = decoder;
    const own = { [codec]: (bytes: Uint8Array, size: number) => pages.inflated(codec, bytes, size) };
    // raw values need no parsers
    this.decoder = { ...decoder, compressors: own, parsers: {} as Decoder["parsers"] };
  }

  read(rows: number): RawValue[] {
    const { reader } = this;
    while (this.values.length < rows) {
      if (reader.offset >= reader.view.byteLength) throw wrongTable("a column has fewer rows than it should");
      this.page(rows - this.values.length);
    }
    if (this.values.length > rows) throw wrongTable("a column has more rows than it should");
    const { buffer, byteOffset, byteLength } = reader.view;
    const rest = Buffer.from(buffer as ArrayBuffer, byteOffset + reader.offset, byteLength - reader.offset);
    this.hidden.add("outside", "behind the last page of a column", rest);
    this.unusedEntries();
    return this.values;
  }

  private page(left: number): void {
    const { reader } = this;
    const header = parquetHeader(reader);
    const size = header.compressed_page_size;
    if (!(size >= 0) || reader.offset + size > reader.view.byteLength)
      throw wrongTable("a page is longer than its column");
    this.pages.spend(header.uncompressed_page_size);
    const data = header.data_page_header ?? header.data_page_header_v2;
    const count = data?.num_values ?? header.dictionary_page_header?.num_values ?? -1;
    if (count < 0 || (data !== undefined && count > left))
      throw wrongTable("a page has a wrong number of values");
    // each entry of a dictionary takes a bit at least
    if (data === undefined && count > header.uncompressed_page_size * 8)
      throw wrongTable("a page has a wrong number of values");
    if (header.type === "DICTIONARY_PAGE") {
      if (this.dictionary !== undefined) throw wrongTable("a column has two dictionaries");
      const page = readPage(reader, header, this.decoder, undefined, undefined, 0);
      this.dictionary = Array.from((page.data ?? []) as ArrayLike<RawValue>);
      return;
    }
    const coded = data?.encoding.endsWith("_DICTIONARY") === true;
    if (coded && this.dictionary === undefined) throw wrongTable("a column has no dictionary");
    // with the numbers of entries in place of entries, those that are used can be told
    const numbers = coded ? Int32Array.from(this.dictionary!.keys()) : undefined;
    const page = readPage(reader, header, this.decoder, numbers, undefined, 0);
    for (const value of Array.from((page.data ?? []) as ArrayLike<RawValue | undefined>))
      this.values.push(coded ? this.entry(value) : (value ?? null));
  }

  private entry(number: RawValue | undefined): RawValue {
    if (number === null || number === undefined) return null;
    const entry = this.dictionary![Number(number)];
    if (entry === undefined) throw wrongTable("a column names an entry that its dictionary does not have");
    this.usedEntries.add(Number(number));
    return entry;
  }

  private unusedEntries(): void {
    for (const [i, entry] of (this.dictionary ?? []).entries()) {
      if (this.usedEntries.has(i)) continue;
      const bytes = entry instanceof Uint8Array ? Buffer.from(entry) : Buffer.from(`${entry} `);
      this.hidden.add("metadata", "in dictionary entries that no row uses", bytes);
    }
  }
}
