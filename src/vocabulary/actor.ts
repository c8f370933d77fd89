/** Who acts: a principal as the services see it. `system` acts are the node's own (expiry, retries, automatic release). */
import type { PrincipalId } from "./ids.js";
import type { Role } from "./words.js";

export interface Actor {
  readonly id: PrincipalId;
  readonly name: string;
  readonly roles: readonly Role[];
}

/** The actor string that ledger entries carry for what the node does by itself. */
export const SYSTEM_ACTOR = "system";
