/** What a recipient found in a round, sealed in its database. */
import type Database from "better-sqlite3";
import type { JsonObject, Tx } from "../../ledger/index.js";
import { type Finding, type TableFacts, verdictOf } from "../../privacy/index.js";
import type { Sealer } from "../../store/index.js";
import type { SharedOutcome } from "../statistic/shared.js";

export type Found =
  | {
      kind: "result";
      findings: Finding[];
      sha256: string | undefined;
      media_type: string;
      capacity_bytes: number;
      /** Of a table: what it tells, for judging others with it. */
      table?: TableFacts;
      /** The file itself, rounded and rendered; empty when it could not be made. */
      text: string;
    }
  | { kind: "step"; state: JsonObject };

/** Of a step there is no verdict: nobody is shown anything of it. */
const STEP = "step";

const context = (collaboration: string, round: number): string => `round-result:${collaboration}:${round}`;

export function foundOf(outcome: SharedOutcome): Found {
  if (outcome.kind === "step") return outcome;
  const { canonical, findings, sha256, media_type, capacity_bytes, table } = outcome.canonical;
  return {
    kind: "result",
    findings,
    sha256,
    media_type,
    capacity_bytes,
    ...(table === undefined ? {} : { table }),
    text: canonical?.toString("utf8") ?? "",
  };
}

export function keepResult(
  tx: Tx,
  sealer: Sealer,
  collaboration: string,
  { round, attempt }: { round: number; attempt: number },
  found: Found,
): void {
  tx.db
    .prepare(
      "INSERT OR IGNORE INTO round_results (collaboration, round, attempt, facts_sealed, verdict, at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .run(
      collaboration,
      round,
      attempt,
      sealer.seal(JSON.stringify(found), context(collaboration, round)),
      found.kind === "step" ? STEP : verdictOf(found.findings),
      tx.now,
    );
}

export function resultOf(
  db: Database.Database,
  sealer: Sealer,
  collaboration: string,
  round: number,
): Found | undefined {
  const sealed = db
    .prepare("SELECT facts_sealed FROM round_results WHERE collaboration = ? AND round = ?")
    .pluck()
    .get(collaboration, round) as Buffer | undefined;
  return sealed && (JSON.parse(sealer.open(sealed, context(collaboration, round)).toString("utf8")) as Found);
}
