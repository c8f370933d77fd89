/**
 * Parts of a bundle that another room knows how to check: a file that bundles of some kinds of job have, and no others.
 *
 * Rule: a bundle of a kind that a chapter is of verifies only together with it.
 */
import type { JsonValue, VerifierCrypto } from "../../ledger/index.js";
import type { JobKindName } from "../../vocabulary/index.js";
import type { Bundle } from "./files.js";
import type { Report, Sentence } from "./report.js";

export interface Chapter {
  path: string;
  kinds: readonly JobKindName[];
  /** @param value what the file holds, in canonical form. @returns what it says where nothing is wrong */
  check(
    crypto: VerifierCrypto,
    bundle: Bundle,
    value: JsonValue,
    report: Report,
  ): { proves: Sentence[]; not_proven: Sentence[] };
}

export function checkChapters(
  crypto: VerifierCrypto,
  bundle: Bundle,
  chapters: readonly Chapter[],
  report: Report,
): { proves: Sentence[]; not_proven: Sentence[] } {
  const said: { proves: Sentence[]; not_proven: Sentence[] } = { proves: [], not_proven: [] };
  for (const chapter of chapters) {
    const value = bundle.chapters.get(chapter.path);
    const needed = chapter.kinds.includes(bundle.job.job.kind);
    if (!needed || value === undefined) {
      report.require(
        needed === (value !== undefined),
        chapter.path,
        needed ? "is missing" : "does not belong in a bundle",
      );
      continue;
    }
    const { proves, not_proven } = chapter.check(crypto, bundle, value, report);
    said.proves.push(...proves);
    said.not_proven.push(...not_proven);
  }
  return said;
}
