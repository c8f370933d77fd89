/** What the checker makes of one file: the rebuilt bytes, what was found, and what else an engine should scan. */
import type { TableFacts } from "./facts.js";
import type { Finding } from "./finding.js";
import type { ModelFacts } from "./models/facts.js";

/** A stream of the file in which the raw-value scan looks for the dataset's values. */
export interface ScanText {
  /** What it is, for the finding: "content", "bytes after the end of the picture" … */
  name: string;
  content: Buffer;
}

export interface Canonical {
  media_type: string;
  /** The only bytes that can ever be released; undefined when the file could not be rebuilt (it then has a `fail`). */
  canonical: Buffer | undefined;
  /** Length of `canonical`, 0 when there is none. */
  bytes: number;
  /** Hex SHA-256 of `canonical`; undefined when there is none. */
  sha256: string | undefined;
  findings: Finding[];
  /** Upper bound on arbitrary information that `canonical` can carry. */
  capacity_bytes: number;
  texts: ScanText[];
  table?: TableFacts;
  /** Of a model or of curves that the node computed. */
  model?: ModelFacts;
}
