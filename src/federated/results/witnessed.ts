/**
 * What one domain's ledger says of its part in a result, and how others check it: opened entries with their proofs, under
 * a signed head that goes on from the last one it has shown. Pure but for the hashes that are passed in.
 *
 * Rules: an entry counts when it opens to its leaf, its leaf is in the tree of the head, and it names what the domain said
 * on the board, blob by blob. A head that does not continue the last one, both signed with the domain's log key, proves by
 * itself that the domain shows two histories.
 */
import { z } from "zod";
import {
  checkConsistency,
  checkInclusion,
  checkNote,
  commitmentHash,
  cosignedAt,
  fromBase64,
  hashLeaf,
  type JsonObject,
  type Ledger,
  leafText,
  type Note,
  parseLeaf,
  parseNote,
  utf8,
  type VerifierCrypto,
} from "../../ledger/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { identityKey, type Message, sha256Hex } from "../messages/message.js";

const hash = z.string().max(64);
const note = z.string().max(16_384);

/** In `join`: whose log it is, and its head when it joined. */
export const logSchema = z.strictObject({ origin: z.string().max(256), key: identityKey, head: note });
export type LogOf = z.output<typeof logSchema>;

export const attestSchema = z.strictObject({
  /** Of the one blob: the entries. */
  blobs: z.array(sha256Hex).length(1),
  head: note,
  /** From the head that it has shown last in this collaboration. */
  consistency: z.array(hash).max(64),
});
export type Attest = z.output<typeof attestSchema>;

export const cosignSchema = z.strictObject({
  /** By author: its head, with this domain's cosignature. */
  notes: z.record(identityKey, note),
});

/** What others are told of each domain's log when it joined. */
export function logsOf(messages: readonly Message[]): Map<string, LogOf> {
  const logs = new Map<string, LogOf>();
  for (const { kind, author, body } of messages) {
    const log = kind === "join" ? logSchema.safeParse(body.log) : undefined;
    if (log?.success && !logs.has(author)) logs.set(author, log.data);
  }
  return logs;
}

/** Those that can be read, by author. */
export function attestsRead(attests: ReadonlyMap<string, Message>): Map<string, Attest> {
  const read = new Map<string, Attest>();
  for (const [author, { body }] of attests) {
    const parsed = attestSchema.safeParse(body);
    if (parsed.success) read.set(author, parsed.data);
  }
  return read;
}

const entrySchema = z.strictObject({
  leaf: z.strictObject({
    seq: z.int().nonnegative(),
    time: z.string().max(64),
    kind: z.string().max(128),
    commitment: sha256Hex,
  }),
  opening: z.strictObject({
    salt: hash,
    time: z.string().max(64),
    actor: z.string().max(128),
    subject: z.string().max(128),
    data: z.record(z.string(), z.json()),
  }),
  proof: z.array(hash).max(64),
});
export type WitnessedEntry = z.output<typeof entrySchema>;

/** The blob of an `attest`. */
export const entriesSchema = z.strictObject({
  version: z.literal(1),
  entries: z.array(entrySchema).min(1).max(1_000),
});

/** Kinds of entry that say what a domain put in, and that it opened, each with the message that it is of. */
const PART_OF = { "round.contributed": "data_reveal", "round.shared": "share" } as const;
type PartKind = keyof typeof PART_OF;
export const PART_KINDS = Object.keys(PART_OF) as readonly PartKind[];

/** @param seqs places in the ledger; @param size of the head that the proofs lead to */
export function witnessedEntries(ledger: Ledger, seqs: readonly number[], size: number): WitnessedEntry[] {
  return seqs.map((seq) => {
    const leaf = parseLeaf(ledger.leaf(seq));
    if (leaf === undefined) throw new GloveboxError("internal", { detail: "a leaf is damaged" });
    const opening = ledger.opening(seq);
    return {
      leaf,
      opening: { ...opening, data: opening.data as WitnessedEntry["opening"]["data"] },
      proof: ledger.inclusionProof(seq, size),
    };
  });
}

const hashesOf = (texts: readonly string[]): Uint8Array[] | undefined => {
  const all = texts.map(fromBase64);
  return all.every((h) => h?.length === 32) ? (all as Uint8Array[]) : undefined;
};

export type HeadCheck =
  /** `split`: signed, and no continuation of the last one. */
  { kind: "ok"; note: Note } | { kind: "unsigned" } | { kind: "split"; note: Note };

/** @param last the head that the domain has shown last */
export function checkShownHead(
  crypto: VerifierCrypto,
  { origin, key }: Pick<LogOf, "origin" | "key">,
  last: string,
  { head, consistency }: Pick<Attest, "head" | "consistency">,
): HeadCheck {
  const expected = { origin, publicKey: key };
  const before = checkNote(crypto, last, expected);
  const now = checkNote(crypto, head, expected);
  if (before === undefined || now === undefined) return { kind: "unsigned" };
  const proof = hashesOf(consistency);
  const goesOn =
    proof !== undefined &&
    checkConsistency(crypto, before.size, now.size, fromBase64(before.root)!, fromBase64(now.root)!, proof);
  return { kind: goesOn ? "ok" : "split", note: now };
}

export interface ExpectedPart {
  collaboration: string;
  spec: string;
  author: string;
  /** Each with the attempt that ended well. */
  rounds: readonly { round: number; attempt: number }[];
  messages: readonly Message[];
}

/** What is wrong with a domain's entries; undefined: they say all that they must, under this head. */
export function wrongInEntries(
  crypto: VerifierCrypto,
  entries: readonly WitnessedEntry[],
  head: Pick<Note, "size" | "root">,
  expected: ExpectedPart,
): string | undefined {
  const root = fromBase64(head.root)!;
  for (const { leaf, opening, proof } of entries) {
    const hashes = hashesOf(proof);
    if (commitmentHash(crypto, opening) !== leaf.commitment)
      return "an entry does not open to what its leaf commits to";
    const leafHash = hashLeaf(crypto, utf8(leafText(leaf)));
    if (!hashes || !checkInclusion(crypto, leaf.seq, head.size, leafHash, hashes, root))
      return "an entry is not in the tree that the head signs";
    if (opening.subject !== expected.collaboration || opening.data.spec !== expected.spec)
      return "an entry is of another collaboration";
  }
  for (const { round, attempt } of expected.rounds)
    for (const kind of PART_KINDS) {
      const of = entries.filter(
        ({ leaf, opening }) =>
          leaf.kind === kind && opening.data.round === round && opening.data.attempt === attempt,
      );
      if (of.length !== 1) return `needs one entry ${kind} of round ${round}`;
      if (!isSaid(expected, kind, of[0]!.opening.data as JsonObject))
        return `the entry ${kind} of round ${round} names other blobs than were posted`;
    }
  return undefined;
}

/** The domain has posted the message of this attempt with these very blobs. */
function isSaid({ author, messages }: ExpectedPart, kind: PartKind, data: JsonObject): boolean {
  const blobs = JSON.stringify(data.blobs);
  return messages.some(
    (m) =>
      m.kind === PART_OF[kind] &&
      m.author === author &&
      m.round === data.round &&
      m.attempt === data.attempt &&
      JSON.stringify(m.body.blobs) === blobs,
  );
}

/** By author of the head: who of the contributors cosigned it. */
export function cosignersOf(
  crypto: VerifierCrypto,
  attests: ReadonlyMap<string, Attest>,
  cosigns: ReadonlyMap<string, Message>,
  nameOf: (key: string) => string | undefined,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [author, { head }] of attests) {
    const text = parseNote(head)?.text;
    const by = [...cosigns].flatMap(([witness, { body }]) => {
      const notes = cosignSchema.safeParse(body);
      const note = notes.success ? parseNote(notes.data.notes[author] ?? "") : undefined;
      const name = nameOf(witness);
      if (witness === author || note === undefined || name === undefined || note.text !== text) return [];
      return cosignedAt(crypto, note, { name, publicKey: witness }) === undefined ? [] : [witness];
    });
    found.set(author, by);
  }
  return found;
}
