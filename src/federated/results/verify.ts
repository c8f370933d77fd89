/**
 * `collaboration.json` of a bundle, checked offline: that every participant joined this spec by its own signature, that all
 * contributors signed one and the same list of keys and ciphertexts for the very question that the job is of, and that
 * their ledgers say so under signed heads, which others cosigned. Pure but for hashes.
 *
 * Rule: what a domain did not show in time is missed, not wrong; whatever is there must hold.
 */
import {
  type Bundle,
  type Chapter,
  COLLABORATION_PATH,
  type Pin,
  type Report,
  type Verification,
  verifyBundle,
} from "../../airlock/index.js";
import {
  canonicalJson,
  checkConsistency,
  checkNote,
  fromBase64,
  type JsonObject,
  type JsonValue,
  type Note,
  parseNote,
  toHex,
  utf8,
  type VerifierCrypto,
} from "../../ledger/index.js";
import { transcriptHash } from "../../privacy/index.js";
import { type CollaborationSpec, participantNamed } from "../collaborations/spec.js";
import { said } from "../member/steps.js";
import { type Message, messageBytes, messageHash, type SignedMessage } from "../messages/message.js";
import { entriesIn, type Paper, paperSchema } from "./paper.js";
import { type Checked, type ShownLedger, spokenOf } from "./spoken.js";
import { attestsRead, cosignersOf, type LogOf, logsOf, wrongInEntries } from "./witnessed.js";

export const collaborationChapter: Chapter = {
  path: COLLABORATION_PATH,
  kinds: ["aggregate"],
  check(crypto, bundle, value, report) {
    const nothing = { proves: [], not_proven: [] };
    const parsed = paperSchema.safeParse(value);
    if (!parsed.success) {
      const where = parsed.error.issues[0]?.path.join(".") ?? "";
      report.add(COLLABORATION_PATH, `is not of the form of a collaboration's paper: ${where}`);
      return nothing;
    }
    const checked = new PaperCheck(crypto, bundle, parsed.data, report).run();
    return checked === undefined ? nothing : spokenOf(parsed.data, checked);
  },
};

/** Checks any release bundle, of one domain or of several. Offline. */
export const verifyRelease = (zip: Uint8Array, pin: Pin = {}): Verification =>
  verifyBundle(zip, pin, [collaborationChapter]);

const same = (a: unknown, b: unknown): boolean =>
  a !== undefined && b !== undefined && canonicalJson(a as JsonValue) === canonicalJson(b as JsonValue);

/** @param shown undefined: the domain has shown none, and then nothing may be said of one */
function goesOn(crypto: VerifierCrypto, { receipt, checkpoint }: Bundle, shown: Note | undefined): boolean {
  const { continues } = receipt;
  if (shown === undefined || continues === undefined) return shown === undefined && continues === undefined;
  const [head, proof] = [parseNote(checkpoint), continues.proof.map(fromBase64)];
  if (head === undefined || continues.size !== shown.size || proof.includes(undefined)) return false;
  const [from, to] = [fromBase64(shown.root)!, fromBase64(head.root)!];
  return checkConsistency(crypto, shown.size, head.size, from, to, proof as Uint8Array[]);
}

class PaperCheck {
  private readonly messages: Message[];
  private readonly spec: CollaborationSpec;
  private readonly hash: string;

  constructor(
    private readonly crypto: VerifierCrypto,
    private readonly bundle: Bundle,
    private readonly paper: Paper,
    private readonly report: Report,
  ) {
    this.spec = paper.spec;
    this.messages = paper.messages.map((m) => m.message);
    this.hash = toHex(crypto.sha256(utf8(canonicalJson(paper.spec as unknown as JsonObject))));
  }

  private require(holds: boolean, what: string, who = ""): void {
    this.report.require(holds, who === "" ? COLLABORATION_PATH : `${COLLABORATION_PATH}: ${who}`, what);
  }

  private nameOf = (key: string): string => participantNamed(this.spec, key) ?? key;

  run(): Checked | undefined {
    this.checkJob();
    for (const signed of this.paper.messages) this.checkSignature(signed);
    const logs = this.checkJoins();
    const places = this.paper.rounds.map((place) => this.checkRound(place));
    const last = places.at(-1);
    if (last === undefined || !this.report.clean) return undefined;
    const { ledgers, missing } = this.checkLedgers(logs, last.contributors);
    const issuer = this.checkIssuer(logs, ledgers);
    if (!this.report.clean) return undefined;
    return {
      hash: this.hash,
      contributors: last.contributors.map(this.nameOf),
      transcripts: places.map((p) => p?.transcript ?? ""),
      ledgers,
      missing,
      issuer,
    };
  }

  /** The job is of this very result. */
  private checkJob(): void {
    const { spec } = this.bundle.job.job;
    const { paper, hash } = this;
    this.require(
      spec.collaboration === paper.collaboration &&
        spec.collaboration_spec === hash &&
        same(spec.rounds, paper.rounds),
      "is of another collaboration, spec or round than the job",
    );
    const grants = this.bundle.receipt.entries.filter((e) => e.step === "grant");
    this.require(
      grants.every((g) => g.opening.data.collaboration === hash),
      "is under a grant that does not name this spec",
    );
  }

  private checkSignature({ message, signature }: SignedMessage): void {
    const key = Buffer.from(message.author, "base64");
    const signed = this.crypto.verifyEd25519(key, messageBytes(message), Buffer.from(signature, "base64"));
    const known = this.spec.participants.some((p) => p.key === message.author);
    this.require(
      signed && known && message.collaboration === this.paper.collaboration,
      `has a message (${message.kind}) that no participant signed for this collaboration`,
      this.nameOf(message.author),
    );
  }

  private checkJoins(): Map<string, LogOf> {
    const logs = logsOf(this.messages);
    for (const { key, name } of this.spec.participants) {
      const join = this.messages.find((m) => m.kind === "join" && m.author === key);
      this.require(join?.body.spec === this.hash && logs.has(key), "did not join this spec", name);
    }
    return logs;
  }

  /** All contributors signed one list, which is that of what they revealed, for the job's own question. */
  private checkRound(place: {
    round: number;
    attempt: number;
  }): { contributors: string[]; transcript: string } | undefined {
    const { round, attempt } = place;
    const of = this.messages.filter((m) => m.round === round && m.attempt === attempt);
    const recipients = this.spec.participants.filter((p) => this.spec.recipients.includes(p.name));
    const open = of.find((m) => m.kind === "open" && recipients.some((p) => p.key === m.author));
    if (open === undefined) {
      this.require(false, `has no question of round ${round}`);
      return undefined;
    }
    this.checkQuestion(open);
    const named = open.body.contributors as string[] | undefined;
    const contributors = this.spec.participants
      .filter((p) => named === undefined || named.includes(p.name))
      .map((p) => p.key);
    this.require(
      same(this.bundle.job.job.spec.over, contributors.map(this.nameOf)),
      `is over other domains in round ${round} than the job says`,
    );
    const view = { participants: contributors, messages: of };
    const transcript = this.transcriptOf(open, contributors, view);
    const signed = said(view, "transcript");
    for (const key of contributors) {
      const is = transcript !== undefined && signed.get(key)?.body.transcript === transcript;
      this.require(is, `did not sign the list of round ${round} that the messages are of`, this.nameOf(key));
      this.require(said(view, "share").has(key), `gave no share in round ${round}`, this.nameOf(key));
    }
    return { contributors, transcript: transcript ?? "" };
  }

  /** The job's statistic; of a later step, of the first step's round. */
  private checkQuestion(open: Message): void {
    const place = this.paper.rounds.findIndex((r) => r.round === open.round);
    const { spec } = this.bundle.job.job;
    const step = open.body.step as { of?: unknown; number?: unknown } | undefined;
    const inOrder =
      place === 0
        ? step === undefined
        : step?.of === this.paper.rounds[0]!.round && step?.number === place + 1;
    this.require(
      inOrder &&
        same(open.body.statistic, spec.statistic) &&
        same(open.body.privacy ?? null, spec.privacy ?? null),
      `asks something else in round ${open.round} than the job is of`,
      this.nameOf(open.author),
    );
  }

  private transcriptOf(
    open: Message,
    contributors: readonly string[],
    view: Parameters<typeof said>[0],
  ): string | undefined {
    const [keys, data] = [said(view, "key_reveal"), said(view, "data_reveal")];
    const blobs = (of: ReadonlyMap<string, Message>, key: string): string[] => {
      const list = of.get(key)?.body.blobs;
      return Array.isArray(list) ? list.map(String) : [];
    };
    try {
      return transcriptHash(
        {
          spec: this.hash,
          round: open.round,
          attempt: open.attempt,
          question: messageHash(open),
          participants: [...contributors],
        },
        contributors.map((key) => ({
          participant: key,
          key_share: blobs(keys, key)[0] ?? "",
          ciphertexts: blobs(data, key),
        })),
      );
    } catch {
      return undefined;
    }
  }

  private checkLedgers(
    logs: ReadonlyMap<string, LogOf>,
    contributors: readonly string[],
  ): { ledgers: ShownLedger[]; missing: string[] } {
    const last = this.paper.rounds.at(-1)!;
    const of = this.messages.filter((m) => m.round === last.round && m.attempt === last.attempt);
    const view = { participants: contributors, messages: of };
    const attests = attestsRead(said(view, "attest"));
    const origin = (key: string) => logs.get(key)?.origin;
    const cosigners = cosignersOf(this.crypto, attests, said(view, "cosign"), origin);
    const ledgers: ShownLedger[] = [];
    for (const [author, { head, blobs }] of attests) {
      const name = this.nameOf(author);
      const log = logs.get(author)!;
      const note = checkNote(this.crypto, head, { publicKey: log.key, origin: log.origin });
      const paper = this.paper.entries[blobs[0]!] ?? "";
      const content = Buffer.from(paper, "base64");
      const entries = entriesIn(paper);
      if (note === undefined || entries === undefined || toHex(this.crypto.sha256(content)) !== blobs[0]) {
        this.require(false, "shows no entries under a head that its log signed", name);
        continue;
      }
      const wrong = wrongInEntries(this.crypto, entries, note, {
        collaboration: this.paper.collaboration,
        spec: this.hash,
        author,
        rounds: this.paper.rounds,
        messages: this.messages,
      });
      this.require(wrong === undefined, `its ledger: ${wrong}`, name);
      ledgers.push({ name, log, head: note, cosigners: (cosigners.get(author) ?? []).map(this.nameOf) });
    }
    const used = new Set([...attests.values()].map((a) => a.blobs[0]));
    this.require(
      Object.keys(this.paper.entries).every((blob) => used.has(blob)),
      "holds entries that nobody showed",
    );
    return { ledgers, missing: contributors.filter((key) => !attests.has(key)).map(this.nameOf) };
  }

  /** The log of the bundle is that of a recipient, and its head goes on from the one that this recipient has shown. */
  private checkIssuer(logs: ReadonlyMap<string, LogOf>, ledgers: readonly ShownLedger[]): string {
    const { origin, public_key } = this.bundle.receipt.log;
    const of = [...logs].find(([, log]) => log.origin === origin && log.key === public_key)?.[0];
    this.require(
      of !== undefined && this.spec.recipients.includes(this.nameOf(of)),
      "names no recipient whose log the bundle is of",
    );
    const shown = ledgers.find(({ log }) => log.key === public_key);
    this.require(
      goesOn(this.crypto, this.bundle, shown?.head),
      "shows a head from which the bundle's checkpoint does not go on",
    );
    return of === undefined ? "" : this.nameOf(of);
  }
}
