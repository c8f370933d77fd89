/**
 * One participant's part in one attempt: what it draws, what it checks of the others, and what it says.
 *
 * Rules: everything that was revealed is checked against its commitment and its form before it is used; a share is given
 * for the sum that this domain added up itself, under the transcript hash that it computed itself; it is drawn once, before
 * anybody's is seen. What is wrong ends the attempt with evidence (revealed.ts).
 */

import type { Tx } from "../../ledger/index.js";
import {
  attemptLabel,
  type CommitmentOpening,
  type Committed,
  commitment,
  contentHash,
  fromSlots,
  newNonce,
  toSlots,
  transcriptHash,
  WrongShares,
} from "../../privacy/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { Message, SignedMessage } from "../messages/message.js";
import { openSealed, type SealingKey, sealFor } from "../messages/seal.js";
import type { SharedStatistic } from "../statistic/shared.js";
import type { SumsThread } from "../sums/thread.js";
import { Breach, Revealed, type RevealedParts } from "./revealed.js";
import type { AttemptSecret } from "./secrets.js";
import { hashesOf, said } from "./steps.js";

export interface AttemptParts extends RevealedParts {
  sums: SumsThread;
  statistic: Pick<SharedStatistic, "slots">;
}

/** What a step says, and what it drew. */
export interface Said {
  kind: Message["kind"];
  body: SignedMessage["message"]["body"];
  secret?: AttemptSecret;
  /** What is done in the commit that keeps it, or nothing is kept. */
  with?(tx: Tx): void;
}

export class AttemptRun {
  private readonly label: Buffer;
  private readonly revealed: Revealed;

  constructor(
    private readonly parts: AttemptParts,
    private readonly me: string,
  ) {
    this.label = attemptLabel(parts.attempt);
    this.revealed = new Revealed(parts);
  }

  /** It says which question it answers: two who were shown different ones find out before anything is revealed. */
  async commitKey(): Promise<Said> {
    const { sums, attempt, blobs } = this.parts;
    const { secret, content } = await sums.keyShare(this.label);
    const opening = { nonce: newNonce(), content };
    return {
      kind: "key_commit",
      body: { commitment: this.commit("key_share", opening), question: attempt.question },
      secret: {
        key: Buffer.from(secret.buffer).toString("base64"),
        key_nonce: base64(opening.nonce),
        key_blob: await blobs.put(Buffer.from(content)),
      },
    };
  }

  revealKey(secret: AttemptSecret): Said {
    const { attempt } = this.parts;
    for (const author of attempt.participants) {
      const message = this.revealed.saidBy("key_commit", author);
      if (message.body.question !== attempt.question)
        throw new Breach(author, "it answers another question than the board shows here", message);
    }
    return { kind: "key_reveal", body: { nonce: secret.key_nonce, blobs: [secret.key_blob] } };
  }

  async commitData(secret: AttemptSecret, numbers: readonly bigint[]): Promise<Said> {
    const { sums, statistic, blobs } = this.parts;
    const { slots: width } = await sums.parameters();
    const shares = await this.revealed.all((author) => this.revealed.opened(author, "key_share", 1));
    const collective = await this.revealed.blame(
      "key_reveal",
      "its key share is malformed",
      sums.collective(shares),
    );
    const slots = toSlots(numbers, statistic.slots);
    const contents: Buffer[] = [];
    for (let from = 0; from < slots.length; from += width) {
      const part = slots.subarray(from, from + width);
      contents.push(Buffer.from(await sums.encrypt(this.label, collective, part)));
    }
    const opening = { nonce: newNonce(), content: Buffer.concat(contents) };
    return {
      kind: "data_commit",
      body: { commitment: this.commit("ciphertexts", opening) },
      secret: {
        ...secret,
        data_nonce: base64(opening.nonce),
        data_blobs: await Promise.all(contents.map((c) => blobs.put(c))),
      },
    };
  }

  revealData(secret: AttemptSecret): Said {
    return { kind: "data_reveal", body: { nonce: secret.data_nonce!, blobs: secret.data_blobs! } };
  }

  /**
   * Signs the transcript, and commits to the share that it would give under it: computed now and once, and sealed.
   * @param recipients name and sealing key of each
   */
  async sign(secret: AttemptSecret, recipients: ReadonlyMap<string, string>): Promise<Said> {
    const { sums, blobs } = this.parts;
    const { hash, totals } = await this.transcript();
    const key = new Int8Array(Buffer.from(secret.key, "base64"));
    const shares: Uint8Array[] = [];
    for (const total of totals) shares.push(await sums.share(total, key));
    const opening = { nonce: newNonce(), content: Buffer.concat(shares) };
    const to: Record<string, string> = {};
    for (const [name, sealing] of recipients)
      to[name] = await blobs.put(sealFor(sealing, this.words(hash, this.me), opening.content));
    return {
      kind: "transcript",
      body: { transcript: hash, commitment: this.commit("shares", opening) },
      secret: { ...secret, share_nonce: base64(opening.nonce), share_blobs: to },
    };
  }

  /** What was committed to under the transcript that this domain signed, if all signed the same. */
  share(secret: AttemptSecret): Said {
    this.requireAgreed(String(this.revealed.saidBy("transcript", this.me).body.transcript));
    const to = secret.share_blobs!;
    return { kind: "share", body: { nonce: secret.share_nonce!, blobs: Object.values(to), to } };
  }

  /** The sums of all fields, for a recipient. */
  async combined(name: string, sealing: SealingKey): Promise<bigint[]> {
    const { sums, statistic } = this.parts;
    const { hash, totals } = await this.transcript();
    this.requireAgreed(hash);
    const given = await this.revealed.all((author) => this.shareOf(author, name, sealing, hash));
    const { slots: width } = await sums.parameters();
    const slots = new BigInt64Array(totals.length * width);
    for (const [i, total] of totals.entries()) {
      const parts = given.map((content) => partOf(content, i, totals.length));
      const opening = sums.open(total, parts).catch((error: unknown) => {
        if (error instanceof WrongShares) throw new Breach(undefined, "the shares do not open the sum");
        throw error;
      });
      slots.set(await this.revealed.blame("share", "its share is malformed", opening), i * width);
    }
    return fromSlots(slots, statistic.slots);
  }

  private async shareOf(author: string, name: string, sealing: SealingKey, hash: string): Promise<Buffer> {
    const message = this.revealed.saidBy("share", author);
    const sha256 = (message.body.to as Record<string, string> | undefined)?.[name];
    const sealed = await this.parts.blobs.get(String(sha256));
    const content = openedOr(() => openSealed(sealing, this.words(hash, author), sealed));
    if (content === undefined) throw new Breach(author, "its share is not sealed for this domain", message);
    this.revealed.requireCommitted(author, "shares", content);
    return content;
  }

  private words(transcript: string, author: string): string {
    return `share\n${transcript}\n${author}`;
  }

  private commit(what: Committed, opening: CommitmentOpening): string {
    return commitment(this.parts.attempt, this.me, what, opening);
  }

  private requireAgreed(hash: string): void {
    const view = { participants: this.parts.attempt.participants, messages: this.parts.messages };
    for (const [author, message] of said(view, "transcript"))
      if (message.body.transcript !== hash) throw new Breach(author, "it signed another transcript", message);
    if (hashesOf(view).size !== 1) throw new GloveboxError("internal", { detail: "no transcript is signed" });
  }

  private async transcript(): Promise<{ hash: string; totals: Uint8Array[] }> {
    const { sums, attempt, statistic } = this.parts;
    const { slots: width, ciphertextBytes } = await sums.parameters();
    const count = Math.ceil(statistic.slots.slots / width);
    const contents = await this.revealed.all((author) => this.revealed.opened(author, "ciphertexts", count));
    const entries = [];
    for (const [i, participant] of attempt.participants.entries()) {
      const content = contents[i]!;
      if (content.length !== count * ciphertextBytes) {
        const message = this.revealed.saidBy("data_reveal", participant);
        throw new Breach(participant, "it has another number of ciphertexts", message);
      }
      entries.push({
        participant,
        key_share: contentHash(await this.revealed.opened(participant, "key_share", 1)),
        ciphertexts: Array.from({ length: count }, (_, k) => contentHash(partOf(content, k, count))),
      });
    }
    const totals: Uint8Array[] = [];
    for (let k = 0; k < count; k++) {
      const total = sums.addUp(contents.map((content) => partOf(content, k, count)));
      totals.push(
        await this.revealed.blame("data_reveal", "a ciphertext of its is malformed or transparent", total),
      );
    }
    return { hash: transcriptHash(attempt, entries), totals };
  }
}

/** The i-th of so many equal parts. */
function partOf(content: Buffer, i: number, count: number): Buffer {
  const size = content.length / count;
  return content.subarray(i * size, (i + 1) * size);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** @returns undefined where it does not open */
function openedOr(open: () => Buffer): Buffer | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof GloveboxError && error.code === "invalid_input") return undefined;
    throw error;
  }
}
