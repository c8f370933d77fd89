/**
 * Who may review, when a review counts, and what comes of the reviews. Pure.
 *
 * Rules: a reviewer is an auditor whom the owner of a dataset of the job named, and is neither the requester, nor the
 * job's author, nor one who granted the access. Each dataset needs two such reviews. Being admin opens nothing.
 * A review is of all files, each by the hash it has now. Approving approves every file; one whose check failed needs
 * a written reason from each who approves.
 */
import {
  type Actor,
  GloveboxError,
  invalidInput,
  type PrincipalId,
  type Verdict,
} from "../vocabulary/index.js";
import type { Decision, Release, ReleaseDataset, ReleaseFile, Review, ReviewInput } from "./release.js";

export const REVIEWS_PER_DATASET = 2;

interface Bar {
  bars(person: Pick<Actor, "id" | "roles">, release: Release): boolean;
  says: string;
  says_zh: string;
}

/** Why one may not review, the first that applies. */
// biome-ignore format: one row a line
export const REVIEW_BARS: readonly Bar[] = [
  { bars: (p) => !p.roles.includes("auditor"), says: "only an auditor reviews releases", says_zh: "仅审核员可审核放行" },
  { bars: (p, r) => p.id === r.principal, says: "one does not review one's own release", says_zh: "不得审核本人的放行申请" },
  { bars: (p, r) => p.id === r.author, says: "a job's author does not review its outputs", says_zh: "任务提交者不得审核其产出" },
  { bars: (p, r) => r.datasets.some((d) => d.granted_by === p.id), says: "whoever granted the access does not review what came of it", says_zh: "授权人不得审核其授权产生的结果" },
  { bars: (p, r) => !r.datasets.some((d) => d.auditors.includes(p.id)), says: "the owner named you for none of the datasets", says_zh: "数据提供方未指定您为审核员" },
];

/** The words of the bar that holds; undefined: this person may review. */
export const barredFrom = (person: Pick<Actor, "id" | "roles">, release: Release): string | undefined =>
  REVIEW_BARS.find((bar) => bar.bars(person, release))?.says;

/** Auditors of a dataset who may review this release. */
function eligible(release: Release, dataset: ReleaseDataset): PrincipalId[] {
  return dataset.auditors.filter((id) => barredFrom({ id, roles: ["auditor"] }, release) === undefined);
}

export const reviewsOfRound = (release: Release): readonly Review[] =>
  release.reviews.filter((r) => r.round === release.round);

const reviewsFor = (dataset: ReleaseDataset, reviewers: readonly PrincipalId[]): number =>
  reviewers.filter((id) => dataset.auditors.includes(id)).length;

/** Datasets that lack a review when these have reviewed. */
const lacking = (release: Release, reviewers: readonly PrincipalId[]): ReleaseDataset[] =>
  release.datasets.filter((d) => reviewsFor(d, reviewers) < REVIEWS_PER_DATASET);

/** How many more people have to review, where those go first who are auditors of most that lack one. */
export function reviewsNeeded(release: Release): number {
  const reviewers = reviewsOfRound(release).map((r) => r.reviewer);
  for (let needed = 0; ; needed++) {
    const open = lacking(release, reviewers);
    if (open.length === 0) return needed;
    const able = open.flatMap((d) => eligible(release, d)).filter((id) => !reviewers.includes(id));
    const counts = (id: PrincipalId) => open.filter((d) => d.auditors.includes(id)).length;
    const next = able.reduce<PrincipalId | undefined>(
      (best, id) => (best === undefined || counts(id) > counts(best) ? id : best),
      undefined,
    );
    // Too few are named: their owner has yet to name them.
    if (next === undefined)
      return needed + Math.max(...open.map((d) => REVIEWS_PER_DATASET - reviewsFor(d, reviewers)));
    reviewers.push(next);
  }
}

/** @throws state_conflict naming a dataset that has too few auditors for this release. */
export function requireReviewers(release: Release): void {
  const short = release.datasets.find((d) => eligible(release, d).length < REVIEWS_PER_DATASET);
  if (short)
    throw new GloveboxError("state_conflict", {
      detail: `${short.name} has fewer than two auditors who may review this; ask its owner to name more`,
    });
}

/** Does this reviewer's review complete the round? @throws state_conflict when it would add nothing. */
export function completesReview(release: Release, reviewer: PrincipalId): boolean {
  const before = reviewsOfRound(release).map((r) => r.reviewer);
  if (before.includes(reviewer))
    throw new GloveboxError("state_conflict", { detail: "you have reviewed this submission already" });
  if (!lacking(release, before).some((d) => d.auditors.includes(reviewer)))
    throw new GloveboxError("state_conflict", { detail: "your datasets have their two reviews" });
  return lacking(release, [...before, reviewer]).length === 0;
}

/** What comes of a full round. */
export function outcomeOf(decisions: readonly Decision[]): "approve" | "reject" | "return" {
  if (decisions.length > 0 && decisions.every((d) => d === "approve")) return "approve";
  if (decisions.length > 0 && decisions.every((d) => d === "reject")) return "reject";
  return "return";
}

/** @throws stale for another hash than the file has now; invalid_input; disclosure_refused for an override that lacks. */
export function checkReview(
  input: Omit<ReviewInput, "signature">,
  files: readonly (Pick<ReleaseFile, "name" | "sha256"> & { verdict: Verdict })[],
): void {
  const names = new Set(files.map((f) => f.name));
  for (const name of [...Object.keys(input.files), ...Object.keys(input.overrides ?? {})])
    if (!names.has(name)) throw invalidInput("files", "names a file that the release does not have");
  for (const { name, sha256, verdict } of files) {
    const voted = Object.hasOwn(input.files, name) ? input.files[name] : undefined;
    if (voted === undefined) throw invalidInput("files", "must hold a vote on every file of the release");
    if (voted.sha256 !== sha256)
      throw new GloveboxError("stale", { detail: "a file is another one than you voted on; read it again" });
    if (input.decision !== "approve") continue;
    if (voted.vote !== "approved")
      throw invalidInput("decision", "approve needs the vote approved on every file");
    if (verdict === "fail" && !overridden(input, name))
      throw new GloveboxError("disclosure_refused", {
        detail: "a check of a file failed; approving it needs a written reason in overrides",
      });
  }
}

const overridden = (input: Omit<ReviewInput, "signature">, name: string): boolean =>
  input.overrides !== undefined &&
  Object.hasOwn(input.overrides, name) &&
  input.overrides[name]!.trim().length > 0;
