/**
 * What a client says of an upload, as tus has it (`Upload-Metadata`): pairs of a name and a base64 value, kept as sent.
 * Pure. Of the names, `filetype` and `sha256` mean something here; others are the client's own.
 */
import { invalidInput } from "../../vocabulary/index.js";
import { CONTENT_MEDIA } from "../datasets/media.js";

const MAX_CHARS = 4096;
const MAX_PAIRS = 32;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const NAME = /^[\x21-\x2b\x2d-\x7e]{1,64}$/;
const FALLBACK = "application/octet-stream";

export interface UploadMetadata {
  /** What the content is sent as; its bytes tell where the client did not, or said something that is not taken. */
  media: string;
  /** Hex, of the whole content. */
  sha256?: string;
}

/** @throws invalid_input */
export function uploadMetadata(header: string): UploadMetadata {
  const pairs = pairsOf(header);
  const sha256 = pairs.get("sha256")?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    throw invalidInput("Upload-Metadata", "sha256 must be 64 hex digits");
  const said = pairs.get("filetype") ?? FALLBACK;
  const type = said.split(";")[0]?.trim().toLowerCase() ?? "";
  const media = Object.hasOwn(CONTENT_MEDIA, type) ? said : FALLBACK;
  return { media, ...(sha256 === undefined ? {} : { sha256 }) };
}

function pairsOf(header: string): Map<string, string> {
  if (header.length > MAX_CHARS)
    throw invalidInput("Upload-Metadata", `has more than ${MAX_CHARS} characters`);
  const pairs = new Map<string, string>();
  if (header.trim() === "") return pairs;
  for (const pair of header.split(",")) {
    const [name = "", value = "", ...more] = pair.trim().split(" ");
    if (!NAME.test(name) || !BASE64.test(value) || more.length > 0)
      throw invalidInput("Upload-Metadata", "must be names, each with a base64 value, between commas");
    if (pairs.has(name)) throw invalidInput("Upload-Metadata", "holds a name twice");
    pairs.set(name, Buffer.from(value, "base64").toString("utf8"));
  }
  if (pairs.size > MAX_PAIRS) throw invalidInput("Upload-Metadata", `holds more than ${MAX_PAIRS} names`);
  return pairs;
}
