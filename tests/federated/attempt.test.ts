import { createHash } from "node:crypto";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { CollaborationSpec } from "../../src/federated/collaborations/spec.js";
import { spokenColumns } from "../../src/federated/collaborations/spec.js";
import { AttemptRun, type Said } from "../../src/federated/member/attempt.js";
import { Breach } from "../../src/federated/member/revealed.js";
import type { AttemptSecret } from "../../src/federated/member/secrets.js";
import type { Message } from "../../src/federated/messages/message.js";
import { openSealed, sealFor, sealingKey } from "../../src/federated/messages/seal.js";
import { sharedStatistic } from "../../src/federated/statistic/shared.js";
import { SumsThread } from "../../src/federated/sums/thread.js";
import { add, fromBig } from "../../src/privacy/he/ring.js";
import {
  type Attempt,
  claimFromWritten,
  commitment,
  DEGREE,
  elementBytes,
  newNonce,
  readElement,
  SealRing,
  writeElement,
  writtenClaim,
} from "../../src/privacy/index.js";

const ring = await SealRing.open();
const sums = new SumsThread();
afterAll(() => sums.close());
/** Of the message that opens the round. */
const QUESTION = "7".repeat(64);
const KEYS = ["a", "b", "c"].map((c) => `${c.repeat(43)}=`);
const [A, B, C] = KEYS as [string, string, string];

const spec: CollaborationSpec = {
  version: 1,
  name: "s",
  purpose: "tests",
  coordinator: A,
  participants: KEYS.map((key, i) => ({ name: `d${i}`, key })),
  recipients: ["d0"],
  columns: [{ name: "sex", type: "text", categories: ["F", "M"] }],
  max_rows: 1_000,
  threshold: 10,
  max_rounds: 5,
  expires_at: "2030-01-01T00:00:00Z",
};
const { statistic } = claimFromWritten(
  writtenClaim.parse({ kind: "table", rows: ["sex"] }),
  "s",
  spokenColumns(spec),
  "s",
);
const asked = sharedStatistic(spec, { statistic }, ring.modulus.t);

/** Three participants on one board in memory, each step in turn; a test may change what is said. */
class Round {
  readonly messages: Message[] = [];
  readonly store = new Map<string, Buffer>();
  readonly secrets = new Map<string, AttemptSecret>();
  readonly sealing = sealingKey(Buffer.alloc(32, 7));

  constructor(
    readonly attempt = 1,
    readonly question = QUESTION,
  ) {}

  readonly blobs = {
    get: async (sha256: string) => this.store.get(sha256) ?? Buffer.alloc(0),
    put: async (content: Buffer) => {
      const sha256 = createHash("sha256").update(content).digest("hex");
      this.store.set(sha256, content);
      return sha256;
    },
  };

  named(): Attempt {
    const { attempt, question } = this;
    return { spec: "0".repeat(64), round: 1, attempt, question, participants: KEYS };
  }

  run(me: string): AttemptRun {
    const { messages, blobs } = this;
    return new AttemptRun({ sums, attempt: this.named(), statistic: asked, messages, blobs }, me);
  }

  /** What a share holds, as its recipient opens it. */
  async opened(author: string): Promise<Buffer> {
    const { d0 } = this.said(author, "share").body.to as { d0: string };
    const words = `share\n${this.said(author, "transcript").body.transcript}\n${author}`;
    return openSealed(this.sealing, words, await this.blobs.get(d0));
  }

  say(author: string, said: Said): void {
    if (said.secret !== undefined) this.secrets.set(author, said.secret);
    this.messages.push({
      version: 1,
      collaboration: "c",
      author,
      number: 1,
      previous: "",
      kind: said.kind,
      round: 1,
      attempt: this.attempt,
      body: said.body,
    });
  }

  async keys(): Promise<void> {
    for (const key of KEYS) this.say(key, await this.run(key).commitKey());
    for (const key of KEYS) this.say(key, this.run(key).revealKey(this.secrets.get(key)!));
  }

  async data(): Promise<void> {
    for (const [i, key] of KEYS.entries())
      this.say(
        key,
        await this.run(key).commitData(this.secrets.get(key)!, [BigInt(10 * (i + 1)), BigInt(i)]),
      );
    for (const key of KEYS) this.say(key, this.run(key).revealData(this.secrets.get(key)!));
  }

  async sign(): Promise<void> {
    const to = new Map([["d0", this.sealing.publicKey]]);
    for (const key of KEYS) this.say(key, await this.run(key).sign(this.secrets.get(key)!, to));
  }

  share(): void {
    for (const key of KEYS) this.say(key, this.run(key).share(this.secrets.get(key)!));
  }

  said(author: string, kind: Message["kind"]): Message {
    return this.messages.find((m) => m.author === author && m.kind === kind)!;
  }
}

async function signed(): Promise<Round> {
  const round = new Round();
  await round.keys();
  await round.data();
  await round.sign();
  return round;
}

async function breach(work: Promise<unknown>): Promise<[string | undefined, string]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Breach) return [error.author, error.what];
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("an attempt of three", () => {
  test("opens the sum, at the recipient", async () => {
    const round = new Round();
    await round.keys();
    await round.data();
    await round.sign();
    round.share();
    expect(await round.run(A).combined("d0", round.sealing)).toEqual([60n, 3n]);
  });

  test("who reveals another key than it committed to is named, by everyone who goes on", async () => {
    const round = new Round();
    await round.keys();
    const other = await new Round().run(B).commitKey();
    const content = Buffer.from(round.store.get(round.secrets.get(A)!.key_blob)!);
    round.said(B, "key_reveal").body = {
      nonce: round.said(B, "key_reveal").body.nonce!,
      blobs: [await round.blobs.put(content)],
    };
    expect(other.kind).toBe("key_commit");
    const numbers = [1n, 1n];
    expect(await breach(round.run(A).commitData(round.secrets.get(A)!, numbers))).toEqual([
      B,
      "what it revealed is not what it had committed to",
    ]);
    expect(await breach(round.run(C).commitData(round.secrets.get(C)!, numbers))).toEqual([
      B,
      "what it revealed is not what it had committed to",
    ]);
  });

  test("a commitment of another participant or of another attempt opens nothing", async () => {
    const earlier = new Round(2);
    await earlier.keys();
    const round = new Round(1);
    await round.keys();
    for (const [sha256, content] of earlier.store) round.store.set(sha256, content);
    for (const kind of ["key_commit", "key_reveal"] as const)
      round.said(C, kind).body = earlier.said(C, kind).body;
    expect((await breach(round.run(A).commitData(round.secrets.get(A)!, [1n, 1n])))[0]).toBe(C);
    const copied = new Round(1);
    await copied.keys();
    for (const kind of ["key_commit", "key_reveal"] as const)
      copied.said(C, kind).body = copied.said(B, kind).body;
    expect((await breach(copied.run(A).commitData(copied.secrets.get(A)!, [1n, 1n])))[0]).toBe(C);
  });

  test("a ciphertext that is substituted, transparent, too short or too many is its author's breach", async () => {
    const size = 2 * elementBytes(ring.modulus);
    const round = new Round();
    await round.keys();
    await round.data();
    const saved = round.said(B, "data_reveal").body;
    round.said(B, "data_reveal").body = { ...saved, blobs: round.said(C, "data_reveal").body.blobs! };
    expect((await breach(round.run(A).sign(round.secrets.get(A)!, new Map())))[0]).toBe(B);
    round.said(B, "data_reveal").body = saved;
    // Committed to, so that only its form can give it away.
    for (const [content, what] of [
      [
        Buffer.concat([
          round.store.get((saved.blobs as string[])[0]!)!.subarray(0, size / 2),
          Buffer.alloc(size / 2),
        ]),
        "a ciphertext of its is malformed or transparent",
      ],
      [Buffer.alloc(size, 0xff), "a ciphertext of its is malformed or transparent"],
      [Buffer.alloc(size - 1), "it has another number of ciphertexts"],
      [Buffer.alloc(2 * size), "it has another number of ciphertexts"],
    ] as const) {
      const nonce = newNonce();
      round.said(B, "data_commit").body = {
        commitment: commitment(round.named(), B, "ciphertexts", { nonce, content }),
      };
      round.said(B, "data_reveal").body = {
        nonce: nonce.toString("base64"),
        blobs: [await round.blobs.put(content)],
      };
      expect(await breach(round.run(A).sign(round.secrets.get(A)!, new Map()))).toEqual([B, what]);
    }
  });

  test("who signs another transcript is named, and nobody gives a share", async () => {
    const round = new Round();
    await round.keys();
    await round.data();
    await round.sign();
    round.said(C, "transcript").body = { transcript: "1".repeat(64) };
    expect(await breach((async () => round.run(A).share(round.secrets.get(A)!))())).toEqual([
      C,
      "it signed another transcript",
    ]);
  });

  test("a share that is sealed for another, or under another transcript, opens nothing", async () => {
    const round = await signed();
    round.share();
    const saved = round.said(C, "share").body;
    const transcript = String(round.said(C, "transcript").body.transcript);
    const { publicKey } = round.sealing;
    const elsewhere = sealingKey(Buffer.alloc(32, 9)).publicKey;
    for (const [key, words] of [
      [elsewhere, `share\n${transcript}\n${C}`],
      [publicKey, `share\n${"1".repeat(64)}\n${C}`],
      [publicKey, `share\n${transcript}\n${B}`],
    ] as const) {
      const sha256 = await round.blobs.put(sealFor(key, words, Buffer.alloc(8)));
      round.said(C, "share").body = { ...saved, blobs: [sha256], to: { d0: sha256 } };
      expect(await breach(round.run(A).combined("d0", round.sealing))).toEqual([
        C,
        "its share is not sealed for this domain",
      ]);
    }
    round.said(C, "share").body = { blobs: [], to: {} };
    expect((await breach(round.run(A).combined("d0", round.sealing)))[0]).toBe(C);
    round.said(C, "share").body = saved;
    expect(await round.run(A).combined("d0", round.sealing)).toEqual([60n, 3n]);
  });

  test("who gives another share than it had committed to, knowing the others', is named and steers nothing", async () => {
    const round = await signed();
    round.share();
    // C's own share, moved so that the first number would be one more: q/t of noise-free room is what a slot takes.
    const transcript = String(round.said(C, "transcript").body.transcript);
    const own = await round.opened(C);
    const moved = readElement(own, ring.modulus, "share");
    const step = Array.from({ length: DEGREE }, (_, i) => (i === 0 ? ring.modulus.q / ring.modulus.t : 0n));
    const content = writeElement(add(moved, fromBig(step, ring.modulus), ring.modulus));
    const sha256 = await round.blobs.put(
      sealFor(round.sealing.publicKey, `share\n${transcript}\n${C}`, content),
    );
    round.said(C, "share").body = { ...round.said(C, "share").body, blobs: [sha256], to: { d0: sha256 } };
    expect(await breach(round.run(A).combined("d0", round.sealing))).toEqual([
      C,
      "what it revealed is not what it had committed to",
    ]);
  });

  test("a share that was wrong from the start opens nothing, and one that is malformed is its author's", async () => {
    for (const [content, told] of [
      [writeElement(fromBig(new Array<bigint>(DEGREE).fill(5n), ring.modulus)), undefined],
      [Buffer.alloc(8), C],
      [Buffer.alloc(elementBytes(ring.modulus), 0xff), C],
    ] as const) {
      const round = await signed();
      round.share();
      const nonce = newNonce();
      const { transcript } = round.said(C, "transcript").body;
      const stated = commitment(round.named(), C, "shares", { nonce, content });
      round.said(C, "transcript").body = { transcript: transcript!, commitment: stated };
      const sealed = sealFor(round.sealing.publicKey, `share\n${transcript}\n${C}`, content);
      const sha256 = await round.blobs.put(sealed);
      const body = { nonce: nonce.toString("base64"), blobs: [sha256], to: { d0: sha256 } };
      round.said(C, "share").body = body;
      const [author, what] = await breach(round.run(A).combined("d0", round.sealing));
      expect([author, what]).toEqual([
        told,
        told === undefined ? "the shares do not open the sum" : "its share is malformed",
      ]);
    }
  });

  test("who was shown another question is found out before a key is revealed", async () => {
    const round = new Round();
    const other = new Round(1, "8".repeat(64));
    for (const key of [A, B]) round.say(key, await round.run(key).commitKey());
    round.say(C, await other.run(C).commitKey());
    const reveal = async () => round.run(A).revealKey(round.secrets.get(A)!);
    expect(await breach(reveal())).toEqual([C, "it answers another question than the board shows here"]);
    // Where it says that it answers this one, its commitment is still that of the other.
    round.said(C, "key_commit").body = { ...round.said(C, "key_commit").body, question: QUESTION };
    for (const key of KEYS) round.say(key, round.run(key).revealKey(round.secrets.get(key)!));
    expect(await breach(round.run(A).commitData(round.secrets.get(A)!, [1n, 1n]))).toEqual([
      C,
      "what it revealed is not what it had committed to",
    ]);
  });

  test("who reveals more than was asked for is named before any of it is fetched", async () => {
    const round = new Round();
    await round.keys();
    const body = round.said(B, "key_reveal").body;
    round.said(B, "key_reveal").body = {
      ...body,
      blobs: Array.from({ length: 1_000 }, () => "f".repeat(64)),
    };
    expect(await breach(round.run(A).commitData(round.secrets.get(A)!, [1n, 1n]))).toEqual([
      B,
      "it revealed more than was asked for",
    ]);
  });

  test("a number beyond what the spec declares is not encrypted", async () => {
    const round = new Round();
    await round.keys();
    await expect(round.run(A).commitData(round.secrets.get(A)!, [1_001n, 0n])).rejects.toThrow(
      "beyond its declared bound",
    );
  });
});
