/**
 * The approval: what goes out is frozen, and the entry of it names every file by its hash, who decided, and by what.
 * One place for both ways to it. What its tables tell is remembered in the same commit.
 */
import type { JsonObject, Tx } from "../ledger/index.js";
import { SYSTEM_ACTOR } from "../vocabulary/index.js";
import type { AirlockParts } from "./airlock.js";
import { freeze } from "./bundle/freeze.js";
import type { StandingPolicy } from "./by-policy/service.js";
import { moveRelease } from "./change.js";
import { rememberFiles } from "./facts.js";
import { reviewsOfRound } from "./policy.js";
import type { Release } from "./release.js";
import { frozenContext, placeOf } from "./rows.js";

/** @param policies in the place of reviews */
export function approve(
  tx: Tx,
  parts: AirlockParts,
  release: Release,
  event: "approve" | "approve_by_policy",
  policies?: readonly StandingPolicy[],
): void {
  rememberFiles(tx, parts, release);
  const frozen = freeze(parts, release, tx.now, policies);
  const reviews = reviewsOfRound(release);
  const decided: JsonObject =
    policies === undefined
      ? { decisions: reviews.map((r) => r.statement.decision), reviews: reviews.map((r) => r.id) }
      : { decisions: [], reviews: [], policies: policies.map((p) => p.entry) };
  moveRelease(tx, placeOf(release), event, {
    actor: SYSTEM_ACTOR,
    changes: {
      approved_at: tx.now,
      frozen_sealed: parts.keys.sealer.seal(JSON.stringify(frozen.texts), frozenContext(release.id)),
    },
    data: { round: release.round, ...decided, files: frozen.manifest },
  });
}
