/**
 * A review comes in: who may, what it says, whether it is signed; then the vote, and with the last one what follows
 * from all of them, in one commit.
 */
import { randomBytes } from "node:crypto";
import { canonicalJson, nodeCrypto, type Tx } from "../ledger/index.js";
import { type Actor, GloveboxError, invalidInput, newId, SYSTEM_ACTOR } from "../vocabulary/index.js";
import { type Again, heldFiles, isJudged, judgeAgain } from "./again.js";
import type { AirlockParts } from "./airlock.js";
import { approve } from "./approve.js";
import { moveRelease } from "./change.js";
import { barredFrom, checkReview, completesReview, outcomeOf, reviewsOfRound } from "./policy.js";
import type { Release, Review, ReviewInput, Statement } from "./release.js";
import { requireRev } from "./requests.js";
import { loadRelease, placeOf, statementContext, unknownRelease } from "./rows.js";
import { signatureHolds, statementOf, voteCommitment } from "./statement.js";
import { releaseStep } from "./states.js";
import { sightOf } from "./visibility.js";

/** Something of its data went out since it was last judged. */
class NotJudged extends Error {}

const MAX_TURNS = 8;

/**
 * Judged with all that went out, then voted on. @returns true when the release is approved by it.
 * @throws not_found, forbidden, stale, state_conflict, invalid_input, engine_unavailable
 */
export async function reviewRelease(
  parts: AirlockParts,
  actor: Actor,
  id: string,
  input: ReviewInput,
  ifMatch?: number,
): Promise<boolean> {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    asReviewer(parts, parts.store, actor, id);
    const again = await judgeAgain(parts, id);
    if (again !== "same") throw new GloveboxError("stale", { detail: MEANWHILE[again] });
    try {
      return vote(parts, actor, id, input, ifMatch);
    } catch (error) {
      if (!(error instanceof NotJudged)) throw error;
    }
  }
  throw new GloveboxError("engine_unavailable", { detail: "other releases of the same data keep going out" });
}

const MEANWHILE: Record<Exclude<Again, "same">, string> = {
  changed: "tables of the same data were released meanwhile: read what the checks say now, then vote",
  overtaken:
    "tables of the same data were released since the first vote: votes are void, and it went back to its requester",
};

function vote(parts: AirlockParts, actor: Actor, id: string, input: ReviewInput, ifMatch?: number): boolean {
  return parts.ledger.commit((tx) => {
    const release = asReviewer(parts, tx, actor, id);
    requireRev(release, ifMatch);
    // The state first: in a state without reviews every other reason would mislead.
    if (release.state !== "partially_reviewed") releaseStep(release.state, "review");
    if (!isJudged(parts, release)) throw new NotJudged();
    const complete = completesReview(release, actor.id);
    checkReview(input, withVerdicts(parts, release));
    const review = signedReview(parts, tx, actor, release, input);
    const event = complete ? "complete_review" : "review";
    const state = enterReview(tx, parts, release, review, event);
    return complete ? decide(tx, parts, { ...loadRelease(tx.db, parts.keys, id), state }) : false;
  });
}

function asReviewer(parts: AirlockParts, tx: Pick<Tx, "db">, actor: Actor, id: string): Release {
  const release = loadRelease(tx.db, parts.keys, id);
  if (sightOf(actor, release) === undefined) throw unknownRelease();
  const bar = barredFrom(actor, release);
  if (bar !== undefined) throw new GloveboxError("forbidden", { detail: bar });
  return release;
}

function withVerdicts(parts: AirlockParts, release: Release) {
  const held = heldFiles(parts, release);
  return release.files.map((file) => {
    const output = held.get(file.output);
    // A file whose output is gone, or is not the one it was, cannot be voted on.
    if (output?.sha256 !== file.sha256)
      throw new GloveboxError("state_conflict", { detail: "an output of this release is not held any more" });
    return { name: file.name, sha256: file.sha256, verdict: output.verdict };
  });
}

function signedReview(
  parts: AirlockParts,
  tx: Tx,
  actor: Actor,
  release: Release,
  input: ReviewInput,
): Review {
  const keys = parts.catalog.principals.keys(actor.id);
  if (keys.length === 0)
    throw new GloveboxError("forbidden", { detail: "register your signing key first: PUT /api/v1/me/key" });
  const statement = statementOf(release.id, input);
  const key = keys.find((k) => signatureHolds(nodeCrypto, statement, k, input.signature));
  if (key === undefined)
    throw invalidInput("signature", "is not one of your keys' over this release and these votes");
  const used = tx.db.prepare("SELECT 1 FROM reviews WHERE signature = ?").get(input.signature);
  if (used !== undefined)
    throw new GloveboxError("state_conflict", {
      detail: "this signature was used before; add a comment to the review and sign anew",
    });
  return {
    id: newId("review", tx.now),
    reviewer: actor.id,
    round: release.round,
    statement,
    salt: randomBytes(32).toString("base64"),
    public_key: key,
    signature: input.signature,
    complete: false,
    created_at: tx.now,
  };
}

function enterReview(
  tx: Tx,
  parts: AirlockParts,
  release: Release,
  review: Review,
  event: "review" | "complete_review",
) {
  const sealed = parts.keys.sealer.seal(canonicalJson({ ...review.statement }), statementContext(review.id));
  tx.db
    .prepare(
      `INSERT INTO reviews (id, release, round, reviewer, decision, statement_sealed, salt, public_key, signature,
         created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      review.id,
      release.id,
      review.round,
      review.reviewer,
      review.statement.decision,
      sealed,
      review.salt,
      review.public_key,
      review.signature,
      review.created_at,
    );
  const { state } = moveRelease(tx, placeOf(release), event, {
    actor: review.reviewer,
    data: {
      round: review.round,
      review: review.id,
      vote: voteCommitment(nodeCrypto, review),
      auditor_of: release.datasets.filter((d) => d.auditors.includes(review.reviewer)).map((d) => d.dataset),
    },
  });
  return state;
}

/** Out of `reviewed` by itself. */
function decide(tx: Tx, parts: AirlockParts, release: Release): boolean {
  tx.db
    .prepare("UPDATE reviews SET complete = 1 WHERE release = ? AND round = ?")
    .run(release.id, release.round);
  const reviews = reviewsOfRound(release);
  const outcome = outcomeOf(reviews.map((r) => r.statement.decision));
  const votes: Pick<Statement, "decision">[] = reviews.map((r) => r.statement);
  const told = { round: release.round, decisions: votes.map((v) => v.decision) };
  if (outcome !== "approve") {
    moveRelease(tx, placeOf(release), outcome, { actor: SYSTEM_ACTOR, data: told });
    return false;
  }
  approve(tx, parts, release, "approve");
  return true;
}
