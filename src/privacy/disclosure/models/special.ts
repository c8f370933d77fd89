/**
 * Functions that likelihoods and p-values need, to within a few units in the sixteenth digit.
 *
 * Sources: erfc by Cody's rational approximations (Math. Comp. 23, 1969); the logarithm of the gamma function by
 * Stirling's series; the incomplete beta function by Lentz's continued fraction. Vectors: tests/vectors/models/special.json.
 */

const ROOT_PI = 1 / Math.sqrt(Math.PI);
const ROOT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);

// biome-ignore format: coefficients as published, to doubles
const SMALL = {
  over: [3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694, 0.18577770618460315],
  under: [23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
};
// biome-ignore format: coefficients as published, to doubles
const MIDDLE = {
  over: [0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972, 2.1531153547440383e-8],
  under: [15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597, 4362.619090143247, 3439.3676741437216, 1230.3393548037495],
};
// biome-ignore format: coefficients as published, to doubles
const LARGE = {
  over: [0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275, 0.0006587491615298378, 0.016315387137302097],
  under: [2.568520192289822, 1.8729528499234604, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918],
};

/** Cody's form: the last coefficient above leads, the others follow in both polynomials. */
function ratio({ over, under }: { over: readonly number[]; under: readonly number[] }, x: number): number {
  const degree = under.length;
  let above = over[degree]! * x;
  let below = x;
  for (let i = 0; i < degree - 1; i++) {
    above = (above + over[i]!) * x;
    below = (below + under[i]!) * x;
  }
  return (above + over[degree - 1]!) / (below + under[degree - 1]!);
}

/** exp(−x²) with x² split, so that its rounding does not grow with x. */
function bell(x: number): number {
  const near = Math.trunc(x * 16) / 16;
  return Math.exp(-near * near) * Math.exp(-(x - near) * (x + near));
}

/** erfc(x)·exp(x²) for x > 0.46875: what is left of erfc when its decay is taken out. */
function scaledErfc(x: number): number {
  if (x <= 4) return ratio(MIDDLE, x);
  if (x > 1e8) return ROOT_PI / x;
  const inverse = 1 / (x * x);
  return (ROOT_PI - inverse * ratio(LARGE, inverse)) / x;
}

export function erfc(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) return 1 - x * ratio(SMALL, size * size);
  const tail = size > 26.6 ? 0 : bell(size) * scaledErfc(size);
  return x < 0 ? 2 - tail : tail;
}

/** Density of the standard normal distribution. */
export const normalDensity = (x: number): number => ROOT_TWO_PI * Math.exp((-x * x) / 2);

/** Its distribution function. */
export const normalBelow = (x: number): number => erfc(-x / Math.SQRT2) / 2;

/** log Φ(x) and φ(x)/Φ(x), also far down where Φ itself is no double any more. */
export function normalTail(x: number): { log: number; hazard: number } {
  const t = -x / Math.SQRT2;
  if (t <= 0.46875) {
    const below = normalBelow(x);
    return {
      log: x > 0 ? Math.log1p(-erfc(x / Math.SQRT2) / 2) : Math.log(below),
      hazard: normalDensity(x) / below,
    };
  }
  const scaled = scaledErfc(t) / 2;
  return { log: Math.log(scaled) - (x * x) / 2, hazard: ROOT_TWO_PI / scaled };
}

// biome-ignore format: B(2k) / (2k (2k − 1))
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/** log Γ(x) for x > 0. */
export function logGamma(x: number): number {
  let [shift, at] = [1, x];
  for (; at < 15; at += 1) shift *= at;
  const inverse = 1 / (at * at);
  const series = STIRLING.reduceRight((sum, term) => sum * inverse + term, 0) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - Math.log(shift);
}

const TINY = 1e-300;
const awayFromZero = (x: number): number => (Math.abs(x) < TINY ? TINY : x);

/** Regularised incomplete beta function where its continued fraction is quick: x < (a + 1) / (a + b + 2). */
function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= 20_000; m++) {
    for (const step of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / awayFromZero(1 + step * d);
      c = awayFromZero(1 + step / c);
      value *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
}

/** log Γ(a + ½) − log Γ(a): of large a by its own series, for the two are nearly equal. */
function halfStep(a: number): number {
  if (a < 40) return logGamma(a + 0.5) - logGamma(a);
  const inverse = 1 / (a * a);
  return (
    0.5 * Math.log(a) + (-1 / 8 + inverse * (1 / 192 + inverse * (-1 / 640 + inverse * (17 / 14336)))) / a
  );
}

/** Regularised incomplete beta function of (a, ½) at 1 / (1 + ratio). */
function incompleteBeta(a: number, ratio: number): number {
  const [x, y] = [1 / (1 + ratio), ratio / (1 + ratio)];
  if (y <= 0) return 1;
  const logFront = halfStep(a) - 0.5 * Math.log(Math.PI) - a * Math.log1p(ratio) + 0.5 * Math.log(y);
  const front = Math.exp(logFront);
  if (x < (a + 1) / (a + 2.5)) return (front * betaFraction(a, 0.5, x)) / a;
  return 1 - (front * betaFraction(0.5, a, y)) / 0.5;
}

/** Chance of a value at least so far from zero: of the normal distribution, or of Student's with so many degrees. */
export function twoSided(statistic: number, degrees?: number): number {
  if (degrees === undefined) return erfc(Math.abs(statistic) / Math.SQRT2);
  return incompleteBeta(degrees / 2, (statistic * statistic) / degrees);
}

/**
 * Chance of more than x of a χ² distribution of whole degrees of freedom: the finite sums of positive terms that the
 * regularised incomplete gamma function of half of a whole number is (Abramowitz and Stegun, 26.4.4 and 26.4.5).
 */
export function chiSquareAbove(x: number, degrees: number): number {
  if (!(x > 0)) return 1;
  const half = x / 2;
  const odd = degrees % 2 === 1;
  let above = odd ? erfc(Math.sqrt(half)) : 0;
  for (let a = odd ? 0.5 : 0; a < degrees / 2; a++)
    above += Math.exp(a * Math.log(half) - half - logGamma(a + 1));
  return Math.min(1, above);
}
