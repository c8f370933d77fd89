/** Canonical JSON (RFC 8785): the one byte form of a value that is hashed or signed. */
import canonicalize from "canonicalize";
import { GloveboxError } from "../vocabulary/index.js";

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [key: string]: JsonValue | undefined };
export type JsonObject = { [key: string]: JsonValue | undefined };

/** Members that are undefined are left out. @throws internal for what JSON cannot say (NaN, undefined, a cycle). */
export function canonicalJson(value: JsonValue): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (error) {
    throw new GloveboxError("internal", { detail: "a value has no canonical JSON form" }, error);
  }
  if (text === undefined)
    throw new GloveboxError("internal", { detail: "a value has no canonical JSON form" });
  return text;
}
