/** What one contributor does when a statistic was found: it shows its ledger, and witnesses the others' as far as they hold. */
import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { Board } from "../../../src/federated/board/board.js";
import { insertCollaboration, insertMessage } from "../../../src/federated/collaborations/rows.js";
import type { MemberParts } from "../../../src/federated/member/parts.js";
import { keepResult } from "../../../src/federated/member/results.js";
import { roundOf } from "../../../src/federated/member/round.js";
import type { Paper } from "../../../src/federated/results/paper.js";
import { Publisher, WITNESS_MS } from "../../../src/federated/results/publish.js";
import { jobOfRound, peerHead } from "../../../src/federated/results/rows.js";
import { cosignedAt, nodeCrypto, parseNote } from "../../../src/ledger/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { ID, Parties, type Party } from "./fixture.js";

let parties: Parties | undefined;
afterEach(() => parties?.end());

type Step = { [step: string]: (party: Party) => void };
const nothing = (): void => undefined;

/** The node of the hospital, which learns nothing of the result, before a board on which the others have said what they say. */
class Hospital {
  readonly all: Parties;
  readonly publisher: Publisher;
  private readonly vault = new Map<string, Buffer>();
  private posted = 0;

  /** @param recipients who learn the result; @param more of what the node is made of */
  constructor(instead: Step = {}, recipients?: string[], more: object = {}) {
    this.all = Parties.open(recipients);
    parties = this.all;
    const { f, ledger } = this.me;
    const say = { "hospital attest": nothing, "hospital cosign": nothing };
    this.all.play({ ...say, ...instead });
    ledger.commit((tx) => {
      tx.db
        .prepare(
          "INSERT INTO principals (id, name, roles, created_at) VALUES ('prn_operator', 'operator', '[]', 0)",
        )
        .run();
      insertCollaboration(tx, {
        id: ID,
        spec: this.all.spec,
        spec_sha256: this.all.hash,
        url: "http://coordinator",
        state: "active",
        operator: "prn_operator",
        dataset: null,
        grant_id: null,
        created_at: 0,
        rev: 1,
      });
      for (const seq of this.me.seqs)
        tx.db.prepare("INSERT INTO round_entries VALUES (?, 1, 1, ?)").run(ID, seq);
    });
    this.hear();
    const put = async (content: Buffer) => {
      const sha256 = createHash("sha256").update(content).digest("hex");
      this.vault.set(sha256, content);
      return { object: sha256, sha256, bytes: content.length };
    };
    this.publisher = new Publisher({
      store: f.store,
      keys: f.keys,
      ledger,
      clock: f.clock,
      vault: { put, read: async (object: string) => this.vault.get(object)! },
      log: { warn: nothing },
      ...more,
    } as unknown as MemberParts);
  }

  get me(): Party {
    return this.all.all[1]!;
  }

  get insurer(): Party {
    return this.all.all[2]!;
  }

  /** What was said since is on the board, and in this node's copy. */
  hear(): void {
    const heard = this.all.messages.slice(this.posted);
    this.me.ledger.commit((tx) => {
      for (const signed of heard) insertMessage(tx, signed, ++this.posted);
    });
  }

  async act(): Promise<boolean> {
    const { store } = this.me.f;
    const row = { ...this.row, spec: this.all.spec };
    const board = {
      blob: async (_: string, sha256: string) => Buffer.from(this.all.entries[sha256]!, "base64"),
    };
    return this.publisher.act(row, board as unknown as Board, roundOf(store, row, 1)!);
  }

  /** Until nothing more is to do. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5 && (await this.act()); turn++);
  }

  get row() {
    return this.me.f.store.db.prepare("SELECT * FROM collaborations").get() as never as Parameters<
      Publisher["act"]
    >[0];
  }

  said(kind: string): Record<string, never>[] {
    const rows = this.me.f.store.db
      .prepare("SELECT signed FROM board_messages WHERE author = ? AND kind = ?")
      .pluck()
      .all(this.me.key.publicKey, kind) as string[];
    return rows.map((text) => JSON.parse(text).message.body);
  }

  entries(kind: string): Record<string, unknown>[] {
    return this.me.ledger
      .about(ID)
      .filter((row) => row.kind === kind)
      .map((row) => this.me.ledger.opening(row.seq).data);
  }
}

/** The insurer's head goes on from another than it joined with: as if its data had been set back. */
const setBack = (party: Party): void => {
  const { ledger, key } = party;
  party.attest();
  const last = party.parties.messages.pop()!;
  party.retract();
  party.say("attest", { ...last.message.body, consistency: [] });
  expect(ledger.size()).toBeGreaterThan(0);
  expect(last.message.author).toBe(key.publicKey);
};

describe("a contributor that learns nothing of the result", () => {
  test("shows its own entries, and cosigns the heads of the others, once", async () => {
    const h = new Hospital();
    await h.settle();
    expect(h.said("attest")).toHaveLength(1);
    const [cosigned] = h.said("cosign") as unknown as { notes: Record<string, string> }[];
    const others = h.all.all.filter((p) => p !== h.me);
    expect(Object.keys(cosigned!.notes).sort()).toEqual(others.map((p) => p.key.publicKey).sort());
    const witness = { name: "glovebox/hospital", publicKey: h.me.key.publicKey };
    for (const { key, head } of others) {
      const note = parseNote(cosigned!.notes[key.publicKey]!)!;
      expect(cosignedAt(nodeCrypto, note, witness)).toBe(Math.floor(h.me.f.clock.now() / 1000));
      expect(note.text).toBe(parseNote(head)!.text);
      expect(peerHead(h.me.f.store.db, ID, key.publicKey)).toBe(head);
    }
    expect(h.entries("collaboration.heads_cosigned")).toHaveLength(1);
    expect(await h.act()).toBe(false);
    expect(h.row.state).toBe("active");
  });

  test("catches a head that does not go on from the last one, with both heads, and suspends its part", async () => {
    const h = new Hospital({ "insurer attest": setBack });
    await h.settle();
    expect(h.said("cosign")).toEqual([]);
    expect(h.row.state).toBe("suspended");
    const [seen] = h.entries("collaboration.two_histories_seen");
    expect(seen).toMatchObject({ author: h.insurer.key.publicKey });
    expect((seen!.heads as string[]).every((head) => parseNote(head)?.origin === "glovebox/insurer")).toBe(
      true,
    );
    expect(h.entries("collaboration.suspended")).toHaveLength(1);
  });

  test("does not cosign a ledger that says something else than the board, and goes on", async () => {
    const h = new Hospital({
      "insurer data": (p) => {
        p.say("data_reveal", { nonce: "n", blobs: p.blobs.data });
        p.write("round.contributed", p.blobs.key);
      },
    });
    await h.settle();
    const [cosigned] = h.said("cosign") as unknown as { notes: object }[];
    expect(Object.keys(cosigned!.notes)).toEqual([h.all.all[0]!.key.publicKey]);
    expect(peerHead(h.me.f.store.db, ID, h.insurer.key.publicKey)).toBeUndefined();
    expect(h.row.state).toBe("active");
  });

  test("does not cosign a head that another key signed", async () => {
    const h = new Hospital({
      "insurer attest": (p) => {
        const [bureau] = p.parties.all;
        p.attest();
        const last = p.parties.messages.pop()!;
        p.retract();
        p.say("attest", { ...last.message.body, head: bureau!.head });
      },
    });
    await h.settle();
    const [cosigned] = h.said("cosign") as unknown as { notes: object }[];
    expect(Object.keys(cosigned!.notes)).toEqual([h.all.all[0]!.key.publicKey]);
  });

  test("waits for a ledger that is not shown, and no longer than its time", async () => {
    const h = new Hospital({
      "insurer attest": nothing,
      "insurer cosign": nothing,
      "bureau cosign": nothing,
    });
    await h.settle();
    expect([h.said("attest").length, h.said("cosign").length]).toEqual([1, 0]);
    h.me.f.clock.advance(WITNESS_MS + 1);
    await h.settle();
    expect(Object.keys((h.said("cosign")[0] as unknown as { notes: object }).notes)).toEqual([
      h.all.all[0]!.key.publicKey,
    ]);
  });

  test("catches a domain that showed another peer another head of the same size", async () => {
    const h = new Hospital({
      "bureau cosign": (p) => {
        const insurer = p.parties.all[2]!;
        const shown = insurer.head;
        insurer.head = insurer.otherHead();
        p.cosign();
        insurer.head = shown;
      },
    });
    await h.settle();
    expect(h.row.state).toBe("suspended");
    const [seen] = h.entries("collaboration.two_histories_seen");
    expect(seen).toMatchObject({ author: h.insurer.key.publicKey });
  });

  test("accuses nobody because another witness cosigned a head of before", async () => {
    const h = new Hospital({
      "bureau cosign": (p) => {
        const insurer = p.parties.all[2]!;
        const shown = insurer.head;
        insurer.head = insurer.joined;
        p.cosign();
        insurer.head = shown;
      },
    });
    await h.settle();
    expect(h.entries("collaboration.two_histories_seen")).toEqual([]);
    expect(h.row.state).toBe("active");
  });
});

describe("a recipient", () => {
  const refused = new GloveboxError("no_grant");
  const catalog = {
    grants: {
      usable() {
        throw refused;
      },
    },
    datasets: { row: () => ({ name: "records", current_version: "ver_1" }) },
  };

  test("makes no job of a result when consent has ended meanwhile, and says so in its ledger", async () => {
    const h = new Hospital({}, ["hospital"], { catalog });
    const { store, keys } = h.me.f;
    store.db.pragma("foreign_keys = OFF");
    store.db.prepare("UPDATE collaborations SET dataset = 'dst_1'").run();
    const result = {
      kind: "result" as const,
      findings: [],
      sha256: undefined,
      media_type: "text/csv",
      capacity_bytes: 0,
      text: "",
    };
    h.me.ledger.commit((tx) => keepResult(tx, keys.sealer, ID, { round: 1, attempt: 1 }, result));
    h.me.f.clock.advance(WITNESS_MS + 1);
    await h.settle();
    expect(jobOfRound(store.db, ID, 1)).toMatchObject({ job: null });
    expect(h.entries("round.withheld")).toEqual([expect.objectContaining({ reason: "no_grant" })]);
    expect(await h.act()).toBe(false);
  });

  test("leaves out of the bundle what does not hold of a peer", async () => {
    const lies: Step = {
      "insurer share": (p) => {
        p.say("share", { nonce: "n", blobs: p.blobs.share });
        p.write("round.shared", p.blobs.key);
      },
    };
    const h = new Hospital(lies, ["hospital"], { catalog });
    const { store, keys } = h.me.f;
    store.db.pragma("foreign_keys = OFF");
    store.db.prepare("UPDATE collaborations SET dataset = 'dst_1'").run();
    const result = {
      kind: "result" as const,
      findings: [],
      sha256: undefined,
      media_type: "",
      capacity_bytes: 0,
      text: "",
    };
    h.me.ledger.commit((tx) => keepResult(tx, keys.sealer, ID, { round: 1, attempt: 1 }, result));
    h.me.f.clock.advance(WITNESS_MS + 1);
    await h.settle();
    const paper = JSON.parse(jobOfRound(store.db, ID, 1)!.paper) as Paper;
    const shown = paper.messages.filter((m) => m.message.kind === "attest").map((m) => m.message.author);
    // Its own is not on this board yet.
    expect(shown).toEqual([h.all.all[0]!.key.publicKey]);
  });
});
