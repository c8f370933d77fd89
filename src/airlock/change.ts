/** The one place where a release changes its state: a row of the table, the ledger entry and the event. */
import type { JsonObject, Tx } from "../ledger/index.js";
import type { ReleaseState } from "./release.js";
import { type ReleaseEventName, releaseStep } from "./states.js";

type Column = string | number | Buffer | null;

export interface Moved {
  state: ReleaseState;
  /** Place of the entry in the ledger. */
  seq: number;
}

/** Names of columns come from this code only. @throws state_conflict when the table has no such row. */
export function moveRelease(
  tx: Tx,
  release: { id: string; job: string; state: ReleaseState; dataset: readonly string[] },
  event: ReleaseEventName,
  by: { actor: string; changes?: Record<string, Column>; data?: JsonObject },
): Moved {
  const row = releaseStep(release.state, event);
  const changes = { ...by.changes, state: row.to };
  const sets = Object.keys(changes).map((name) => `${name} = @${name}`);
  tx.db
    .prepare(`UPDATE releases SET ${sets.join(", ")}, rev = rev + 1 WHERE id = @id`)
    .run({ ...changes, id: release.id });
  const seq = tx.entry({
    kind: row.entry,
    actor: by.actor,
    subject: release.id,
    dataset: release.dataset,
    data: { release: release.id, job: release.job, ...by.data },
  });
  tx.event(row.entry, release.id, { release: release.id, job: release.job });
  return { state: row.to, seq };
}
