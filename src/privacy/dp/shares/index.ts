/** Noise in shares, for sums over several parties. */
export {
  drawShare,
  LEAST_VARIANCE,
  MAX_SHARED_NUMBERS,
  MAX_SHARES,
  type NoisyKind,
  rhoUnits,
  type SharedNoise,
  sharesFor,
} from "./shares.js";
