/** A step of a statistic is taken only where it goes on from the last one, from where its sums say. */
import { generateKeyPairSync, sign } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type CollaborationRow,
  insertCollaboration,
  insertMessage,
} from "../../src/federated/collaborations/rows.js";
import { requireStep } from "../../src/federated/member/chain.js";
import { keepResult } from "../../src/federated/member/results.js";
import { roundOf } from "../../src/federated/member/round.js";
import {
  type MessageKind,
  messageHash,
  NO_MESSAGES,
  signMessage,
} from "../../src/federated/messages/message.js";
import type { JsonObject } from "../../src/ledger/index.js";
import { type LedgerFixture, ledgerFixture } from "../ledger/fixture.js";

const ID = `clb_${"0".repeat(26)}`;
const statistic = {
  kind: "quantiles",
  value: { op: "column", name: "age" },
  by: [],
  missing: "drop",
  at: ["0.5"],
};
const STATE = { parts: [["0", 5, "0", "31", false]] };
const step = (more: object = {}) => ({ statistic, step: { of: 1, number: 2, state: STATE, ...more } });

/** Another domain than this node's. */
function other() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
  return { publicKey: raw, sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
}

let f: LedgerFixture;
let opener: ReturnType<typeof other>;
let third: ReturnType<typeof other>;
let row: CollaborationRow;
let ends: Map<string, typeof NO_MESSAGES>;
let seq: number;

/** This node is a recipient, or takes part alone. */
function begin(recipients: string[]): void {
  f = ledgerFixture();
  opener = other();
  third = other();
  ends = new Map();
  seq = 0;
  const keys = [opener.publicKey, f.keys.identity.publicKey, third.publicKey];
  row = {
    id: ID,
    spec: {
      version: 1,
      name: "s",
      purpose: "tests",
      coordinator: third.publicKey,
      participants: keys.map((key, i) => ({ name: ["opener", "here", "third"][i]!, key })),
      recipients,
      columns: [{ name: "age", type: "integer", bounds: ["0", "100"] }],
      max_rows: 1_000,
      threshold: 10,
      max_rounds: 50,
      expires_at: "2030-01-01T00:00:00Z",
    },
    spec_sha256: "0".repeat(64),
    url: "http://127.0.0.1:1",
    state: "active",
    operator: "prn_operator",
    dataset: null,
    grant_id: null,
    created_at: 1,
    rev: 1,
  };
  f.ledger.commit((tx) => {
    tx.db
      .prepare(
        "INSERT INTO principals (id, name, roles, created_at) VALUES ('prn_operator', 'operator', '[]', 0)",
      )
      .run();
    insertCollaboration(tx, row);
  });
}

function say(who: ReturnType<typeof other>, kind: MessageKind, round: number, body: object = {}): void {
  const end = ends.get(who.publicKey) ?? NO_MESSAGES;
  const message = {
    version: 1 as const,
    collaboration: ID,
    author: who.publicKey,
    number: end.number + 1,
    previous: end.hash,
    kind,
    round,
    attempt: 1,
    body: body as never,
  };
  ends.set(who.publicKey, { number: message.number, hash: messageHash(message) });
  seq += 1;
  f.ledger.commit((tx) => insertMessage(tx, signMessage(message, who as never), seq));
}

const found = (state: JsonObject): void =>
  f.ledger.commit((tx) =>
    keepResult(tx, f.keys.sealer, ID, { round: 1, attempt: 1 }, { kind: "step", state }),
  );

const taken = (round: number) => () => {
  const view = roundOf(f.store, row, round)!;
  requireStep(f, row, view, view.asked!);
};

const ELSEWHERE = "starts from elsewhere";
const NO_NEXT = "no next step";

afterEach(() => f.end());

describe("at a recipient", () => {
  beforeEach(() => {
    begin(["opener", "here"]);
    say(opener, "open", 1, { statistic });
  });

  test("a step from where its own sums say is taken, before others have said that they are done", () => {
    found(STATE);
    say(opener, "done", 1);
    say(opener, "open", 2, step());
    expect(taken(1)).not.toThrow();
    expect(taken(2)).not.toThrow();
  });

  test("a step from elsewhere is not", () => {
    found({ parts: [["0", 4, "0", "15", false]] });
    say(opener, "done", 1);
    say(opener, "open", 2, step());
    expect(taken(2)).toThrow(ELSEWHERE);
  });

  test("nor one after a round of which it has no sums", () => {
    say(opener, "done", 1);
    say(opener, "open", 2, step());
    expect(taken(2)).toThrow(ELSEWHERE);
  });

  test("nor one that goes on from a result", () => {
    const result = {
      kind: "result" as const,
      findings: [],
      sha256: undefined,
      media_type: "text/csv",
      text: "",
    };
    f.ledger.commit((tx) =>
      keepResult(tx, f.keys.sealer, ID, { round: 1, attempt: 1 }, { ...result, capacity_bytes: 0 }),
    );
    say(opener, "done", 1);
    say(opener, "open", 2, step());
    expect(taken(2)).toThrow(ELSEWHERE);
  });
});

describe("at a domain that learns nothing", () => {
  beforeEach(() => {
    begin(["opener", "third"]);
    say(opener, "open", 1, { statistic });
  });
  const done = () => say(opener, "done", 1);

  test("the next step of a statistic is taken", () => {
    done();
    say(opener, "open", 2, step());
    expect(taken(2)).not.toThrow();
  });

  test("nothing goes on from a round that is not done, or that somebody refused", () => {
    say(opener, "open", 2, step());
    expect(taken(2)).toThrow(NO_NEXT);
    done();
    say(third, "refuse", 1, { reason: "cannot" });
    say(opener, "open", 3, step());
    expect(taken(3)).toThrow(NO_NEXT);
  });

  test.each([
    ["asks something else", { statistic: { ...statistic, at: ["0.9"] }, step: step().step }],
    ["is numbered otherwise", step({ number: 3 })],
    ["goes on from another round", step({ of: 2 })],
  ])("a step that %s is not", (_, body) => {
    done();
    say(opener, "open", 2, body);
    expect(taken(2)).toThrow(NO_NEXT);
  });

  test("another's statistic is not gone on with", () => {
    done();
    say(third, "open", 2, step());
    expect(taken(2)).toThrow(NO_NEXT);
  });

  test("a statistic is gone on with once", () => {
    done();
    say(opener, "open", 2, step());
    say(opener, "open", 3, step({ state: { parts: [["0", 1, "0", "1", false]] } }));
    expect(taken(3)).toThrow(NO_NEXT);
  });
});
