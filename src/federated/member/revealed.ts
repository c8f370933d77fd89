/**
 * What the participants of an attempt committed to and revealed, checked before anybody uses it.
 *
 * Rules: nothing is used that its author had not committed to; what is wrong is a breach of its author, with the message
 * that it signed as evidence, in words of this room; never a number.
 */
import { type Attempt, type Committed, Malformed, opens } from "../../privacy/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { Message } from "../messages/message.js";
import { said } from "./steps.js";

/** Someone did not keep to the protocol. */
export class Breach extends Error {
  constructor(
    /** undefined: it is not known who. */
    readonly author: string | undefined,
    readonly what: string,
    /** What its author signed. */
    readonly said?: Message,
  ) {
    super(what);
  }
}

export interface Blobs {
  /** @throws Breach when the board lacks it, or gives something else */
  get(sha256: string): Promise<Buffer>;
  put(content: Buffer): Promise<string>;
}

export interface RevealedParts {
  attempt: Attempt;
  messages: readonly Message[];
  blobs: Blobs;
}

const COMMITMENTS: Record<Committed, { committed: Message["kind"]; opened: Message["kind"] }> = {
  key_share: { committed: "key_commit", opened: "key_reveal" },
  ciphertexts: { committed: "data_commit", opened: "data_reveal" },
  shares: { committed: "transcript", opened: "share" },
};

export class Revealed {
  constructor(private readonly parts: RevealedParts) {}

  saidBy(kind: Message["kind"], author: string): Message {
    const { attempt, messages } = this.parts;
    const message = said({ participants: attempt.participants, messages }, kind).get(author);
    if (message === undefined) throw new GloveboxError("internal", { detail: "a step came too early" });
    return message;
  }

  /** In the order of the spec. */
  async all<T>(of: (author: string) => Promise<T>): Promise<T[]> {
    const list: T[] = [];
    for (const author of this.parts.attempt.participants) list.push(await of(author));
    return list;
  }

  /** @param most blobs that it may be in */
  async opened(author: string, what: "key_share" | "ciphertexts", most: number): Promise<Buffer> {
    const message = this.saidBy(COMMITMENTS[what].opened, author);
    const { blobs } = message.body;
    const names = Array.isArray(blobs) ? blobs.map(String) : [];
    if (names.length > most) throw new Breach(author, "it revealed more than was asked for", message);
    const content = Buffer.concat(await Promise.all(names.map((sha256) => this.parts.blobs.get(sha256))));
    this.requireCommitted(author, what, content);
    return content;
  }

  requireCommitted(author: string, what: Committed, content: Buffer): void {
    const { committed, opened } = COMMITMENTS[what];
    const message = this.saidBy(opened, author);
    const nonce = Buffer.from(String(message.body.nonce), "base64");
    const stated = String(this.saidBy(committed, author).body.commitment);
    if (!opens(stated, this.parts.attempt, author, what, { nonce, content }))
      throw new Breach(author, "what it revealed is not what it had committed to", message);
  }

  /** A malformed element of a list in the order of the spec is its author's doing. */
  async blame<T>(kind: Message["kind"], what: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const author = this.parts.attempt.participants[error.which]!;
      throw new Breach(author, what, this.saidBy(kind, author));
    }
  }
}
