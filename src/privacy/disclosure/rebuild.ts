/**
 * One file, from hostile bytes to what may be released of it and what there is to say about it.
 *
 * Pure: no clock, file, network or data. It runs inside the checker process, which loads the one canonicaliser that
 * the file needs (canonicalisers/index.ts). Whatever the bytes are, it returns: a file that cannot be rebuilt has a
 * `fail` and no canonical bytes.
 */
import { createHash } from "node:crypto";
import type { Evidence } from "../../vocabulary/index.js";
import type { Canonical } from "./canonical.js";
import type { Canonicalise, Rebuilt } from "./canonicalisers/rebuilt.js";
import type { TableFacts } from "./facts.js";
import type { Finding } from "./finding.js";
import type { MediaType } from "./media.js";
import { mediaTypeOf, UNKNOWN_MEDIA_TYPE } from "./media.js";
import type { DisclosurePolicy } from "./policy.js";
import { capacityOf, judgeCapacity } from "./rules/capacity.js";
import { countPlaces } from "./rules/counts.js";
import { findingOf, sizeText } from "./rules/definition.js";
import { overLimit } from "./rules/limits.js";
import { unknownType } from "./rules/media-type.js";
import { judgeMixedScripts } from "./rules/mixed-scripts.js";
import { judgeNoCounts } from "./rules/no-counts.js";
import { judgeThreshold } from "./rules/threshold.js";
import { noteUnverified } from "./rules/unverified.js";
import type { Table } from "./table.js";
import { statedFacts } from "./table-facts.js";

/** A file that yields no bytes, only a finding. */
export function withoutBytes(name: string, finding: Finding): Canonical {
  return {
    media_type: mediaTypeOf(name)?.media_type ?? UNKNOWN_MEDIA_TYPE,
    canonical: undefined,
    bytes: 0,
    sha256: undefined,
    findings: [finding],
    capacity_bytes: 0,
    texts: [],
  };
}

/** What can be said from name and size alone: a refusal, the answer for an empty text, or nothing yet. */
export function judgeUnread(name: string, bytes: number, policy: DisclosurePolicy): Canonical | undefined {
  try {
    const type = acceptedType(name);
    checkSize(bytes, policy);
    if (bytes > 0 || type.canonicaliser !== "text") return undefined;
    return assemble(type, { canonical: Buffer.alloc(0), findings: [], texts: [] }, policy, "verified");
  } catch (error) {
    return refused(name, error);
  }
}

/**
 * @param canonicalise of the type that the name says
 * @param evidence who vouches for the content; a hand-written file is "unverified" and never passes by itself
 */
export function rebuildWith(
  canonicalise: Canonicalise,
  name: string,
  bytes: Buffer,
  policy: DisclosurePolicy,
  evidence: Evidence = "unverified",
): Canonical {
  const unread = judgeUnread(name, bytes.length, policy);
  if (unread !== undefined) return unread;
  try {
    const type = acceptedType(name);
    const rebuilt = canonicalise(bytes, type.extension, policy);
    checkSize(rebuilt.canonical.length, policy);
    return assemble(type, rebuilt, policy, evidence);
  } catch (error) {
    return refused(name, error);
  }
}

function acceptedType(name: string): MediaType {
  const type = mediaTypeOf(name);
  if (type === undefined) throw unknownType();
  return type;
}

function checkSize(bytes: number, policy: DisclosurePolicy): void {
  const limit = policy.max_output_bytes;
  if (bytes > limit) throw overLimit(`Larger than ${sizeText(limit)}.`, { bytes, limit });
}

function refused(name: string, error: unknown): Canonical {
  const finding = findingOf(error);
  if (finding === undefined) throw error;
  return withoutBytes(name, finding);
}

function judgeTable(table: Table, policy: DisclosurePolicy): { findings: Finding[]; facts?: TableFacts } {
  const places = countPlaces(table);
  if (places.columns.length + places.rows.length === 0) return { findings: judgeNoCounts(table, policy) };
  return { findings: judgeThreshold(table, places, policy), facts: statedFacts(table, places) };
}

function assemble(
  type: MediaType,
  rebuilt: Rebuilt,
  policy: DisclosurePolicy,
  evidence: Evidence,
): Canonical {
  const { canonical, texts } = rebuilt;
  const capacity = capacityOf(canonical, rebuilt.content);
  const table = rebuilt.table === undefined ? undefined : judgeTable(rebuilt.table, policy);
  return {
    media_type: type.media_type,
    canonical,
    bytes: canonical.length,
    sha256: createHash("sha256").update(canonical).digest("hex"),
    findings: [
      ...(table?.findings ?? []),
      ...rebuilt.findings,
      ...judgeMixedScripts(texts),
      judgeCapacity(capacity, policy),
      ...(evidence === "unverified" ? [noteUnverified()] : []),
    ],
    capacity_bytes: capacity,
    texts,
    ...(table?.facts === undefined ? {} : { table: table.facts }),
  };
}
