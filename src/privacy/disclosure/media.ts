/**
 * Which files an output may be: decided by the extension of its declared name and by parsing, never by one alone.
 *
 * Rules: a type without a canonicaliser is refused, as is a file whose bytes are of another type than its name
 * says. Archives and pickles are never accepted: they are containers for arbitrary bytes or programs.
 */

export type Canonicaliser =
  | "csv"
  | "json"
  | "text"
  | "png"
  | "jpeg"
  | "svg"
  | "html"
  | "parquet"
  | "onnx"
  | "npz"
  | "safetensors";

export interface MediaType {
  extension: string;
  media_type: string;
  title: string;
  canonicaliser: Canonicaliser;
}

export const MEDIA_TYPES: readonly MediaType[] = [
  { extension: "csv", media_type: "text/csv", title: "table", canonicaliser: "csv" },
  { extension: "json", media_type: "application/json", title: "JSON document", canonicaliser: "json" },
  { extension: "md", media_type: "text/markdown", title: "Markdown text", canonicaliser: "text" },
  { extension: "txt", media_type: "text/plain", title: "plain text", canonicaliser: "text" },
  { extension: "log", media_type: "text/plain", title: "log", canonicaliser: "text" },
  { extension: "png", media_type: "image/png", title: "picture", canonicaliser: "png" },
  { extension: "jpeg", media_type: "image/jpeg", title: "picture", canonicaliser: "jpeg" },
  { extension: "jpg", media_type: "image/jpeg", title: "picture", canonicaliser: "jpeg" },
  { extension: "svg", media_type: "image/svg+xml", title: "drawing", canonicaliser: "svg" },
  { extension: "html", media_type: "text/html", title: "web page", canonicaliser: "html" },
  {
    extension: "parquet",
    media_type: "application/vnd.apache.parquet",
    title: "Parquet table",
    canonicaliser: "parquet",
  },
  { extension: "onnx", media_type: "application/onnx", title: "ONNX model", canonicaliser: "onnx" },
  { extension: "npz", media_type: "application/x-npz", title: "NumPy arrays", canonicaliser: "npz" },
  {
    extension: "safetensors",
    media_type: "application/x-safetensors",
    title: "tensors",
    canonicaliser: "safetensors",
  },
];

/** What a file of no known type is called. */
export const UNKNOWN_MEDIA_TYPE = "application/octet-stream";

export function mediaTypeOf(name: string): MediaType | undefined {
  const dot = name.lastIndexOf(".");
  const extension = dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
  return MEDIA_TYPES.find((t) => t.extension === extension);
}

/** First bytes by which a foreign format is named in a finding. Latin-1 text. */
const SIGNATURES: readonly [string, string][] = [
  ["\x1f\x8b", "a gzip archive"],
  ["PK\x03\x04", "a zip archive (or npz)"],
  ["PK\x05\x06", "a zip archive"],
  ["\x89PNG", "a PNG picture"],
  ["\xff\xd8\xff", "a JPEG picture"],
  ["GIF8", "a GIF picture"],
  ["%PDF", "a PDF document"],
  ["PAR1", "a Parquet table"],
  ["\xfd7zXZ", "an xz archive"],
  ["BZh", "a bzip2 archive"],
  ["\x28\xb5\x2f\xfd", "a zstd archive"],
  ["7z\xbc\xaf", "a 7z archive"],
  ["\x93NUMPY", "a NumPy array"],
  ["\x89HDF", "an HDF5 file"],
  ["SQLite format 3", "a SQLite database"],
  ["\x7fELF", "a program"],
  ["\x80\x02", "a pickle"],
  ["\x80\x03", "a pickle"],
  ["\x80\x04", "a pickle"],
  ["\x80\x05", "a pickle"],
];

/** The foreign format that the first bytes are those of, or undefined. */
export function foreignFormat(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 16).toString("latin1");
  return SIGNATURES.find(([signature]) => head.startsWith(signature))?.[1];
}
