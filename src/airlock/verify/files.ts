/** From the bytes of a bundle to its files: canonical zip, exactly the known files, canonical JSON of the known shape. */
import type { z } from "zod";
import { canonicalJson, type JsonValue } from "../../ledger/index.js";
import {
  type FindingsFile,
  findingsFile,
  type JobFile,
  jobFile,
  OUTPUTS,
  PATHS,
  type ReceiptFile,
  type ReviewsFile,
  receiptFile,
  reviewsFile,
} from "../bundle/format.js";
import { readZip } from "../zip.js";
import type { Report } from "./report.js";

export interface Bundle {
  job: JobFile;
  findings: FindingsFile;
  reviews: ReviewsFile;
  receipt: ReceiptFile;
  checkpoint: string;
  /** Contents by name, without the folder. */
  outputs: Map<string, Uint8Array>;
  /** Files that chapters know, by path. */
  chapters: Map<string, JsonValue>;
  /** All of it, by path. */
  files: Map<string, Uint8Array>;
}

/** Undefined, with problems added, unless every file is there in its form. */
export function readBundle(
  zip: Uint8Array,
  report: Report,
  chapterPaths: ReadonlySet<string> = new Set(),
): Bundle | undefined {
  const content = readZip(zip);
  if ("problem" in content) {
    report.add(content.problem.where, content.problem.what);
    return undefined;
  }
  const { files } = content;
  const outputs = outputsOf(files, chapterPaths, report);
  const chapters = chaptersOf(files, chapterPaths, report);
  const parse = <S extends z.ZodType>(path: string, schema: S) => parseJson(files, path, schema, report);
  const job = parse(PATHS.job, jobFile);
  const findings = parse(PATHS.findings, findingsFile);
  const reviews = parse(PATHS.reviews, reviewsFile);
  const receipt = parse(PATHS.receipt, receiptFile);
  const checkpoint = textOf(files, PATHS.checkpoint, report);
  textOf(files, PATHS.crate, report);
  if (!job || !findings || !reviews || !receipt || checkpoint === undefined || !report.clean)
    return undefined;
  return { job, findings, reviews, receipt, checkpoint, outputs, chapters, files };
}

function chaptersOf(
  files: ReadonlyMap<string, Uint8Array>,
  paths: ReadonlySet<string>,
  report: Report,
): Map<string, JsonValue> {
  const chapters = new Map<string, JsonValue>();
  for (const path of paths) {
    if (!files.has(path)) continue;
    const value = canonicalIn(files, path, report);
    if (value !== undefined) chapters.set(path, value);
  }
  return chapters;
}

function outputsOf(
  files: ReadonlyMap<string, Uint8Array>,
  chapterPaths: ReadonlySet<string>,
  report: Report,
): Map<string, Uint8Array> {
  const known = new Set<string>([...Object.values(PATHS), ...chapterPaths]);
  const outputs = new Map<string, Uint8Array>();
  for (const [path, content] of files) {
    const name = path.startsWith(OUTPUTS) ? path.slice(OUTPUTS.length) : "";
    if (known.has(path)) continue;
    if (isFileName(name)) outputs.set(name, content);
    else report.add(path, "does not belong in a bundle");
  }
  report.require(outputs.size > 0, OUTPUTS, "has no file");
  return outputs;
}

/** One part, nothing that a file system or a terminal would take for something else. */
const isFileName = (name: string): boolean =>
  name !== "" && name !== "." && name !== ".." && !/[/\\\p{C}\p{Zl}\p{Zp}]/u.test(name);

function textOf(files: ReadonlyMap<string, Uint8Array>, path: string, report: Report): string | undefined {
  const bytes = files.get(path);
  if (bytes === undefined) {
    report.add(path, "is missing");
    return undefined;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    report.add(path, "is not UTF-8");
    return undefined;
  }
}

function parseJson<S extends z.ZodType>(
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
  schema: S,
  report: Report,
): z.output<S> | undefined {
  const value = canonicalIn(files, path, report);
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  report.add(path, `is not of the form of a bundle: ${parsed.error.issues[0]?.path.join(".") ?? ""}`);
  return undefined;
}

/** Undefined, with a problem added, unless the file is there in canonical form. */
function canonicalIn(
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
  report: Report,
): JsonValue | undefined {
  const text = textOf(files, path, report);
  if (text === undefined) return undefined;
  const value = jsonOf(text);
  if (value !== undefined && canonical(value) === text) return value;
  report.add(path, "is not canonical JSON");
  return undefined;
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function canonical(value: JsonValue): string | undefined {
  try {
    return canonicalJson(value);
  } catch {
    return undefined;
  }
}
