/**
 * The offline verifier of release bundles. Pure: bytes in, findings out; hashes and signatures are checked by what is
 * passed in, so that it runs in a browser too.
 *
 * Rule: every byte of a bundle takes part in some check, and whatever does not hold is named by its place. It never
 * says more than is proven: a bundle with one problem proves nothing.
 */
import type { VerifierCrypto } from "../../ledger/index.js";
import { checkChain } from "./chain.js";
import { checkEntries, checkHead, type Pin } from "./entries.js";
import { readBundle } from "./files.js";
import { Report, type Verification } from "./report.js";
import { notProvenBy, provenBy } from "./sentences.js";

export function verifyWith(crypto: VerifierCrypto, zip: Uint8Array, pin: Pin = {}): Verification {
  const report = new Report();
  const failed = (): Verification => ({ ok: false, proves: [], not_proven: [], problems: report.problems });
  const bundle = readBundle(zip, report);
  if (!bundle) return failed();
  const head = checkHead(crypto, bundle, pin, report);
  if (head) checkEntries(crypto, bundle, head, report);
  const links = checkChain(crypto, bundle, report);
  if (!head || !links || !report.clean) return failed();
  return {
    ok: true,
    proves: provenBy(bundle, links, head, pin),
    not_proven: notProvenBy(bundle, head, pin),
    problems: [],
  };
}
