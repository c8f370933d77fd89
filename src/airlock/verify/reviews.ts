/** What the reviewers signed: exactly these files, approved, by enough different people, none of whom was party to it. */
import { toHex, type VerifierCrypto } from "../../ledger/index.js";
import { OUTPUTS, PATHS, type ReviewsFile } from "../bundle/format.js";
import { REVIEWS_PER_DATASET } from "../policy.js";
import type { Review } from "../release.js";
import { signatureHolds, voteCommitment } from "../statement.js";
import type { Links } from "./chain.js";
import { placeOf } from "./entries.js";
import type { Bundle } from "./files.js";
import type { Report } from "./report.js";

type SignedReview = ReviewsFile["reviews"][number];

export function checkReviews(crypto: VerifierCrypto, bundle: Bundle, links: Links, report: Report): void {
  const { reviews } = bundle.reviews;
  report.require(reviews.length >= REVIEWS_PER_DATASET, PATHS.reviews, "has fewer than two reviews");
  report.require(links.policies.length === 0, PATHS.receipt, "has a policy beside reviews");
  report.require(
    links.reviews.length === reviews.length,
    PATHS.receipt,
    "needs one entry for each review in reviews.json",
  );
  for (const review of reviews) {
    const where = `${PATHS.reviews}: ${review.reviewer.name}`;
    checkVotes(crypto, bundle, review, where, report);
    checkOverrides(bundle, review, where, report);
    checkEntry(crypto, links, review, report);
  }
  checkReviewers(bundle, links, report);
}

function checkVotes(
  crypto: VerifierCrypto,
  bundle: Bundle,
  { statement, public_key, signature }: SignedReview,
  where: string,
  report: Report,
): void {
  report.require(
    signatureHolds(crypto, statement, public_key, signature),
    where,
    "is not signed with the key beside it",
  );
  report.require(statement.release === bundle.job.release.id, where, "is a vote on another release");
  report.require(statement.decision === "approve", where, "is not an approval");
  report.require(
    Object.keys(statement.files).length === bundle.outputs.size,
    where,
    "is not a vote on exactly the files that are there",
  );
  for (const [name, content] of bundle.outputs) {
    const voted = Object.hasOwn(statement.files, name) ? statement.files[name] : undefined;
    report.require(
      voted?.vote === "approved" && voted.sha256 === toHex(crypto.sha256(content)),
      `${OUTPUTS}${name}`,
      `is not what ${where.slice(PATHS.reviews.length + 2)} signed`,
    );
  }
}

function checkOverrides(bundle: Bundle, { statement }: SignedReview, where: string, report: Report): void {
  for (const [name, said] of Object.entries(bundle.findings.outputs)) {
    const reason = statement.overrides && Object.hasOwn(statement.overrides, name);
    report.require(
      said.verdict !== "fail" || reason === true,
      where,
      `gives no reason for letting out ${name}, whose check failed`,
    );
  }
}

function checkEntry(crypto: VerifierCrypto, links: Links, signed: SignedReview, report: Report): void {
  const entry = links.reviews.find((e) => e.opening.data.review === signed.id);
  if (!entry) {
    report.add(PATHS.receipt, `has no entry of the review by ${signed.reviewer.name}`);
    return;
  }
  const review = { ...signed, reviewer: signed.reviewer.id as Review["reviewer"] };
  const { data, actor, subject } = entry.opening;
  report.require(
    actor === signed.reviewer.id &&
      subject === links.release.opening.subject &&
      data.round === links.release.opening.data.round &&
      data.vote === voteCommitment(crypto, review),
    placeOf(entry),
    "is of another vote than the one in reviews.json",
  );
}

/** Two for each dataset, as the node states whose auditors they are; different people with different keys. */
function checkReviewers(bundle: Bundle, links: Links, report: Report): void {
  const { reviews } = bundle.reviews;
  const people = new Set(reviews.map((r) => r.reviewer.id));
  const keys = new Set(reviews.map((r) => r.public_key));
  report.require(
    people.size === reviews.length && keys.size === reviews.length,
    PATHS.reviews,
    "has two reviews by one person, or with one key",
  );
  const parties = [links.job, links.request, ...links.grants].map((e) => e.opening.actor);
  report.require(
    parties.every((p) => !people.has(p)),
    PATHS.reviews,
    "has a review by one who asked for the release, wrote the job or granted the access",
  );
  for (const { dataset, name } of bundle.job.datasets) {
    const auditors = links.reviews.filter((e) => {
      const of = e.opening.data.auditor_of;
      return Array.isArray(of) && of.includes(dataset);
    });
    report.require(
      auditors.length >= REVIEWS_PER_DATASET,
      PATHS.reviews,
      `has fewer than two reviews by auditors of ${name}`,
    );
  }
}
