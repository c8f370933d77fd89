/**
 * The exponential mechanism, exact: i with P(i) ∝ e^(rate·score(i)).
 *
 * By inversion, as the tables of noise do: a uniform real is drawn bit by bit, and the distribution function is known
 * by intervals; where its bits so far do not decide, more are drawn and the intervals made finer. No float takes part,
 * and the steps are the same whatever the scores are, but for one draw in some 2^60.
 * Source: McSherry and Talwar 2007; ε-DP for rate = ε/2Δ, and ε²/8-zCDP (Cesar and Rogers 2021). See derivation.md.
 */
import { type Rational, rational } from "../../../vocabulary/index.js";
import { type Interval, Precise } from "../accounting/interval.js";
import type { RandomBits } from "../noise/random.js";

const STEP_BITS = 64;

/** @param scores whole numbers, at least one; rate ≥ 0 */
export function choose(random: RandomBits, scores: readonly bigint[], rate: Rational): number {
  const top = scores.reduce((a, b) => (a > b ? a : b));
  let drawn = 0n;
  for (let bits = STEP_BITS; ; bits += STEP_BITS) {
    drawn = (drawn << BigInt(STEP_BITS)) | random.uint(STEP_BITS);
    const at = decided(
      scores.map((score) => rational((score - top) * rate.num, rate.den)),
      drawn,
      bits,
    );
    if (at !== undefined) return at;
  }
}

/** Where `drawn`, the first bits of a uniform real, falls; undefined where they do not tell. */
export function decided(exponents: readonly Rational[], drawn: bigint, bits: number): number | undefined {
  const p = new Precise(bits + STEP_BITS);
  const weights = exponents.map((exponent) => p.exp(p.of(exponent)));
  const whole = p.add(...weights);
  const shift = BigInt(STEP_BITS);
  const [from, to] = [drawn << shift, (drawn + 1n) << shift];
  let sum: Interval = p.whole(0);
  let found: number | undefined;
  let isKnown = true;
  for (const [i, weight] of weights.entries()) {
    sum = p.add(sum, weight);
    const share = i === weights.length - 1 ? p.whole(1) : p.div(sum, whole);
    if (found !== undefined || share.hi <= from) continue;
    found = i;
    isKnown = share.lo >= to;
  }
  return isKnown ? found : undefined;
}
