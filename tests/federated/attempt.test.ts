import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import type { CollaborationSpec } from "../../src/federated/collaborations/spec.js";
import { spokenColumns } from "../../src/federated/collaborations/spec.js";
import { AttemptRun, Breach, type Said } from "../../src/federated/member/attempt.js";
import type { AttemptSecret } from "../../src/federated/member/secrets.js";
import type { Message } from "../../src/federated/messages/message.js";
import { sealFor, sealingKey } from "../../src/federated/messages/seal.js";
import { sharedStatistic } from "../../src/federated/statistic/shared.js";
import {
  claimFromWritten,
  commitment,
  elementBytes,
  newNonce,
  SealRing,
  writtenClaim,
} from "../../src/privacy/index.js";

const ring = await SealRing.open();
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

  constructor(readonly attempt = 1) {}

  readonly blobs = {
    get: async (sha256: string) => this.store.get(sha256) ?? Buffer.alloc(0),
    put: async (content: Buffer) => {
      const sha256 = createHash("sha256").update(content).digest("hex");
      this.store.set(sha256, content);
      return sha256;
    },
  };

  run(me: string): AttemptRun {
    const attempt = { spec: "0".repeat(64), round: 1, attempt: this.attempt, participants: KEYS };
    return new AttemptRun(
      { ring, attempt, statistic: asked, messages: this.messages, blobs: this.blobs },
      me,
    );
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
    for (const key of KEYS) this.say(key, await this.run(key).sign());
  }

  async share(): Promise<void> {
    const to = new Map([["d0", this.sealing.publicKey]]);
    for (const key of KEYS) this.say(key, await this.run(key).share(this.secrets.get(key)!, to));
  }

  said(author: string, kind: Message["kind"]): Message {
    return this.messages.find((m) => m.author === author && m.kind === kind)!;
  }
}

async function breach(work: Promise<unknown>): Promise<[string, string]> {
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
    await round.share();
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
    expect((await breach(round.run(A).sign()))[0]).toBe(B);
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
      const attempt = { spec: "0".repeat(64), round: 1, attempt: 1, participants: KEYS };
      round.said(B, "data_commit").body = {
        commitment: commitment(attempt, B, "ciphertexts", { nonce, content }),
      };
      round.said(B, "data_reveal").body = {
        nonce: nonce.toString("base64"),
        blobs: [await round.blobs.put(content)],
      };
      expect(await breach(round.run(A).sign())).toEqual([B, what]);
    }
  });

  test("who signs another transcript is named, and nobody gives a share", async () => {
    const round = new Round();
    await round.keys();
    await round.data();
    await round.sign();
    round.said(C, "transcript").body = { transcript: "1".repeat(64) };
    const to = new Map([["d0", round.sealing.publicKey]]);
    expect(await breach(round.run(A).share(round.secrets.get(A)!, to))).toEqual([
      C,
      "it signed another transcript",
    ]);
  });

  test("a share that is sealed for another, or under another transcript, or cut, opens nothing", async () => {
    const round = new Round();
    await round.keys();
    await round.data();
    await round.sign();
    await round.share();
    const saved = round.said(C, "share").body;
    const transcript = String(round.said(C, "transcript").body.transcript);
    const elsewhere = sealingKey(Buffer.alloc(32, 9)).publicKey;
    for (const [sealed, what] of [
      [
        sealFor(elsewhere, `share\n${transcript}\n${C}`, Buffer.alloc(8)),
        "its share is not sealed for this domain",
      ],
      [
        sealFor(round.sealing.publicKey, `share\n${"1".repeat(64)}\n${C}`, Buffer.alloc(8)),
        "its share is not sealed for this domain",
      ],
      [
        sealFor(round.sealing.publicKey, `share\n${transcript}\n${B}`, Buffer.alloc(8)),
        "its share is not sealed for this domain",
      ],
      [
        sealFor(round.sealing.publicKey, `share\n${transcript}\n${C}`, Buffer.alloc(8)),
        "its share has the wrong length",
      ],
    ] as const) {
      const sha256 = await round.blobs.put(sealed);
      round.said(C, "share").body = { blobs: [sha256], to: { d0: sha256 } };
      expect(await breach(round.run(A).combined("d0", round.sealing))).toEqual([C, what]);
    }
    round.said(C, "share").body = { blobs: [], to: {} };
    expect((await breach(round.run(A).combined("d0", round.sealing)))[0]).toBe(C);
    round.said(C, "share").body = saved;
    expect(await round.run(A).combined("d0", round.sealing)).toEqual([60n, 3n]);
  });

  test("a number beyond what the spec declares is not encrypted", async () => {
    const round = new Round();
    await round.keys();
    await expect(round.run(A).commitData(round.secrets.get(A)!, [1_001n, 0n])).rejects.toThrow(
      "beyond its declared bound",
    );
  });
});
