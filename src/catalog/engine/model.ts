/**
 * What the engine takes and gives. Shapes that are stored or sent as JSON keep snake_case.
 *
 * Rules: column names are data of the owner, never SQL; a hit, an error or a piece of evidence holds
 * names, positions and counts, never a value from a row.
 */
import type { Readable } from "node:stream";
import { z } from "zod";
import { COLUMN_CLASSES, COLUMN_TYPES, VERDICTS } from "../../vocabulary/index.js";

export const ENGINE_LIMITS = {
  columns: 4096,
  name_chars: 256,
  cell_bytes: 1024 * 1024,
  line_bytes: 1536 * 1024,
  categories: 10_000,
  category_chars: 1024,
  import_bytes: 4 * 1024 ** 3,
  import_rows: 1_000_000_000,
  texts: 4096,
  text_name_chars: 1024,
  twin_rows: 10_000_000,
  sql_chars: 1024 * 1024,
  answer_rows: 1_000_000,
  /** One past the highest ordinal of a unit that is told of by ordinal. */
  unit_ordinals: 100_000_000,
  /** Versions that one question joins. */
  joined: 8,
} as const;

/** The hidden column of a version's Parquet that holds the stable ordinal of the row's unit. */
export const UNIT_COLUMN = "__unit";

export const columnName = z
  .string()
  .min(1)
  .max(ENGINE_LIMITS.name_chars)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  .regex(/^[^\u0000-\u001f\u007f]+$/, "no control characters")
  .refine((name) => name !== UNIT_COLUMN, "this name is taken by the node");

/** A mask of a column; the methods come with the masking room. Until one is known it is refused. */
export const maskSpec = z.object({ method: z.string().min(1).max(64) }).catchall(z.json());
export type MaskSpec = z.infer<typeof maskSpec>;

const bound = z.string().min(1).max(64);
const declarable = {
  class: z.enum(COLUMN_CLASSES),
  grade: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]),
  mask: maskSpec.optional(),
  bounds: z.tuple([bound, bound]).optional(),
  categories: z
    .array(z.string().min(1).max(ENGINE_LIMITS.category_chars))
    .min(1)
    .max(ENGINE_LIMITS.categories)
    .optional(),
  /** Unit of measure, for people. */
  unit: z.string().max(64).optional(),
};

/** A column of a version, as the catalogue shows it: no fact read off the rows but its type and whether it has gaps. */
export const columnSchema = z.object({
  name: columnName,
  type: z.enum(COLUMN_TYPES),
  ...declarable,
  nullable: z.boolean(),
});
export type ColumnSchema = z.infer<typeof columnSchema>;

/** What an owner says of a column before import; what is left out is inferred or takes its default. */
export const declaredColumn = z.object({
  name: columnName,
  type: z.enum(COLUMN_TYPES).optional(),
  class: declarable.class.optional(),
  grade: declarable.grade.optional(),
  mask: declarable.mask,
  bounds: declarable.bounds,
  categories: declarable.categories,
  unit: declarable.unit,
  /** False: an import with a gap in it is refused. */
  nullable: z.boolean().optional(),
});
export type DeclaredColumn = z.infer<typeof declaredColumn>;

/** Ways of writing a value other than the plain one of its type; the rules are in `readings.ts`. */
export const VALUE_READINGS = [
  "loose",
  "grouped",
  "decimal_comma",
  "chinese_units",
  "date_separated",
  "date_chinese",
] as const;
export type ValueReading = (typeof VALUE_READINGS)[number];

/** Why a column got its type, over all rows. For the owner's eyes: counts come from the data. */
export const columnEvidence = z.object({
  name: columnName,
  type: z.enum(COLUMN_TYPES),
  declared: z.boolean(),
  rows: z.int().nonnegative(),
  nulls: z.int().nonnegative(),
  /** How its values are written, where not in the plain form of their type. */
  reading: z.enum(VALUE_READINGS).optional(),
  /** The narrower types that did not fit, each with a line where it did not. */
  not: z.array(z.object({ type: z.enum(COLUMN_TYPES), line: z.int().optional() })).optional(),
});
export type ColumnEvidence = z.infer<typeof columnEvidence>;

export const CSV_DELIMITERS = [",", ";", "\t", "|"] as const;
export const TEXT_ENCODINGS = ["utf-8", "gb18030", "utf-16le", "utf-16be"] as const;
export type TextEncoding = (typeof TEXT_ENCODINGS)[number];
export const CONTENT_FORMATS = ["csv", "jsonl", "xlsx", "parquet"] as const;
export type ContentFormat = (typeof CONTENT_FORMATS)[number];

/** What content can be sent as; what it is is told by its bytes, and must agree. */
export const SENT_AS = [...CONTENT_FORMATS, "gzip", "zip"] as const;
export type SentAs = (typeof SENT_AS)[number];

const missingCode = z
  .string()
  .max(64)
  .regex(/^\P{Cc}*$/u, "no control characters");

/** What an owner says of how content is written; what is left out is found out. */
export const readOptions = z.strictObject({
  format: z.enum(CONTENT_FORMATS).optional(),
  encoding: z.enum(TEXT_ENCODINGS).optional(),
  delimiter: z.enum(CSV_DELIMITERS).optional(),
  quote: z.enum(['"', "'", "none"]).optional(),
  /** Whether the first record of a CSV or sheet names the columns. */
  header: z.enum(["present", "absent"]).optional(),
  /** The character before a number's fraction. */
  decimal: z.enum([".", ","]).optional(),
  /** Texts that stand for a missing value, beside the empty one. */
  missing: z.array(missingCode).max(32).optional(),
  /** The sheet of a workbook. */
  sheet: z.string().min(1).max(64).optional(),
});
export type ReadOptions = z.infer<typeof readOptions>;

/** How content was read, and what that stands on. */
export const fileReading = z.object({
  format: z.enum(CONTENT_FORMATS),
  compression: z.enum(["gzip", "zip"]).optional(),
  encoding: z
    .object({
      name: z.enum(TEXT_ENCODINGS),
      found_by: z.enum(["declared", "mark", "zero_bytes", "valid", "statistics", "ascii"]),
      /** For `statistics`: characters beyond ASCII where they first appear, and how many are common ones. */
      characters: z.int().optional(),
      common: z.int().optional(),
    })
    .optional(),
  delimiter: z.enum(CSV_DELIMITERS).optional(),
  quote: z.enum(['"', "'", "none"]).optional(),
  header: z.enum(["present", "absent"]).optional(),
  decimal: z.enum([".", ","]).optional(),
  missing: z.array(z.string()),
  sheet: z.string().optional(),
  /** Which of these the owner declared; the others were found out or are the defaults. */
  declared: z.array(z.string()),
});
export type FileReading = z.infer<typeof fileReading>;

export const viewSpec = z.object({
  /** Every column of the version, by name; one that is not listed is refused rather than guessed. */
  columns: z
    .array(z.object({ name: columnName, treatment: z.union([z.enum(["as_is", "drop"]), maskSpec]) }))
    .min(1)
    .max(ENGINE_LIMITS.columns),
});
export type ViewSpec = z.infer<typeof viewSpec>;

export const SCAN_KINDS = ["identifier", "record_run", "unscanned"] as const;
export const scanHit = z.object({
  /** The text's name. */
  name: z.string(),
  kind: z.enum(SCAN_KINDS),
  /** How it was hidden: exact, reversed, grouped, base64, hex, codes, gzip, or a chain such as `base64+gzip`. */
  encoding: z.string().max(64),
  /** How many distinct identifiers or records (for `unscanned`: places that could not be looked into). */
  count: z.int().nonnegative(),
  column: z.string().optional(),
  /** How many such matches chance alone would give. */
  chance: z.number().nonnegative(),
  verdict: z.enum(VERDICTS),
});
export type ScanHit = z.infer<typeof scanHit>;

export interface ImportInput {
  source: Readable;
  declared: DeclaredColumn[];
  /** How the content is written, as far as its owner says. */
  options?: ReadOptions;
  sentAs?: SentAs;
  unitColumn?: string;
  maxRowsPerUnit: number;
  /** The dataset's unit index so far; its units keep their ordinals, new ones follow. */
  unitIndex?: Readable;
}

/** Read `parquet` to its end first, then `unitIndex`: they come over one pipe. */
export interface Imported {
  columns: ColumnSchema[];
  evidence: ColumnEvidence[];
  file: FileReading;
  rows: number;
  units: number;
  parquet: Readable;
  unitIndex: Readable;
  /** Frees the engine; needed only when a stream is not read to its end. */
  dispose(): void;
}

export interface Materialised {
  csv: Readable;
  rows: number;
  dispose(): void;
}

export interface TwinInput {
  columns: ColumnSchema[];
  rows: number;
  seed: string;
  spec?: ViewSpec;
  unitColumn?: string;
  maxRowsPerUnit?: number;
}

export interface ScanInput {
  version: OpenableVersion;
  columns: ColumnSchema[];
  unitColumn?: string;
  /** Bytes where they are at hand: a few are looked through with what the version's open session has ready. */
  texts: { name: string; content: Readable | Buffer }[];
  /** To how many significant digits the texts' numbers were rounded; 8 unless told. */
  significantDigits?: number;
}

export const queryParameter = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export type QueryParameter = z.infer<typeof queryParameter>;

/** A version's Parquet: its content address, and where to read it when no engine has it open. */
export interface OpenableVersion {
  key: string;
  parquet: () => Readable;
}

export interface QueryInput {
  version: OpenableVersion;
  /** Further ones that are asked about together with it: `data1`, `data2` … */
  others?: readonly OpenableVersion[];
  /** One SELECT of DuckDB over `data`, whose columns are `c0`, `c1` … in the version's order, and `__unit`. */
  sql: string;
  parameters?: QueryParameter[];
  maxRows: number;
  /** Refuse it where its plan reads anything but these versions. */
  planned?: boolean;
}

export interface FitInput {
  version: OpenableVersion;
  /** One SELECT over `data`: the unit's ordinal, then a column for each of `reads`. */
  sql: string;
  parameters: QueryParameter[];
  reads: ("number" | "level")[];
  /** What becomes of the rows: the privacy room's plan of a model. */
  plan: { [key: string]: unknown };
}

/** Whole numbers beyond 53 bits, decimals, dates and times come as texts; nulls as null. */
export interface Queried {
  columns: { name: string; type: string }[];
  rows: JsonValue[][];
}
type JsonValue = z.infer<ReturnType<typeof z.json>>;

export interface UnitsInput {
  version: OpenableVersion;
  /** Two SELECTs over `data` with the same parameters, numbering cells alike: cells; units with their cells. */
  cells: string;
  units: string;
  /** A unit's cells come as a list. */
  lists: boolean;
  parameters: QueryParameter[];
  maxCells: number;
}

/** Which cells each unit is in, by its ordinal: 0 for none, else its class + 1. */
export interface UnitsFound {
  cells: JsonValue[][];
  lists: number[][] | undefined;
  of: Uint8Array | Uint16Array | Uint32Array;
}

export interface Engine {
  /** Content of any form that `CONTENT_FORMATS` names. @throws invalid_input naming line or column; too_large; engine_unavailable. */
  importCsv(input: ImportInput): Promise<Imported>;
  /** CSV of a View: original names, LF, nulls empty, numbers in their shortest exact form, rows in file order. */
  materialise(input: { parquet: Readable; spec: ViewSpec }): Promise<Materialised>;
  /** CSV from schema, declared bounds and categories alone: it is given no data. Same seed, same bytes. */
  twin(input: TwinInput): Readable;
  /**
   * Asks a version, which stays open for the next question. For rooms that decide what may be asked and told: the
   * answer is the data's own. @throws invalid_input, too_large, engine_unavailable.
   */
  query(input: QueryInput): Promise<Queried>;
  /** Which units are in which cell: for the memory of what was released. @throws too_large, engine_unavailable */
  units(input: UnitsInput): Promise<UnitsFound>;
  /**
   * Fits a model, or computes curves, on the rows that a question selects; the rows stay in the engine, and its facts are
   * the answer. @throws invalid_input, too_large, engine_unavailable.
   */
  fit(input: FitInput): Promise<{ [key: string]: unknown }>;
  /** Opens what a query will ask, so that the query itself need not wait for it. @throws too_large, engine_unavailable. */
  open(versions: readonly OpenableVersion[]): Promise<void>;
  /**
   * DuckDB's tree of a SQL text (`json_serialize_sql`), by a process that holds no data. The text is parsed and never
   * run. @throws query_unsupported where the parser gives up, engine_unavailable.
   */
  parseSql(text: string): Promise<string>;
  /** Looks for identifiers and for runs of a record's values; gives counts, never values. */
  scan(input: ScanInput): Promise<ScanHit[]>;
  close(): Promise<void>;
}
