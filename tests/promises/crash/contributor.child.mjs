/**
 * Takes part in rounds with noise until it is killed by itself, at a given instant around the commit that says what was
 * encrypted. The other participant is played here too, up to its key: this domain then says its numbers and pays. Arguments:
 * data folder, key file, collaboration, the other's private key (PEM, base64), how many rounds, instant, the how-manieth time.
 */
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { writeSync } from "node:fs";
import { createCatalog } from "../../../dist/catalog/index.js";
import {
  collaborationRow,
  lastRound,
  lastSeq,
  messagesOfRound,
  setSeq,
  unposted,
} from "../../../dist/federated/collaborations/rows.js";
import { AttemptRun } from "../../../dist/federated/member/attempt.js";
import { blobsFrom } from "../../../dist/federated/member/blobs.js";
import { roundOf } from "../../../dist/federated/member/round.js";
import { RoundKeeper } from "../../../dist/federated/member/rounds.js";
import { say } from "../../../dist/federated/member/speaking.js";
import { sealingKey } from "../../../dist/federated/messages/seal.js";
import { sharedStatistic } from "../../../dist/federated/statistic/shared.js";
import { SumsThread } from "../../../dist/federated/sums/thread.js";
import { openLedger } from "../../../dist/ledger/index.js";
import { openKeys, openStore, openVault } from "../../../dist/store/index.js";
import { systemClock as clock } from "../../../dist/vocabulary/index.js";

const [dataDir, keyFile, id, pem, rounds, instant, time] = process.argv.slice(2);
let passes = 0;
const at = (name) => {
  if (name === instant && ++passes === Number(time)) process.kill(process.pid, "SIGKILL");
};

const store = openStore(dataDir);
const keys = openKeys(dataDir, { keyFile });
const ledger = openLedger({ store, keys, clock, domain: "hospital-a" });
const vault = openVault(dataDir, keys);
// What an engine answers is not what dies here: no rows.
const engine = {
  async query() {
    at("before the numbers are asked");
    return { columns: [], rows: [] };
  },
};
const catalog = createCatalog({ store, ledger, vault, keys, clock, engine });
const sums = new SumsThread();
const log = { warn: (_, what) => writeSync(2, `${what}\n`) };
const parts = {
  ...{ store, keys, ledger, vault, catalog, clock, sums, log },
  jobs: undefined,
  sealing: sealingKey(keys.sealer.derive("federation-sealing")),
  operator: (name) => catalog.principals.resolve(name),
};
const keeper = new RoundKeeper(parts);

let last = "";
ledger.beforeCommit((_tx, entries) => {
  last = entries.some(({ kind }) => kind === "charge.made") ? "paid" : "";
  if (last) at("in the transaction");
});
ledger.afterCommit(() => {
  if (last) at("after the commit");
});

const key = createPrivateKey(Buffer.from(pem, "base64"));
const other = {
  publicKey: createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32).toString("base64"),
  privateKey: key,
  sign: (bytes) => sign(null, bytes, key),
};
const row = () => collaborationRow(store.db, id);
const board = { blob: async () => Promise.reject(new Error("every blob is here")) };
const post = () =>
  ledger.commit((tx) => {
    for (const { message } of unposted(store.db, id)) setSeq(tx, message, lastSeq(store.db, id) + 1);
  });
const otherSays = (words) => {
  ledger.commit((tx) => say(tx, other, id, words));
  post();
};

async function otherKey(view) {
  const { round, attempt, question, contributors, messages, asked } = view;
  const { t } = await sums.parameters();
  const run = new AttemptRun(
    {
      sums,
      attempt: { spec: row().spec_sha256, round, attempt, question, participants: contributors },
      statistic: sharedStatistic(row().spec, asked, t),
      messages: messages.map((m) => m.message),
      blobs: blobsFrom(parts, row(), board),
    },
    other.publicKey,
  );
  const { body, secret } = await run.commitKey();
  const reveal = { nonce: secret.key_nonce, blobs: [secret.key_blob] };
  ledger.commit((tx) => {
    say(tx, other, id, { kind: "key_commit", round, attempt, body });
    say(tx, other, id, { kind: "key_reveal", round, attempt, body: reveal });
  });
  post();
}

const said = (round, kind, author) =>
  messagesOfRound(store.db, id, round).some((m) => m.message.kind === kind && m.message.author === author);

/** To where this domain has said its numbers. */
async function take(round) {
  const me = keys.identity.publicKey;
  while (!said(round, "data_commit", me)) {
    await keeper.act(row(), board);
    at("before it is posted");
    post();
    if (said(round, "refuse", me)) throw new Error("it was refused");
    if (said(round, "key_commit", me) && !said(round, "key_commit", other.publicKey))
      await otherKey(roundOf(store, row(), round));
  }
}

const statistic = JSON.parse(
  store.db.prepare("SELECT value FROM meta WHERE key = 'test.statistic'").pluck().get(),
);
const before = lastRound(store.db, id);
// What died is gone on with first.
for (let round = Math.max(1, before - 3); round <= before; round++) await take(round);
for (let n = 0; n < Number(rounds); n++) {
  const round = lastRound(store.db, id) + 1;
  otherSays({
    kind: "open",
    round,
    attempt: 1,
    body: { statistic, privacy: { epsilon: "1", delta: "1e-6" } },
  });
  await take(round);
}
await sums.close();
store.close();
