/** What a canonicaliser hands back; it throws a refusal (rules/definition.ts) where nothing can be rebuilt. */
import type { ScanText } from "../canonical.js";
import type { Finding } from "../finding.js";
import type { Table } from "../table.js";

export interface Rebuilt {
  canonical: Buffer;
  findings: Finding[];
  texts: ScanText[];
  table?: Table;
}
