/** What this domain's part in its collaborations is made of. */
import type { Logger } from "pino";
import type { Catalog } from "../../catalog/index.js";
import type { Ledger } from "../../ledger/index.js";
import type { SealRing } from "../../privacy/index.js";
import type { Keys, Store, Vault } from "../../store/index.js";
import type { Actor, Clock } from "../../vocabulary/index.js";
import type { SealingKey } from "../messages/seal.js";

export interface MemberParts {
  store: Store;
  keys: Keys;
  ledger: Ledger;
  vault: Vault;
  catalog: Catalog;
  clock: Clock;
  log: Logger;
  ring(): Promise<SealRing>;
  sealing: SealingKey;
  operator(id: string): Actor;
}
