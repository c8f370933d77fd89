/** What a canonicaliser hands back; it throws a refusal (rules/definition.ts) where nothing can be rebuilt. */
import type { ScanText } from "../canonical.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import type { Table } from "../table.js";

export interface Rebuilt {
  canonical: Buffer;
  findings: Finding[];
  texts: ScanText[];
  table?: Table;
  /**
   * The same content written in another way, from which `canonical` could be made again without anything else. Where
   * it codes to fewer bytes than `canonical`, it bounds the file's capacity: a rounded number is shorter as decimal
   * text than as a double.
   */
  content?: Buffer;
}

/** @throws a refusal where nothing can be rebuilt */
export type Canonicalise = (bytes: Buffer, extension: string, policy: DisclosurePolicy) => Rebuilt;
