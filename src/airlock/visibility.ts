/**
 * What is seen of a release, by whom, and when. Pure.
 *
 * Rules: the requester sees ids and names until it is released, then all but what the auditors' findings say beyond
 * their rules. An auditor of one
 * of the datasets sees it once it was submitted, with hashes and findings, and may read the files. The owner of a
 * dataset sees that it is there. Nobody else knows of it; one who is requester and auditor is the requester.
 * A vote is seen by its own reviewer alone until its round is complete; then by all who see the release.
 */
import type { FindingView, HeldOutput } from "../jobs/index.js";
import { RULES, verdictFor } from "../privacy/index.js";
import { type Actor, type PrincipalId, rfc3339, VERDICTS, type Verdict } from "../vocabulary/index.js";
import { reviewsNeeded, reviewsOfRound } from "./policy.js";
import type {
  Release,
  ReleaseFile,
  ReleaseFileView,
  ReleaseRoom,
  ReleaseState,
  ReleaseView,
  Review,
  ReviewView,
} from "./release.js";
import { messageBytes, roomOf } from "./told.js";

export type Sight = "requester" | "auditor" | "owner";

/** How `actor` sees a release; undefined: it may not know that the release exists. */
export function sightOf(actor: Pick<Actor, "id" | "roles">, release: Release): Sight | undefined {
  if (actor.id === release.principal) return "requester";
  if (release.submitted_at === null) return undefined;
  const named = release.datasets.some((d) => d.auditors.includes(actor.id));
  if (named && actor.roles.includes("auditor")) return "auditor";
  return release.datasets.some((d) => d.owner === actor.id) ? "owner" : undefined;
}

/** May the bytes of its files be read? */
export const readsFiles = (sight: Sight, state: ReleaseState): boolean =>
  sight === "auditor" || (sight === "requester" && state === "released");

export type Names = (id: PrincipalId) => string;

const APPROVED: readonly ReleaseState[] = ["approved", "released"];

export function viewOf(
  release: Release,
  sight: Sight,
  viewer: PrincipalId,
  outputs: ReadonlyMap<string, HeldOutput>,
  nameOf: Names,
  room?: ReleaseRoom,
): ReleaseView {
  const byPolicy = APPROVED.includes(release.state) && reviewsOfRound(release).length === 0;
  return {
    id: release.id,
    job: release.job,
    state: release.state,
    justification: release.justification,
    principal: nameOf(release.principal),
    round: release.round,
    files: release.files.map((file) => fileView(file, sight, release.state, outputs.get(file.output), room)),
    reviews_in: reviewsOfRound(release).length,
    reviews_needed: byPolicy ? 0 : reviewsNeeded(release),
    ...(APPROVED.includes(release.state) ? { approved_by: byPolicy ? "policy" : "reviewers" } : {}),
    reviews: release.reviews
      .filter((review) => review.complete || review.reviewer === viewer)
      .map((review) => reviewView(review, nameOf)),
    ...(sight === "auditor" && room ? { room } : {}),
    created_at: rfc3339(release.created_at),
    ...(release.submitted_at === null ? {} : { submitted_at: rfc3339(release.submitted_at) }),
    ...(release.released_at === null ? {} : { released_at: rfc3339(release.released_at) }),
    rev: release.rev,
  };
}

/**
 * Which rules spoke and how, in words that are the same for every file. An auditor's message counts and names what
 * was found, also in bytes that the release does not let out: a program could speak through it. What is for auditors
 * only is left out.
 */
export function findingsForRequester(findings: readonly FindingView[]): FindingView[] {
  const told = findings.filter((f) => f.audience !== "auditors");
  return RULES.flatMap(({ id, sentence }) =>
    VERDICTS.filter((verdict) => told.some((f) => f.rule === id && f.verdict === verdict)).map((verdict) => ({
      rule: id,
      verdict,
      message: sentence,
    })),
  );
}

function fileView(
  file: ReleaseFile,
  sight: Sight,
  state: ReleaseState,
  output: HeldOutput | undefined,
  room: ReleaseRoom | undefined,
): ReleaseFileView {
  const named = { name: file.name, output: file.output };
  if (!output || !readsFiles(sight, state)) return named;
  const { media_type, bytes, verdict, evidence, shows } = output;
  const computed = shows === undefined ? {} : { shows };
  const shown = { ...named, sha256: file.sha256, media_type, bytes, verdict, evidence, ...computed };
  if (sight !== "auditor")
    return {
      ...shown,
      verdict: verdictFor(output.findings, "requester"),
      findings: findingsForRequester(output.findings),
    };
  return {
    ...shown,
    ...(room ? { room: roomOf(messageBytes(output), room.record_bytes) } : {}),
    findings: findingsForAuditor(output.findings),
  };
}

/** What needs a human first; among those that are alike in that, in the order of the rules. */
export function findingsForAuditor(findings: readonly FindingView[]): FindingView[] {
  const place = (rule: string) => {
    const at = RULES.findIndex(({ id }) => id === rule);
    return at < 0 ? RULES.length : at;
  };
  const weight = (verdict: Verdict) => VERDICTS.indexOf(verdict);
  return [...findings].sort((a, b) => weight(b.verdict) - weight(a.verdict) || place(a.rule) - place(b.rule));
}

function reviewView(review: Review, nameOf: Names): ReviewView {
  const { decision, files, comment, overrides } = review.statement;
  return {
    reviewer: nameOf(review.reviewer),
    round: review.round,
    decision,
    files,
    ...(comment === undefined ? {} : { comment }),
    ...(overrides === undefined ? {} : { overrides }),
    created_at: rfc3339(review.created_at),
  };
}
