/** What content may be sent as: a table of media types. Pure. */
import { GloveboxError } from "../../vocabulary/index.js";
import type { ReadOptions, SentAs, TextEncoding } from "../engine/index.js";

/** Undefined: its bytes alone tell. */
export const CONTENT_MEDIA: Readonly<Record<string, SentAs | undefined>> = {
  "text/csv": "csv",
  "application/x-ndjson": "jsonl",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.apache.parquet": "parquet",
  "application/gzip": "gzip",
  "application/zip": "zip",
  "application/octet-stream": undefined,
};

/** The names that a `charset` may have. GB18030 holds what GBK and GB 2312 have. */
export const CHARSETS: Readonly<Record<string, TextEncoding>> = {
  "utf-8": "utf-8",
  utf8: "utf-8",
  "us-ascii": "utf-8",
  gb18030: "gb18030",
  gbk: "gb18030",
  gb2312: "gb18030",
  "utf-16le": "utf-16le",
  "utf-16be": "utf-16be",
};

export interface SentContent {
  sentAs?: SentAs;
  options: ReadOptions;
}

const refused = (detail: string, message: string) =>
  new GloveboxError("invalid_input", { detail, errors: [{ path: "Content-Type", message }] });

/** @throws invalid_input */
export function sentContent(mediaType: string, declared: ReadOptions): SentContent {
  const [type = "", ...parameters] = mediaType
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  if (!Object.hasOwn(CONTENT_MEDIA, type)) {
    const known = Object.keys(CONTENT_MEDIA).join(", ");
    throw refused(`content must be one of ${known}`, `must be one of ${known}`);
  }
  const sentAs = CONTENT_MEDIA[type];
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  const options = charset === undefined ? declared : { encoding: encodingOf(charset), ...declared };
  return { ...(sentAs ? { sentAs } : {}), options };
}

function encodingOf(parameter: string): TextEncoding {
  const name = parameter.slice("charset=".length).replaceAll('"', "");
  const encoding = Object.hasOwn(CHARSETS, name) ? CHARSETS[name] : undefined;
  if (encoding) return encoding;
  const known = Object.keys(CHARSETS).join(", ");
  throw refused("the content has a charset that is not read", `charset must be one of ${known}`);
}
