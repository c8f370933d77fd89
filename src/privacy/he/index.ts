/** Threshold homomorphic encryption: sums over domains that only all of them together can open. */
export * from "./attempt.js";
export * from "./codec.js";
export { assertRoom, DEGREE, MAX_PARTICIPANTS, type Room, roomOf } from "./parameters.js";
export type { Modulus, Poly } from "./ring.js";
export { commonElement } from "./sampling.js";
export { SealRing } from "./seal.js";
export { Malformed, ThresholdSums } from "./sums.js";
export * from "./threshold.js";
export * from "./wire.js";
