/** What is remembered of a collaboration's messages is what its database holds, whatever was written, moved or undone. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { insertMessage, lastSeq, messagesOfRound, setSeq } from "../../src/federated/collaborations/rows.js";
import type { SignedMessage } from "../../src/federated/messages/message.js";
import { nodeCrypto, type Tx } from "../../src/ledger/index.js";
import { openStore, type Store } from "../../src/store/index.js";
import { type TempDir, tempDir } from "../harness/index.js";

const ID = "clb_0";
let dir: TempDir;
let store: Store;
beforeAll(() => {
  dir = tempDir("remembered");
  store = openStore(dir.path);
  // Who operates it is not looked at here.
  store.db.pragma("foreign_keys = OFF");
  store.db
    .prepare(
      `INSERT INTO collaborations (id, spec, spec_sha256, url, state, operator, dataset, grant_id, created_at, rev)
       VALUES (?, '{}', 'x', NULL, 'active', 'o', NULL, NULL, 0, 1)`,
    )
    .run(ID);
});
afterAll(() => {
  store.close();
  dir.remove();
});
beforeEach(() => {
  store.db.prepare("DELETE FROM board_messages").run();
});

const words = (number: number, round: number): SignedMessage => ({
  message: {
    version: 1,
    collaboration: ID,
    author: "a",
    number,
    previous: "",
    kind: "done",
    round,
    attempt: 1,
    body: {},
  },
  signature: "s",
});
const tx = (): Tx => ({ db: store.db, now: 0 }) as Tx;
const seen = (round: number) => messagesOfRound(store.db, ID, round).map((m) => [m.message.number, m.seq]);
const write = (number: number, round: number, seq: number | null): void =>
  store.db.transaction(() => insertMessage(tx(), words(number, round), seq))();

test("a message is seen as soon as it stands, and where it stands", () => {
  expect(seen(11)).toEqual([]);
  write(1, 11, null);
  expect(seen(11)).toEqual([[1, null]]);
  expect(messagesOfRound(store.db, ID, 11)).toBe(messagesOfRound(store.db, ID, 11));
  store.db.transaction(() => setSeq(tx(), words(1, 11).message, 1))();
  expect(seen(11)).toEqual([[1, 1]]);
  write(2, 12, 2);
  expect([seen(11), seen(12)]).toEqual([[[1, 1]], [[2, 2]]]);
});

test("what was undone is not remembered", () => {
  write(1, 21, 1);
  expect(seen(21)).toEqual([[1, 1]]);
  expect(() =>
    store.db.transaction(() => {
      insertMessage(tx(), words(2, 21), 2);
      expect(seen(21)).toHaveLength(2);
      throw new Error("undone");
    })(),
  ).toThrow("undone");
  expect(seen(21)).toEqual([[1, 1]]);
});

test("the board is known up to its first gap", () => {
  for (const [number, seq] of [
    [1, 1],
    [2, 2],
    [3, 4],
    [4, null],
  ] as const)
    write(number, 31, seq);
  expect(lastSeq(store.db, ID)).toBe(2);
  write(5, 31, 3);
  expect(lastSeq(store.db, ID)).toBe(4);
});

test("a key that was used before still checks what it did not sign", () => {
  const key = Buffer.alloc(32, 7);
  for (let i = 0; i < 3; i++)
    expect(nodeCrypto.verifyEd25519(key, Buffer.from("x"), Buffer.alloc(64))).toBe(false);
});
