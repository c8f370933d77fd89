/** Computing with other domains: collaborations, their boards, and the rounds that all take part in. */
export { MAX_BLOB_BYTES } from "./board/board.js";
export { roundTerms } from "./collaborations/privacy.js";
export { type CollaborationSpec, collaborationSpec } from "./collaborations/spec.js";
export { COLLABORATION_STATES, STOPS } from "./collaborations/states.js";
export {
  Federation,
  type FederationParts,
  type MemberMove,
} from "./federation.js";
export { ATTEMPT_STATES } from "./member/steps.js";
export { identityKey } from "./messages/message.js";
export { PEER_STATES } from "./peers/pins.js";
export { aggregateKind } from "./results/kind.js";
export { writtenQuestion } from "./statistic/asked.js";
export type { CollaborationView, DomainView, PeerView, RoundResultView } from "./views.js";
