/** A file becomes a version of a dataset: sent at once, or in parts where it is large. */
import { createReadStream, statSync } from "node:fs";
import { extname } from "node:path";
import type { Command } from "commander";
import type { Context } from "./command.js";
import { type ContentFlags, contentFlags, contentQuery } from "./content-options.js";
import { type Content, readingSheet } from "./content-view.js";
import { Usage } from "./failure.js";
import type { SentFile } from "./sending.js";
import { size } from "./terminal.js";
import { sendInParts } from "./upload.js";

export interface SendFlags extends ContentFlags {
  resume?: boolean;
}

/** Larger files are sent so that they can go on where they broke off. */
const IN_PARTS_BYTES = 64 * 1024 * 1024;

export function sendFlags(command: Command): Command {
  return contentFlags(command).option(
    "--resume",
    "send it in parts that are kept, and go on with what was sent before; of itself above 64 MB",
  );
}

export const isInParts = (file: SentFile, flags: SendFlags): boolean =>
  flags.resume === true || file.bytes > IN_PARTS_BYTES;

export async function sendContent(
  context: Context,
  name: string,
  file: SentFile,
  flags: SendFlags,
): Promise<Content> {
  const query = contentQuery(flags);
  if (isInParts(file, flags)) return sendInParts(context, name, file, query);
  context.progress.show(
    context.say(
      `sending ${file.path} (${size(file.bytes)}) …`,
      `正在上传 ${file.path}（${size(file.bytes)}）……`,
    ),
  );
  const body = { media: file.media, content: createReadStream(file.path), bytes: file.bytes };
  return context.client().put<Content>(`/api/v1/datasets/${encodeURIComponent(name)}/content${query}`, body);
}

export const attached = (context: Context, name: string, content: Content): string =>
  `${context.say(
    `${name}: ${content.rows} rows, ${content.columns.length} columns, ${content.units} units, encrypted as ${content.version}.`,
    `${name}：${content.rows} 行，${content.columns.length} 列，${content.units} 个隐私单元，已加密为 ${content.version}。`,
  )}\n\n${readingSheet(context.language, content)}`;

/** What a file is sent as, by its name; where that does not tell, its bytes do. */
const MEDIA: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".jsonl": "application/x-ndjson",
  ".ndjson": "application/x-ndjson",
  ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ".parquet": "application/vnd.apache.parquet",
  ".gz": "application/gzip",
  ".zip": "application/zip",
};

/** @throws Usage when there is no such file. */
export function fileToSend(path: string): SentFile {
  const media = MEDIA[extname(path).toLowerCase()] ?? "application/octet-stream";
  return { path, bytes: requireFile(path), media };
}

/** @returns its size. @throws Usage when there is no such file. */
export function requireFile(file: string): number {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Usage(`There is no file ${file}.`, `文件 ${file} 不存在。`);
  return stat.size;
}
