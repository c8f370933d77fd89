/**
 * One participant's part in one attempt: what it draws, what it checks of the others, and what it says.
 *
 * Rules: everything that was revealed is checked against its commitment and its form before it is used; a share is given
 * for the sum that this domain added up itself, under the transcript hash that it computed itself. What is wrong ends the
 * attempt with evidence: who said it, and what was wrong, in words of this table; never a number.
 */

import {
  type Attempt,
  addCiphertexts,
  attemptLabel,
  type Ciphertext,
  collectiveKey,
  combine,
  commitment,
  commonElement,
  contentHash,
  decryptionShare,
  elementBytes,
  encrypt,
  fromSlots,
  makeKeyShare,
  newNonce,
  opens,
  type Poly,
  readCiphertext,
  readElement,
  type SealRing,
  toSlots,
  transcriptHash,
  writeCiphertext,
  writeElement,
} from "../../privacy/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { Message, SignedMessage } from "../messages/message.js";
import { openSealed, type SealingKey, sealFor } from "../messages/seal.js";
import type { SharedStatistic } from "../statistic/shared.js";
import type { AttemptSecret } from "./secrets.js";
import { hashesOf, said } from "./steps.js";

/** Someone did not keep to the protocol. */
export class Breach extends Error {
  constructor(
    readonly author: string,
    readonly what: string,
  ) {
    super(what);
  }
}

export interface Blobs {
  get(sha256: string): Promise<Buffer>;
  put(content: Buffer): Promise<string>;
}

export interface AttemptParts {
  ring: SealRing;
  attempt: Attempt;
  statistic: Pick<SharedStatistic, "slots">;
  messages: readonly Message[];
  blobs: Blobs;
}

/** What a step says, and what it drew. */
export interface Said {
  kind: Message["kind"];
  body: SignedMessage["message"]["body"];
  secret?: AttemptSecret;
}

export class AttemptRun {
  private readonly common: Poly;

  constructor(
    private readonly parts: AttemptParts,
    private readonly me: string,
  ) {
    this.common = commonElement(attemptLabel(parts.attempt), parts.ring.modulus);
  }

  async commitKey(): Promise<Said> {
    const { ring, attempt, blobs } = this.parts;
    const share = makeKeyShare(ring, this.common);
    const content = writeElement(share.public);
    const nonce = newNonce();
    return {
      kind: "key_commit",
      body: { commitment: commitment(attempt, this.me, "key_share", { nonce, content }) },
      secret: {
        key: Buffer.from(share.secret.buffer).toString("base64"),
        key_nonce: nonce.toString("base64"),
        key_blob: await blobs.put(content),
      },
    };
  }

  revealKey(secret: AttemptSecret): Said {
    return { kind: "key_reveal", body: { nonce: secret.key_nonce, blobs: [secret.key_blob] } };
  }

  async commitData(secret: AttemptSecret, numbers: readonly bigint[]): Promise<Said> {
    const { ring, attempt, statistic, blobs } = this.parts;
    const collective = collectiveKey(ring, await this.keyShares());
    const slots = toSlots(numbers, statistic.slots);
    const contents: Buffer[] = [];
    for (let from = 0; from < slots.length; from += ring.slots) {
      const part = slots.subarray(from, from + ring.slots);
      contents.push(writeCiphertext(encrypt(ring, { collective, common: this.common }, part)));
    }
    const nonce = newNonce();
    const content = Buffer.concat(contents);
    return {
      kind: "data_commit",
      body: { commitment: commitment(attempt, this.me, "ciphertexts", { nonce, content }) },
      secret: {
        ...secret,
        data_nonce: nonce.toString("base64"),
        data_blobs: await Promise.all(contents.map((c) => blobs.put(c))),
      },
    };
  }

  revealData(secret: AttemptSecret): Said {
    return { kind: "data_reveal", body: { nonce: secret.data_nonce!, blobs: secret.data_blobs! } };
  }

  async sign(): Promise<Said> {
    return { kind: "transcript", body: { transcript: (await this.transcript()).hash } };
  }

  /** @param recipients name and sealing key of each */
  async share(secret: AttemptSecret, recipients: ReadonlyMap<string, string>): Promise<Said> {
    const { ring, blobs } = this.parts;
    const { hash, sums } = await this.transcript();
    this.requireAgreed(hash);
    const key = new Int8Array(Buffer.from(secret.key, "base64"));
    const shares = sums.map((sum) => writeElement(decryptionShare(ring, sum, key)));
    const content = Buffer.concat(shares);
    const to: Record<string, string> = {};
    for (const [name, sealing] of recipients)
      to[name] = await blobs.put(sealFor(sealing, this.words(hash, this.me), content));
    return { kind: "share", body: { blobs: Object.values(to), to } };
  }

  /** The sums of all fields, for a recipient. */
  async combined(name: string, sealing: SealingKey): Promise<bigint[]> {
    const { ring, statistic, blobs, attempt } = this.parts;
    const { hash, sums } = await this.transcript();
    this.requireAgreed(hash);
    const size = elementBytes(ring.modulus);
    const shares: Poly[][] = sums.map(() => []);
    for (const author of attempt.participants) {
      const message = this.saidBy("share", author);
      const sha256 = (message.body.to as Record<string, string> | undefined)?.[name];
      const content = await this.blame(author, "its share is not sealed for this domain", async () =>
        openSealed(sealing, this.words(hash, author), await blobs.get(String(sha256))),
      );
      if (content.length !== size * sums.length) throw new Breach(author, "its share has the wrong length");
      for (const [i, list] of shares.entries())
        list.push(
          await this.blame(author, "its share is malformed", () =>
            readElement(content.subarray(i * size, (i + 1) * size), ring.modulus, "share"),
          ),
        );
    }
    const slots = sums.flatMap((sum, i) => [
      ...combine(ring, sum, shares[i]!, attempt.participants.length).slots,
    ]);
    return fromSlots(BigInt64Array.from(slots), statistic.slots);
  }

  private words(transcript: string, author: string): string {
    return `share\n${transcript}\n${author}`;
  }

  private requireAgreed(hash: string): void {
    const view = { participants: this.parts.attempt.participants, messages: this.parts.messages };
    for (const [author, message] of said(view, "transcript"))
      if (message.body.transcript !== hash) throw new Breach(author, "it signed another transcript");
    if (hashesOf(view).size !== 1) throw new GloveboxError("internal", { detail: "no transcript is signed" });
  }

  private saidBy(kind: Message["kind"], author: string): Message {
    const { attempt, messages } = this.parts;
    const message = said({ participants: attempt.participants, messages }, kind).get(author);
    if (message === undefined) throw new GloveboxError("internal", { detail: "a step came too early" });
    return message;
  }

  private async blame<T>(author: string, what: string, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof GloveboxError && error.code === "invalid_input") throw new Breach(author, what);
      throw error;
    }
  }

  /** Every participant's public key share, in the order of the spec, each as it was committed to. */
  private async keyShares(): Promise<Poly[]> {
    const shares: Poly[] = [];
    for (const author of this.parts.attempt.participants) {
      const content = await this.opened(author, "key_commit", "key_reveal");
      shares.push(
        await this.blame(author, "its key share is malformed", () =>
          readElement(content, this.parts.ring.modulus, "key_share"),
        ),
      );
    }
    return shares;
  }

  private async opened(
    author: string,
    committed: "key_commit" | "data_commit",
    revealed: "key_reveal" | "data_reveal",
  ): Promise<Buffer> {
    const { attempt, blobs } = this.parts;
    const { body } = this.saidBy(revealed, author);
    const names = Array.isArray(body.blobs) ? body.blobs.map(String) : [];
    const content = Buffer.concat(await Promise.all(names.map((sha256) => blobs.get(sha256))));
    const opening = { nonce: Buffer.from(String(body.nonce), "base64"), content };
    const stated = String(this.saidBy(committed, author).body.commitment);
    const what = committed === "key_commit" ? "key_share" : "ciphertexts";
    if (!opens(stated, attempt, author, what, opening))
      throw new Breach(author, "what it revealed is not what it had committed to");
    return content;
  }

  private async transcript(): Promise<{ hash: string; sums: Ciphertext[] }> {
    const { ring, attempt, statistic } = this.parts;
    const size = 2 * elementBytes(ring.modulus);
    const count = Math.ceil(statistic.slots.slots / ring.slots);
    const sums: Ciphertext[][] = Array.from({ length: count }, () => []);
    const entries = [];
    for (const author of attempt.participants) {
      const content = await this.opened(author, "data_commit", "data_reveal");
      if (content.length !== count * size) throw new Breach(author, "it has another number of ciphertexts");
      const parts = sums.map((_, i) => content.subarray(i * size, (i + 1) * size));
      for (const [i, part] of parts.entries())
        sums[i]!.push(
          await this.blame(author, "a ciphertext of its is malformed or transparent", () =>
            readCiphertext(part, ring.modulus, "ciphertext"),
          ),
        );
      entries.push({
        participant: author,
        key_share: contentHash(await this.opened(author, "key_commit", "key_reveal")),
        ciphertexts: parts.map((part) => contentHash(part)),
      });
    }
    return { hash: transcriptHash(attempt, entries), sums: sums.map((list) => addCiphertexts(ring, list)) };
  }
}
