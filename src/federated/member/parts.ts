/** What this domain's part in its collaborations is made of. */
import type { Logger } from "pino";
import type { Catalog } from "../../catalog/index.js";
import type { Jobs } from "../../jobs/index.js";
import type { Ledger } from "../../ledger/index.js";
import type { Keys, Store, Vault } from "../../store/index.js";
import type { Actor, Clock } from "../../vocabulary/index.js";
import type { SealingKey } from "../messages/seal.js";
import type { SumsThread } from "../sums/thread.js";

export interface MemberParts {
  store: Store;
  keys: Keys;
  ledger: Ledger;
  vault: Vault;
  catalog: Catalog;
  jobs: Jobs;
  clock: Clock;
  log: Logger;
  sums: SumsThread;
  sealing: SealingKey;
  operator(id: string): Actor;
}
