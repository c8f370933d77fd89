/**
 * The discrete Fourier transform, of a power of two of points, with a proven bound of its rounding errors.
 *
 * Source of the bound: Higham, "Accuracy and Stability of Numerical Algorithms" (2nd ed. 2002), Theorem 24.2: the
 * computed transform ŷ of x has ‖ŷ − y‖₂ ≤ c·η/(1 − c·η)·‖y‖₂ for c = log₂ n and η = μ + γ₄(√2 + μ), where twiddle
 * factors are off by at most μ. Each is here one cosine and one sine of the library, off by at most 2^−52 each.
 */

const UNIT = 2 ** -53;
const TWIDDLE_ERROR = 2 ** -51;
const GAMMA_4 = (4 * UNIT) / (1 - 4 * UNIT);

/** Relative error, in the Euclidean norm, of a transform of 2^bits points. */
export function transformError(bits: number): number {
  const eta = TWIDDLE_ERROR + GAMMA_4 * (Math.SQRT2 + TWIDDLE_ERROR);
  return ((bits * eta) / (1 - bits * eta)) * (1 + 1e-9);
}

export class Fourier {
  readonly points: number;
  private readonly cos: Float64Array;
  private readonly sin: Float64Array;

  constructor(readonly bits: number) {
    this.points = 2 ** bits;
    const half = this.points / 2;
    this.cos = new Float64Array(half);
    this.sin = new Float64Array(half);
    for (let k = 0; k < half; k++) {
      this.cos[k] = Math.cos((2 * Math.PI * k) / this.points);
      this.sin[k] = Math.sin((2 * Math.PI * k) / this.points);
    }
  }

  /** In place; `sign` −1 forwards, 1 backwards and then not yet divided by the number of points. */
  transform(re: Float64Array, im: Float64Array, sign: 1 | -1): void {
    this.reverse(re, im);
    for (let size = 2; size <= this.points; size *= 2) this.butterflies(re, im, size, sign);
  }

  private butterflies(re: Float64Array, im: Float64Array, size: number, sign: number): void {
    const half = size / 2;
    const stride = this.points / size;
    for (let start = 0; start < this.points; start += size) {
      for (let k = 0; k < half; k++) {
        const [c, s] = [this.cos[k * stride]!, sign * this.sin[k * stride]!];
        const [a, b] = [start + k, start + k + half];
        const x = re[b]! * c - im[b]! * s;
        const y = re[b]! * s + im[b]! * c;
        re[b] = re[a]! - x;
        im[b] = im[a]! - y;
        re[a] = re[a]! + x;
        im[a] = im[a]! + y;
      }
    }
  }

  private reverse(re: Float64Array, im: Float64Array): void {
    for (let i = 1, j = 0; i < this.points; i++) {
      let bit = this.points >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i >= j) continue;
      const [x, y] = [re[i]!, im[i]!];
      re[i] = re[j]!;
      im[i] = im[j]!;
      re[j] = x;
      im[j] = y;
    }
  }
}
