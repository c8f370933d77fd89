/** The airlock: releases, their reviews, the signed bundles they end in, and the offline verifier. */
import { nodeCrypto } from "../ledger/index.js";
import type { Chapter } from "./verify/chapters.js";
import type { Pin } from "./verify/entries.js";
import type { Verification } from "./verify/report.js";
import { verifyWith } from "./verify/verify.js";

export type { Airlock, AirlockParts, FileInfo } from "./airlock.js";
export { COLLABORATION_PATH, OUTPUTS, PATHS } from "./bundle/format.js";
export { POLICY_BARS, type PolicyBar } from "./by-policy/bars.js";
export type { PolicyInput, ReleasePolicyView } from "./by-policy/service.js";
export {
  AUTO_RELEASE,
  HIGHEST_AUTO_GRADE,
  type PolicyStatement,
  policyBytes,
} from "./by-policy/statement.js";
export { barredFrom, REVIEW_BARS, REVIEWS_PER_DATASET } from "./policy.js";
export * from "./release.js";
export { MAX_FILES, MAX_RELEASE_BYTES } from "./requests.js";
export { createAirlock } from "./service.js";
export { statementBytes, statementOf } from "./statement.js";
export {
  FINAL_RELEASE_STATES,
  RELEASE_EVENTS,
  RELEASE_TRANSITIONS,
  type ReleaseEventName,
  type ReleaseTransition,
} from "./states.js";
export type { Chapter } from "./verify/chapters.js";
export type { Pin } from "./verify/entries.js";
export type { Bundle } from "./verify/files.js";
export type { Report, Sentence, Verification, VerificationProblem } from "./verify/report.js";
export { verifyWith } from "./verify/verify.js";

/**
 * Checks a release bundle with Node's own hashes; needs no server and no network.
 * @param chapters of other rooms: without those of its kind of job a bundle does not verify
 */
export const verifyBundle = (
  zip: Uint8Array,
  pin: Pin = {},
  chapters: readonly Chapter[] = [],
): Verification => verifyWith(nodeCrypto, zip, pin, chapters);
