/**
 * The offline verifier of release bundles. Pure: bytes in, findings out; hashes and signatures are checked by what is
 * passed in, so that it runs in a browser too.
 *
 * Rule: every byte of a bundle takes part in some check, and whatever does not hold is named by its place. It never
 * says more than is proven: a bundle with one problem proves nothing.
 */
import type { VerifierCrypto } from "../../ledger/index.js";
import { PATHS } from "../bundle/format.js";
import { checkChain } from "./chain.js";
import { type Chapter, checkChapters } from "./chapters.js";
import { checkEntries, checkHead, type Pin } from "./entries.js";
import { readBundle } from "./files.js";
import { Report, type Verification } from "./report.js";
import { notProvenBy, provenBy } from "./sentences.js";

/** @param chapters how to check files that bundles of some kinds of job have besides */
export function verifyWith(
  crypto: VerifierCrypto,
  zip: Uint8Array,
  pin: Pin = {},
  chapters: readonly Chapter[] = [],
): Verification {
  const report = new Report();
  const failed = (): Verification => ({
    ok: false,
    proves: [],
    not_proven: [],
    zh: { proves: [], not_proven: [] },
    problems: report.problems,
  });
  const bundle = readBundle(zip, report, new Set(chapters.map((c) => c.path)));
  if (!bundle) return failed();
  const head = checkHead(crypto, bundle, pin, report);
  if (head) checkEntries(crypto, bundle, head, report);
  const links = checkChain(crypto, bundle, report);
  report.require(
    bundle.receipt.continues === undefined || bundle.chapters.size > 0,
    PATHS.receipt,
    "names an earlier head that nothing speaks of",
  );
  const more = checkChapters(crypto, bundle, chapters, report);
  if (!head || !links || !report.clean) return failed();
  const proves = [...provenBy(bundle, links, head, pin), ...more.proves];
  const not_proven = [...notProvenBy(bundle, head, pin), ...more.not_proven];
  return {
    ok: true,
    proves: proves.map((s) => s.en),
    not_proven: not_proven.map((s) => s.en),
    zh: { proves: proves.map((s) => s.zh), not_proven: not_proven.map((s) => s.zh) },
    problems: [],
  };
}
