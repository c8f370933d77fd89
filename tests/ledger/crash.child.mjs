/** Commits without end, in transactions of several entries, and says on stdout how many have returned. */
const built = (/** @type {string} */ room) =>
  import(new URL(`../../dist/${room}/index.js`, import.meta.url).href);
const { openLedger } = await built("ledger");
const { openKeys, openStore } = await built("store");

const [dataDir, keyFile] = process.argv.slice(2);
const store = openStore(dataDir);
const keys = openKeys(dataDir, { keyFile });
const ledger = openLedger({ store, keys, clock: { now: () => Date.now() }, domain: "crash" });
const insert = store.db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");

for (;;) {
  ledger.commit((/** @type {import('../../src/ledger/index.js').Tx} */ tx) => {
    for (let i = 0; i < 20; i++) {
      const seq = tx.entry({ kind: "thing.made", actor: "system", subject: "s", data: { n: ledger.size() } });
      insert.run(`thing.${seq}`, String(seq));
      tx.event("thing.made", "s", { seq });
      tx.outbox("wake", { seq });
    }
  });
  process.stdout.write(`${ledger.size()}\n`);
}
