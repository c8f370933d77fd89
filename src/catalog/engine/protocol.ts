/** What is said over the wire; both sides parse every header with these schemas. */
import { z } from "zod";
import {
  columnEvidence,
  columnName,
  columnSchema,
  declaredColumn,
  ENGINE_LIMITS,
  fileReading,
  queryParameter,
  readOptions,
  SENT_AS,
  scanHit,
  viewSpec,
} from "./model.js";

const count = z.int().nonnegative();

const importRequest = z.object({
  op: z.literal("import"),
  declared: z.array(declaredColumn).max(ENGINE_LIMITS.columns),
  unit_column: columnName.optional(),
  options: readOptions,
  sent_as: z.enum(SENT_AS).optional(),
  max_rows_per_unit: z.int().positive(),
  /** Of the content, both as it comes and unpacked. */
  max_bytes: z.int().positive(),
  inputs: z.union([z.tuple([z.literal("source")]), z.tuple([z.literal("unit_index"), z.literal("source")])]),
});
const materialiseRequest = z.object({
  op: z.literal("materialise"),
  spec: viewSpec,
  inputs: z.tuple([z.literal("parquet")]),
});
const session = z.string().min(1).max(200);
const sought = {
  columns: z.array(columnSchema).min(1).max(ENGINE_LIMITS.columns),
  unit_column: columnName.optional(),
  significant_digits: z.int().min(1).max(17),
  texts: z.array(z.string().max(ENGINE_LIMITS.text_name_chars)).max(ENGINE_LIMITS.texts),
};
const scanRequest = z.object({
  op: z.literal("scan"),
  ...sought,
  /** `parquet`, then one for each text. */
  inputs: z.array(z.string()).min(1),
});
/** The same of a version that is open. */
const searchRequest = z.object({
  op: z.literal("search"),
  session,
  ...sought,
  /** One for each text. */
  inputs: z.array(z.string()),
});
const none = z.tuple([]);
const openRequest = z.object({
  op: z.literal("open"),
  session,
  /** Versions, one or several, that are asked about together. */
  inputs: z.array(z.literal("parquet")).min(1).max(ENGINE_LIMITS.joined),
});
const queryRequest = z.object({
  op: z.literal("query"),
  session,
  sql: z.string().min(1).max(ENGINE_LIMITS.sql_chars),
  parameters: z.array(queryParameter).max(10_000),
  max_rows: z.int().positive().max(ENGINE_LIMITS.answer_rows),
  /** Held against its plan: it must read the session's versions and nothing else. */
  planned: z.boolean(),
  inputs: none,
});
const unitsRequest = z.object({
  op: z.literal("units"),
  session,
  /** Cells in the order of their numbers. */
  cells: z.string().min(1).max(ENGINE_LIMITS.sql_chars),
  /** A row for each unit: its ordinal and its cell, or the list of its cells. */
  units: z.string().min(1).max(ENGINE_LIMITS.sql_chars),
  lists: z.boolean(),
  parameters: z.array(queryParameter).max(10_000),
  max_cells: z.int().positive().max(ENGINE_LIMITS.answer_rows),
  max_units: z.int().positive().max(ENGINE_LIMITS.unit_ordinals),
  inputs: none,
});
const parseRequest = z.object({
  op: z.literal("parse"),
  text: z.string().max(ENGINE_LIMITS.sql_chars),
  inputs: none,
});
/** Its plan and its facts are the privacy room's, which parses both. */
const document = z.record(z.string(), z.unknown());
const fitRequest = z.object({
  op: z.literal("fit"),
  session,
  sql: z.string().min(1).max(ENGINE_LIMITS.sql_chars),
  parameters: z.array(queryParameter).max(10_000),
  reads: z.array(z.enum(["number", "level"])).max(ENGINE_LIMITS.columns),
  plan: document,
  inputs: none,
});
const closeRequest = z.object({ op: z.literal("close"), session, inputs: none });

export const engineRequest = z.discriminatedUnion("op", [
  importRequest,
  materialiseRequest,
  scanRequest,
  searchRequest,
  openRequest,
  queryRequest,
  unitsRequest,
  fitRequest,
  closeRequest,
  parseRequest,
]);
export type EngineRequest = z.infer<typeof engineRequest>;
export type RequestOf<Op extends EngineRequest["op"]> = Extract<EngineRequest, { op: Op }>;
export type ImportRequest = z.infer<typeof importRequest>;
export type MaterialiseRequest = z.infer<typeof materialiseRequest>;
export type ScanRequest = z.infer<typeof scanRequest>;
export type SearchRequest = z.infer<typeof searchRequest>;
export type OpenRequest = z.infer<typeof openRequest>;
export type QueryRequest = z.infer<typeof queryRequest>;
export type UnitsRequest = z.infer<typeof unitsRequest>;
export type FitRequest = z.infer<typeof fitRequest>;
export type ParseRequest = z.infer<typeof parseRequest>;
export type CloseRequest = z.infer<typeof closeRequest>;

const found = z.object({ hits: z.array(scanHit).max(100_000) });

export const RESULTS = {
  import: z.object({
    columns: z.array(columnSchema).min(1).max(ENGINE_LIMITS.columns),
    evidence: z.array(columnEvidence),
    file: fileReading,
    rows: count,
    units: count,
  }),
  materialise: z.object({ rows: count }),
  scan: found,
  search: found,
  open: z.object({ rows: count, bytes: count }),
  query: z.object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(z.array(z.json())),
  }),
  units: z.object({
    cells: z.array(z.array(z.json())),
    /** Cells of each class, where units may be in several. */
    lists: z.array(z.array(count)).optional(),
    units: count,
    width: z.union([z.literal(1), z.literal(2), z.literal(4)]),
  }),
  fit: z.object({ facts: document }),
  close: z.object({}),
  parse: z.object({ tree: z.string() }),
} as const;
export type EngineResult<Op extends keyof typeof RESULTS> = z.infer<(typeof RESULTS)[Op]>;

/** What an engine may say went wrong. Its words are the engine's own, never DuckDB's. */
export const engineFailure = z.object({
  code: z.enum(["invalid_input", "too_large", "internal"]),
  detail: z.string().max(2000),
  errors: z.array(z.object({ path: z.string().max(400), message: z.string().max(400) })).max(100),
});
export type EngineFailure = z.infer<typeof engineFailure>;

export const engineResponse = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: z.unknown(), outputs: z.array(z.string()).max(8) }),
  z.object({ ok: z.literal(false), failure: engineFailure }),
]);

/** Said when a request has been understood and before any of its inputs is read: from here on it cannot be moved. */
export const engineReady = z.strictObject({ ready: z.literal(true) });
