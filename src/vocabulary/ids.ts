/** Branded ids: a prefix and a ULID, made by `newId` and accepted from outside only through `parseId`. */

import { randomBytes } from "node:crypto";
import { ulid } from "ulid";
import { invalidInput } from "./errors.js";

export const ID_PREFIXES = {
  principal: "prn",
  dataset: "dst",
  version: "ver",
  upload: "upl",
  view: "viw",
  grant: "grt",
  job: "job",
  run: "run",
  output: "out",
  finding: "fnd",
  release: "rel",
  review: "rvw",
  charge: "chg",
  collaboration: "clb",
  round: "rnd",
  event: "evt",
} as const;

export type IdKind = keyof typeof ID_PREFIXES;
declare const brand: unique symbol;
export type Id<K extends IdKind> = string & { readonly [brand]: K };
export type PrincipalId = Id<"principal">;
export type DatasetId = Id<"dataset">;
export type VersionId = Id<"version">;
export type UploadId = Id<"upload">;
export type ViewId = Id<"view">;
export type GrantId = Id<"grant">;
export type JobId = Id<"job">;
export type RunId = Id<"run">;
export type OutputId = Id<"output">;
export type FindingId = Id<"finding">;
export type ReleaseId = Id<"release">;
export type ReviewId = Id<"review">;

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const secureFraction = () => randomBytes(4).readUInt32BE() / 2 ** 32;

/** A fresh id. `now` is milliseconds since 1970. */
export function newId<K extends IdKind>(kind: K, now: number): Id<K> {
  return `${ID_PREFIXES[kind]}_${ulid(now, secureFraction)}` as Id<K>;
}

export function isId<K extends IdKind>(kind: K, text: string): text is Id<K> {
  const prefix = `${ID_PREFIXES[kind]}_`;
  return text.startsWith(prefix) && ULID.test(text.slice(prefix.length));
}

/** @throws invalid_input naming `path` when the text is no id of this kind. */
export function parseId<K extends IdKind>(kind: K, text: string, path: string = kind): Id<K> {
  if (!isId(kind, text)) throw invalidInput(path, `is not a ${kind} id (${ID_PREFIXES[kind]}_…)`);
  return text;
}
