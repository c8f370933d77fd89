/** The receipt: each opened entry is what its leaf commits to, and each leaf is in the tree that the head signs. */
import {
  canonicalJson,
  checkInclusion,
  checkNote,
  commitmentHash,
  fromBase64,
  hashLeaf,
  type JsonValue,
  leafText,
  type Note,
  utf8,
  type VerifierCrypto,
} from "../../ledger/index.js";
import { PATHS, type ReceiptEntry, STEP_KINDS, type Step } from "../bundle/format.js";
import type { Bundle } from "./files.js";
import type { Report } from "./report.js";

export interface Pin {
  origin?: string | undefined;
  /** Base64 of the raw Ed25519 key. */
  key?: string | undefined;
}

/** The signed head; undefined, with a problem added, when it is not this log's. */
export function checkHead(
  crypto: VerifierCrypto,
  bundle: Bundle,
  pin: Pin,
  report: Report,
): Note | undefined {
  const { log } = bundle.receipt;
  if (pin.origin !== undefined && pin.origin !== log.origin) {
    report.add(PATHS.receipt, `is of the log ${log.origin}, not of ${pin.origin}`);
    return undefined;
  }
  if (pin.key !== undefined && pin.key !== log.public_key) {
    report.add(PATHS.receipt, "names another log key than the one given");
    return undefined;
  }
  const note = checkNote(crypto, bundle.checkpoint, { publicKey: log.public_key, origin: log.origin });
  if (note === undefined) report.add(PATHS.checkpoint, "is not a head signed with the log's key");
  return note;
}

/** Two values that mean the same JSON; nothing is the same as what is not there. */
export const same = (a: JsonValue | undefined, b: JsonValue | undefined): boolean =>
  a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b);

export const placeOf = (entry: ReceiptEntry): string =>
  `${PATHS.receipt}: entry ${entry.leaf.seq} (${entry.step})`;

export function checkEntries(crypto: VerifierCrypto, bundle: Bundle, head: Note, report: Report): void {
  const root = fromBase64(head.root)!;
  let before = -1;
  for (const entry of bundle.receipt.entries) {
    const where = placeOf(entry);
    const { leaf, opening, proof, step } = entry;
    report.require(leaf.seq > before, where, "is not in the order of the log");
    before = leaf.seq;
    report.require(STEP_KINDS[step].includes(leaf.kind), where, "is of another kind than its step");
    report.require(
      commitmentHash(crypto, opening) === leaf.commitment,
      where,
      "does not open to what the log's leaf commits to",
    );
    const hashes = proof.map(fromBase64);
    const included =
      hashes.every((h) => h?.length === 32) &&
      checkInclusion(
        crypto,
        leaf.seq,
        head.size,
        hashLeaf(crypto, utf8(leafText(leaf))),
        hashes as Uint8Array[],
        root,
      );
    report.require(included, where, "is not in the tree that the checkpoint signs");
  }
}

export const entriesOf = (bundle: Bundle, step: Step): ReceiptEntry[] =>
  bundle.receipt.entries.filter((e) => e.step === step);

/** The only entry of a step; undefined, with a problem added, when there is not exactly one. */
export function onlyEntry(bundle: Bundle, step: Step, report: Report): ReceiptEntry | undefined {
  const found = entriesOf(bundle, step);
  if (found.length === 1) return found[0];
  report.add(PATHS.receipt, `needs one entry of the step ${step}, not ${found.length}`);
  return undefined;
}
