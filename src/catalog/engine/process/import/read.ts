/**
 * Content becomes records: what it is is told by its bytes, packed ones are unpacked once, and what the owner declared
 * must agree.
 *
 * Rules: unpacked content is bounded as it comes, so a bomb is refused before it lies anywhere; an archive holds one
 * file and no other archive; what was sent as one thing and is another is refused.
 */

import { join } from "node:path";
import { PassThrough, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { type ColumnType, invalidInput } from "../../../../vocabulary/index.js";
import type { ContentFormat, FileReading, ReadOptions, SentAs } from "../../model.js";
import type { ImportRequest } from "../../protocol.js";
import type { Duck } from "../duck.js";
import { saveInput } from "../workplace.js";
import { kindOf } from "./kinds.js";
import { DEFAULT_MISSING, Missing } from "./missing.js";
import { readParquet } from "./parquet-file.js";
import { atMost, type Bytes, inPieces, peek } from "./pieces.js";
import type { Follow, Tabular } from "./tabular.js";
import { readText } from "./text.js";
import { readWorkbook } from "./workbook/workbook.js";
import { openZip } from "./zip.js";

export interface Content {
  source: Bytes;
  folder: string;
  duck: Duck;
  request: ImportRequest;
  follow: Follow;
}

/** What every reader has: where it writes, what was declared, and the answer's words for how it read. */
export interface Reading {
  folder: string;
  duck: Duck;
  follow: Follow;
  options: ReadOptions;
  missing: Missing;
  unitColumn: string | undefined;
  /** The types that the owner declared, by column. */
  declaredTypes: ReadonlyMap<string, ColumnType>;
  /** The unpacked content's limit in bytes. */
  maxBytes: number;
  compression: FileReading["compression"];
  file(found: Pick<FileReading, "format" | "delimiter" | "quote" | "header" | "sheet">): FileReading;
}

const UNPACKED = "unpacks to more than";

function readingOf({ request, ...content }: Content): Reading {
  const { options, max_bytes: maxBytes } = request;
  const codes = options.missing ?? DEFAULT_MISSING;
  const reading: Reading = {
    folder: content.folder,
    duck: content.duck,
    follow: content.follow,
    options,
    missing: new Missing(codes),
    unitColumn: request.unit_column,
    declaredTypes: new Map(request.declared.flatMap(({ name, type }) => (type ? [[name, type]] : []))),
    maxBytes,
    compression: undefined,
    file: (found) => ({
      ...found,
      ...(reading.compression ? { compression: reading.compression } : {}),
      ...(options.decimal ? { decimal: options.decimal } : {}),
      missing: [...new Set(["", ...codes])],
      declared: Object.keys(options).sort(),
    }),
  };
  return reading;
}

/** @throws invalid_input for what cannot be read, too_large past a limit. */
export async function readContent(content: Content): Promise<Tabular> {
  const { options, max_bytes, sent_as } = content.request;
  const reading = readingOf(content);
  const source = inPieces(atMost(content.source, max_bytes, "more than"));
  const tabular = await readAny(source, reading);
  const { format, compression } = tabular.file;
  assertAgrees(sent_as, format, compression);
  if (options.format && options.format !== format)
    throw invalidInput("content", `is ${format} and declared to be ${options.format}`);
  return tabular;
}

function assertAgrees(sentAs: SentAs | undefined, format: ContentFormat, compression?: "gzip" | "zip"): void {
  const is = compression ?? format;
  if (sentAs && sentAs !== is) throw invalidInput("content", `is ${is} and was sent as ${sentAs}`);
}

async function readAny(source: Bytes, reading: Reading): Promise<Tabular> {
  const { head, all } = await peek(source);
  switch (kindOf(head)) {
    case "gzip":
      return readPacked(all, reading);
    case "zip":
      return readZip(all, reading);
    case "parquet":
      return readParquet(all, reading);
    case "text":
      return readText(all, reading);
  }
}

function nestedOnce(reading: Reading, compression: "gzip" | "zip"): void {
  if (reading.compression) throw invalidInput("content", "is packed twice");
  reading.compression = compression;
}

async function readPacked(source: Bytes, reading: Reading): Promise<Tabular> {
  nestedOnce(reading, "gzip");
  return readAny(inPieces(atMost(gunzipped(source), reading.maxBytes, UNPACKED)), reading);
}

/** An error of the packing is told apart from one of the source by its code. */
async function* gunzipped(source: Bytes): AsyncGenerator<Buffer> {
  const out = new PassThrough();
  pipeline(source, createGunzip(), out, () => undefined);
  try {
    yield* out as AsyncIterable<Buffer>;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "Z_BUF_ERROR") throw invalidInput("content", "its gzip ends too early");
    if (code?.startsWith("Z_")) throw invalidInput("content", "its gzip is damaged");
    throw error;
  }
}

async function readZip(source: Bytes, reading: Reading): Promise<Tabular> {
  const path = join(reading.folder, reading.compression ? "inner.zip" : "content.zip");
  await saveInput(source, path);
  const zip = await openZip(path);
  try {
    if (zip.members.has("xl/workbook.xml")) return await readWorkbook(zip, reading);
    nestedOnce(reading, "zip");
    const member = zip.single();
    return await readAny(inPieces(atMost(zip.read(member), reading.maxBytes, UNPACKED)), reading);
  } finally {
    await zip.close();
  }
}
