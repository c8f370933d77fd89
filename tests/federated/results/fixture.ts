/** The paper of one result over three domains, each with a ledger of its own, as a recipient would make it. */
import { createHash } from "node:crypto";
import type { Bundle } from "../../../src/airlock/index.js";
import { Report } from "../../../src/airlock/verify/report.js";
import { type CollaborationSpec, specSha256 } from "../../../src/federated/collaborations/spec.js";
import {
  type MessageKind,
  messageHash,
  NO_MESSAGES,
  signMessage,
} from "../../../src/federated/messages/message.js";
import type { Paper } from "../../../src/federated/results/paper.js";
import { collaborationChapter } from "../../../src/federated/results/verify.js";
import { witnessedEntries } from "../../../src/federated/results/witnessed.js";
import {
  cosign,
  type JsonValue,
  type Ledger,
  nodeCrypto,
  openLedger,
  parseNote,
} from "../../../src/ledger/index.js";
import { checkpointText, keyIdOf, signedNote } from "../../../src/ledger/note.js";
import { transcriptHash } from "../../../src/privacy/index.js";
import { type LedgerFixture, ledgerFixture } from "../../ledger/fixture.js";

export const NAMES = ["bureau", "hospital", "insurer"] as const;
export const ID = `clb_${"0".repeat(26)}`;
export const SECONDS = 1_700_000_000;
const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

/** One participant, who speaks and writes its ledger as a node does; a test may have it do otherwise. */
export class Party {
  private end = NO_MESSAGES;
  private before = NO_MESSAGES;
  readonly seqs: number[] = [];
  readonly key: LedgerFixture["keys"]["identity"];
  readonly ledger: Ledger;

  constructor(
    readonly name: string,
    readonly parties: Parties,
    readonly f: LedgerFixture,
  ) {
    const { store, keys, clock } = f;
    this.key = keys.identity;
    this.ledger = openLedger({ store, keys, clock, domain: name });
  }

  say(kind: MessageKind, body: Record<string, unknown>, round = 1): void {
    const { publicKey: author } = this.key;
    const message = {
      version: 1 as const,
      collaboration: ID,
      author,
      number: this.end.number + 1,
      previous: this.end.hash,
      kind,
      round,
      attempt: round === 0 ? 0 : 1,
      body: body as never,
    };
    this.before = this.end;
    this.end = { number: message.number, hash: messageHash(message) };
    this.parties.messages.push(signMessage(message, this.key));
  }

  /** Its last message was not said. */
  retract(): void {
    this.end = this.before;
  }

  write(kind: string, blobs: string[], more: Record<string, JsonValue> = {}): void {
    const data = { round: 1, attempt: 1, spec: this.parties.hash, blobs, ...more };
    this.ledger.commit((tx) => this.seqs.push(tx.entry({ kind, actor: "prn_operator", subject: ID, data })));
  }

  join(more: Record<string, unknown> = {}): void {
    this.ledger.commit((tx) =>
      tx.entry({ kind: "collaboration.joined", actor: "prn_operator", subject: ID, data: {} }),
    );
    const { origin, publicKey } = this.ledger;
    const log = { origin, key: publicKey, head: this.ledger.checkpoint().note };
    this.head = log.head;
    this.joined = log.head;
    this.say("join", { spec: this.parties.hash, sealing_key: "s", log, one_row_a_unit: true, ...more }, 0);
  }

  /** What it showed last, and when it joined. */
  head = "";
  joined = "";

  /** Signed with its log's key: of the size of its last head, and of other entries. */
  otherHead(): string {
    const { size } = parseNote(this.head)!;
    const { origin, publicKey } = this.ledger;
    const text = checkpointText(origin, size, Buffer.alloc(32, 1));
    const id = keyIdOf(nodeCrypto, origin, Buffer.from(publicKey, "base64"));
    return signedNote(text, origin, id, this.f.keys.log.sign(Buffer.from(text)));
  }

  get blobs() {
    const of = (what: string) => sha(`${this.name} ${what}`);
    return { key: [of("key")], data: [of("data 1"), of("data 2")], share: [of("share")] };
  }

  attest(change: (content: { version: 1; entries: unknown[] }) => unknown = (c) => c): void {
    const { note, size } = this.ledger.checkpoint();
    const content = change({ version: 1, entries: witnessedEntries(this.ledger, this.seqs, size) });
    const bytes = Buffer.from(JSON.stringify(content));
    const blob = createHash("sha256").update(bytes).digest("hex");
    this.parties.entries[blob] = bytes.toString("base64");
    this.head = note;
    const from = 1;
    this.say("attest", { blobs: [blob], head: note, consistency: this.ledger.consistencyProof(from, size) });
  }

  cosign(): void {
    const name = this.ledger.origin;
    const others = this.parties.all.filter((p) => p !== this);
    const notes = others.map((p) => [
      p.key.publicKey,
      cosign(
        nodeCrypto,
        p.head,
        { name, publicKey: this.key.publicKey, sign: (b: Uint8Array) => this.key.sign(b) },
        SECONDS,
      ),
    ]);
    this.say("cosign", { notes: Object.fromEntries(notes) });
  }
}

export class Parties {
  readonly messages: Paper["messages"] = [];
  readonly entries: Record<string, string> = {};
  readonly all: Party[];
  readonly spec: CollaborationSpec;
  readonly hash: string;
  readonly statistic = { kind: "table", rows: ["sex"] };

  constructor(
    private readonly fixtures: readonly LedgerFixture[],
    recipients: string[],
  ) {
    this.all = NAMES.map((name, i) => new Party(name, this, fixtures[i]!));
    this.spec = {
      version: 1,
      name: "mortality",
      purpose: "tests",
      coordinator: this.all[0]!.key.publicKey,
      participants: this.all.map(({ name, key }) => ({ name, key: key.publicKey })),
      recipients,
      columns: [{ name: "sex", type: "text", categories: ["F", "M"] }],
      max_rows: 1_000,
      threshold: 10,
      max_rounds: 5,
      expires_at: "2030-01-01T00:00:00Z",
    };
    this.hash = specSha256(this.spec);
  }

  static open(recipients = ["bureau"]): Parties {
    return new Parties(
      NAMES.map(() => ledgerFixture()),
      recipients,
    );
  }

  end(): void {
    for (const f of this.fixtures) f.end();
  }

  transcript(): string {
    const open = this.messages.find((m) => m.message.kind === "open")!.message;
    return transcriptHash(
      {
        spec: this.hash,
        round: 1,
        attempt: 1,
        question: messageHash(open),
        participants: this.all.map((p) => p.key.publicKey),
      },
      this.all.map((p) => ({
        participant: p.key.publicKey,
        key_share: p.blobs.key[0]!,
        ciphertexts: p.blobs.data,
      })),
    );
  }

  /** @param instead of a step, by domain: what it does in its place */
  play(instead: { [step: string]: (party: Party) => void } = {}): this {
    const step = (name: string, usual: (party: Party) => void) => {
      for (const party of this.all) (instead[`${party.name} ${name}`] ?? usual)(party);
    };
    step("join", (p) => p.join());
    const [bureau] = this.all as [Party, Party, Party];
    (instead["bureau open"] ?? ((p) => p.say("open", { statistic: this.statistic })))(bureau);
    step("key", (p) => p.say("key_reveal", { nonce: "n", blobs: p.blobs.key }));
    step("data", (p) => {
      p.say("data_reveal", { nonce: "n", blobs: p.blobs.data });
      p.write("round.contributed", p.blobs.data, { version: `ver_${p.name}` });
    });
    step("transcript", (p) => p.say("transcript", { transcript: this.transcript(), commitment: "c" }));
    step("share", (p) => {
      p.say("share", { nonce: "n", blobs: p.blobs.share });
      p.write("round.shared", p.blobs.share);
    });
    (instead["bureau done"] ?? ((p) => p.say("done", { result: true })))(bureau);
    step("attest", (p) => p.attest());
    step("cosign", (p) => p.cosign());
    return this;
  }

  paper(): Paper {
    return {
      version: 1,
      collaboration: ID,
      spec: this.spec,
      rounds: [{ round: 1, attempt: 1 }],
      messages: this.messages,
      entries: this.entries,
    };
  }

  /** What the chapter reads of a bundle. */
  bundle(
    more: { spec?: object; grant?: string; log?: object; continues?: object; checkpoint?: string } = {},
  ): Bundle {
    const [bureau] = this.all as [Party, Party, Party];
    const spec = {
      collaboration: ID,
      collaboration_spec: this.hash,
      rounds: [{ round: 1, attempt: 1 }],
      over: [...NAMES],
      statistic: this.statistic,
      ...more.spec,
    };
    const grant = { step: "grant", opening: { data: { collaboration: more.grant ?? this.hash } } };
    const log = more.log ?? { origin: bureau.ledger.origin, public_key: bureau.ledger.publicKey };
    const [shown, now] = [parseNote(bureau.head)!, bureau.ledger.checkpoint()];
    const proof = bureau.ledger.consistencyProof(shown.size, now.size);
    const attested = this.messages.some(
      ({ message: { kind, author } }) => kind === "attest" && author === bureau.key.publicKey,
    );
    const continues = attested ? { continues: { size: shown.size, proof } } : {};
    return {
      job: { job: { spec } },
      receipt: { entries: [grant], log, ...continues, ...(more.continues ? more : {}) },
      checkpoint: more.checkpoint ?? now.note,
    } as unknown as Bundle;
  }
}

export function checkPaper(paper: unknown, bundle: Bundle) {
  const report = new Report();
  const plain = JSON.parse(JSON.stringify(paper)) as JsonValue;
  const said = collaborationChapter.check(nodeCrypto, bundle, plain, report);
  return { ...said, problems: report.problems.map((p) => `${p.where}: ${p.what}`) };
}
