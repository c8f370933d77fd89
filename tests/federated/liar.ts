/**
 * A participant that lies: it takes part with this project's own code, over the real board, and says in place of each step
 * what a test says. Its key is its own, and so are its numbers.
 */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { BoardClient } from "../../src/federated/board/client.js";
import type { CollaborationSpec } from "../../src/federated/collaborations/spec.js";
import { specSha256 } from "../../src/federated/collaborations/spec.js";
import { AttemptRun, type Said } from "../../src/federated/member/attempt.js";
import { Breach } from "../../src/federated/member/revealed.js";
import type { AttemptSecret } from "../../src/federated/member/secrets.js";
import { nextStep } from "../../src/federated/member/steps.js";
import {
  type Message,
  messageHash,
  type SignedMessage,
  signMessage,
} from "../../src/federated/messages/message.js";
import { sealingKey } from "../../src/federated/messages/seal.js";
import { askedSchema, sharedStatistic } from "../../src/federated/statistic/shared.js";
import type { SumsThread } from "../../src/federated/sums/thread.js";
import { type Attempt, type Committed, commitment, newNonce } from "../../src/privacy/index.js";
import { GloveboxError, systemClock } from "../../src/vocabulary/index.js";
import type { Name, Participant } from "./cluster.js";

export interface Place {
  attempt: Attempt;
  /** Of the attempt, as the board shows them. */
  messages: readonly Message[];
  secret: AttemptSecret;
}

/** What it says in place of a step; undefined: nothing, yet or ever. */
export type Script = (said: Said, place: Place, liar: Liar) => Promise<Said | undefined> | Said | undefined;

export const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

let made = 0;

export class Liar implements Participant {
  readonly key: string;
  readonly sealing = sealingKey(Buffer.alloc(32, 5));
  readonly messages: SignedMessage[] = [];
  /** All that it said itself. */
  readonly own: Message[] = [];
  readonly blobs = new Map<string, Buffer>();
  client!: BoardClient;
  id = "";
  spec!: CollaborationSpec;
  private readonly signer: { publicKey: string; sign(bytes: Uint8Array): Buffer };
  private end = { number: 0, hash: "" };
  private readonly secrets = new Map<string, AttemptSecret>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  /** Each has a name of its own: keys are remembered by it. */
  readonly name: string;

  constructor(
    readonly place: Name,
    /** One that others use as well. */
    private readonly sums: SumsThread,
    private readonly script: Script = (said) => said,
  ) {
    this.name = `${place}-${++made}`;
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.key = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
    this.signer = { publicKey: this.key, sign: (bytes) => sign(null, bytes, privateKey) };
  }

  async join(url: string, id: string): Promise<void> {
    this.id = id;
    this.client = new BoardClient(url, this.signer, systemClock, this.stopping.signal);
    this.spec = await this.client.spec(id);
    await this.say({
      kind: "join",
      body: { spec: specSha256(this.spec), sealing_key: this.sealing.publicKey },
    });
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** The next message of its chain, signed; not posted. */
  signed(words: {
    kind: Message["kind"];
    body: Message["body"];
    round?: number;
    attempt?: number;
  }): SignedMessage {
    return signMessage(
      {
        version: 1,
        collaboration: this.id,
        author: this.key,
        number: this.end.number + 1,
        previous: this.end.hash,
        round: words.round ?? 0,
        attempt: words.attempt ?? 0,
        kind: words.kind,
        body: words.body,
      },
      this.signer,
    );
  }

  /** Another message of a number that it has used. */
  forked = (message: Message): SignedMessage => signMessage(message, this.signer);

  /** One after the other, whoever says it: the test or its own part. */
  say(words: Parameters<Liar["signed"]>[0]): Promise<SignedMessage> {
    const saying = this.last.then(() => this.post(words));
    this.last = saying.catch(() => undefined);
    return saying;
  }

  private last: Promise<unknown> = Promise.resolve();

  private async post(words: Parameters<Liar["signed"]>[0]): Promise<SignedMessage> {
    const signed = this.signed(words);
    for (const name of (words.body.blobs as string[] | undefined) ?? []) {
      const content = this.blobs.get(name);
      if (content !== undefined) await this.client.putBlob(this.id, name, content);
    }
    await this.client.post(signed);
    this.end = { number: signed.message.number, hash: messageHash(signed.message) };
    this.own.push(signed.message);
    return signed;
  }

  put(content: Buffer): string {
    const name = sha256(content);
    this.blobs.set(name, content);
    return name;
  }

  get = async (name: string): Promise<Buffer> =>
    this.blobs.get(name) ?? (await this.client.blob(this.id, name));

  /** A commitment of its own to anything. */
  commit(place: Place, what: Committed, content: Uint8Array, nonce = newNonce()) {
    return {
      nonce: nonce.toString("base64"),
      commitment: commitment(place.attempt, this.key, what, { nonce, content }),
    };
  }

  private async run(): Promise<void> {
    try {
      while (!this.stopping.signal.aborted) {
        const heard = await this.client.messages(this.id, this.messages.length, 2);
        this.messages.push(...heard);
        while (await this.act());
      }
    } catch (error) {
      // The board ends with the test.
      if (!this.stopping.signal.aborted) throw error;
    }
  }

  /** One step of the last round. @returns whether it said anything */
  private async act(): Promise<boolean> {
    const open = this.messages.findLast(({ message }) => message.kind === "open")?.message;
    const asked = askedSchema.safeParse(open?.body);
    if (open === undefined || !asked.success) return false;
    const participants = this.spec.participants.map((p) => p.key);
    const { round } = open;
    const attempt: Attempt = {
      spec: specSha256(this.spec),
      round,
      attempt: open.attempt,
      question: messageHash(open),
      participants,
    };
    const messages = this.messages
      .map((m) => m.message)
      .filter((m) => m.round === round && m.attempt === open.attempt);
    const step = nextStep({ participants, messages }, { key: this.key, recipient: false });
    if (step === "wait" || step === "over") return false;
    const { t } = await this.sums.parameters();
    const blobs = { get: this.get, put: async (content: Buffer) => this.put(content) };
    const statistic = readable(() => sharedStatistic(this.spec, asked.data, t));
    if (statistic === undefined) return false;
    const run = new AttemptRun({ sums: this.sums, attempt, statistic, messages, blobs }, this.key);
    const named = `${round} ${open.attempt}`;
    const secret = this.secrets.get(named)!;
    const numbers = statistic.slots.fields.map(() => 1n);
    // What it would refuse as an honest one, its own lies among it, it does not go on with.
    const said = await this.honestly(run, step, secret, numbers).catch((error: unknown) => {
      if (error instanceof Breach) return undefined;
      throw error;
    });
    if (said === undefined) return false;
    if (said.secret !== undefined) this.secrets.set(named, said.secret);
    const place = { attempt, messages, secret: this.secrets.get(named)! };
    const told = await this.script(said, place, this);
    if (told === undefined) return false;
    await this.say({ kind: told.kind, round, attempt: open.attempt, body: told.body });
    // What it said is heard with the rest.
    this.messages.push(...(await this.client.messages(this.id, this.messages.length, 0)));
    return true;
  }

  private async honestly(
    run: AttemptRun,
    step: string,
    secret: AttemptSecret,
    numbers: bigint[],
  ): Promise<Said | undefined> {
    const to = new Map(
      this.spec.recipients.map((name) => {
        const key = this.spec.participants.find((p) => p.name === name)!.key;
        const join = this.messages.find(({ message }) => message.kind === "join" && message.author === key);
        return [name, String(join?.message.body.sealing_key)];
      }),
    );
    switch (step) {
      case "commit_key":
        return run.commitKey();
      case "reveal_key":
        return run.revealKey(secret);
      case "commit_data":
        return run.commitData(secret, numbers);
      case "reveal_data":
        return run.revealData(secret);
      case "sign":
        return run.sign(secret, to);
      case "share":
        return run.share(secret);
      default:
        return undefined;
    }
  }
}

/** It may have asked what no honest domain could read. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof GloveboxError && error.code === "invalid_input") return undefined;
    throw error;
  }
}
