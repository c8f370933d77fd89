/**
 * Asks questions of a catalogue until it is killed: by itself at a given instant, or from outside. What it says on
 * stdout (`drawing`, `given`) is what a client could have seen by then. Arguments: data folder, key file, JSON of
 * the requests, the instant at which it dies (or `none`), and the how-manieth time there.
 */
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { ChargeService } from "../../../dist/catalog/budgets/charging.js";
import { Spending } from "../../../dist/catalog/budgets/spending.js";
import { openLedger } from "../../../dist/ledger/index.js";
import { zcdpCurve } from "../../../dist/privacy/dp/index.js";
import { openKeys, openStore } from "../../../dist/store/index.js";
import { parseDecimal, systemClock } from "../../../dist/vocabulary/index.js";

const [dataDir, keyFile, json, instant, time] = process.argv.slice(2);
const { requests, rho, ...asked } = JSON.parse(json);
let passes = 0;
const at = (name) => {
  if (name === instant && ++passes === Number(time)) process.kill(process.pid, "SIGKILL");
};
const say = (...words) => writeSync(1, `${words.join(" ")}\n`);

const store = openStore(dataDir);
const keys = openKeys(dataDir, { keyFile });
const ledger = openLedger({ store, keys, clock: systemClock, domain: "hospital-a" });
const spending = new Spending(store.db);
const sketching = { ready: () => true, look: async () => undefined };
const charges = new ChargeService({ db: store.db, ledger, keys, clock: systemClock, spending, sketching });
const kindOf = (kinds) => (kinds.includes("charge.made") ? "charge" : "answer");
let last;
ledger.beforeCommit((_tx, entries) => {
  last = kindOf(entries.map(({ kind }) => kind));
  at(`in the transaction of the ${last}`);
});
ledger.afterCommit(() => at(`after the commit of the ${last}`));

say("ready");
await Promise.all(
  requests.map(async (n) => {
    const request = {
      ...asked,
      kind: "query",
      request: { n },
      cost: zcdpCurve(parseDecimal(rho, "rho")),
      mechanism: {},
    };
    at("before the charge");
    const { answer } = await charges.once(request, async () => {
      say("drawing", n);
      at("before the noise");
      const drawn = randomBytes(8);
      await new Promise((resolve) => setImmediate(resolve));
      at("after the noise");
      return drawn;
    });
    at("before it is sent");
    say("given", n, answer.toString("hex"));
    at("after it is sent");
  }),
);
say("done");
