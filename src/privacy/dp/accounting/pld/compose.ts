/**
 * Many equal steps by their privacy-loss distribution: δ of all of them at an ε, and the least ε at a δ. For reports:
 * budgets are charged by curves (filter.ts), whose arithmetic is exact.
 *
 * The distribution on a grid (grid.ts) is tilted so that the losses near ε carry the mass, and convolved with itself
 * by Fourier transforms; everything that could lower δ is added to it: what lies above the window, what is infinite,
 * and the proven bound of the rounding errors. derivation.md › Privacy-loss distributions has the argument.
 */
import { valley } from "../conversion.js";
import { Fourier, transformError } from "./fourier.js";
import { type Grid, onGrid } from "./grid.js";
import type { Loss } from "./loss.js";

/** Exponents of what is negligible beside δ. */
const SLACK = 25;
const [LEAST_BITS, MOST_BITS] = [15, 20];
const UNIT = 2 ** -53;

/** A tilt, and the loss beyond which a sum of `count` losses is found with probability at most e^−depth. */
interface Tail {
  tilt: number;
  loss: number;
}

function deviation({ cumulant }: Loss): number {
  const h = 1e-3;
  return Math.sqrt(Math.max(1e-12, (cumulant(h) + cumulant(-h)) / (h * h)));
}

function tail(loss: Loss, count: number, depth: number, side: 1 | -1): Tail {
  // a bounded loss would take ever more tilt: no more of it than a Gaussian sum takes, and some
  const most = Math.log((Math.sqrt(2 * depth) + 2) / (deviation(loss) * Math.sqrt(count)));
  const at = (u: number): number => (count * loss.cumulant(side * Math.exp(u)) + depth) / Math.exp(u);
  const u = valley((x) => finite(at(x)), most - 20, most);
  return { tilt: Math.exp(u), loss: side * at(u) };
}
const finite = (x: number): number => (Number.isFinite(x) ? x : Number.MAX_VALUE);

export class Composition {
  private readonly grid: Grid;
  private readonly fourier: Fourier;
  /** Loss of the first point of the window. */
  private readonly low: number;
  /** By point of the window: the weight under P of the sum, never below the truth in what counts. */
  private readonly weight: Float64Array;
  /** What a point's weight may be off by is at most `error` times this, in the Euclidean norm over all points. */
  private readonly scale: Float64Array;
  private readonly error: number;
  /** Of δ at every ε: infinite losses, and sums beyond the window. */
  private readonly certain: number;
  private readonly high: number;

  /** @param delta at which ε will be asked: decides tilt and window, not whether the bound holds */
  constructor(loss: Loss, count: number, delta: number) {
    const depth = Math.log(1 / delta);
    const aim = tail(loss, count, depth, 1);
    const top = tail(loss, count, depth + SLACK, 1);
    const bottom = tail(loss, count, depth + SLACK, -1);
    const one = [
      tail(loss, 1, depth + SLACK + Math.log(count), -1),
      tail(loss, 1, depth + SLACK + Math.log(count), 1),
    ];
    const width = Math.max(top.loss - bottom.loss, one[1]!.loss - one[0]!.loss) * 1.01;
    const bits = bitsFor(loss, count, width, aim);
    this.fourier = new Fourier(bits);
    const step = alignedStep(width / (this.fourier.points - 2), loss.unit);
    this.grid = onGrid(loss, (Math.floor(one[0]!.loss / step) - 1) * step, step, this.fourier.points);
    // the window begins at a whole number of steps from the sum of the grids' beginnings
    const start = count * this.grid.from;
    this.low = start + Math.floor((top.loss - width - start) / step) * step;
    this.high = this.low + (this.fourier.points - 1) * step;
    const { weight, scale, error } = this.convolve(count, aim.tilt);
    this.weight = weight;
    this.scale = scale;
    this.error = error;
    const beyond = Math.exp(count * this.logMoment(top.tilt) - top.tilt * this.high) * (1 + 1e-9);
    this.certain = -Math.expm1(count * Math.log1p(-Math.min(this.grid.infinite, 0.5))) + beyond;
  }

  /** ln Σ mass·e^(tilt·loss) over the grid. */
  private logMoment(tilt: number): number {
    const { mass, from, step } = this.grid;
    const top = tilt * (from + step * mass.length);
    let sum = 0;
    for (let i = 0; i < mass.length; i++) sum += mass[i]! * Math.exp(tilt * (from + i * step) - top);
    return Math.log(sum) + top + 1e-12;
  }

  private convolve(
    count: number,
    tilt: number,
  ): { weight: Float64Array; scale: Float64Array; error: number } {
    const { mass, from, step } = this.grid;
    const { points, bits } = this.fourier;
    const moment = this.logMoment(tilt);
    const re = mass.map((m, i) => (m === 0 ? 0 : Math.exp(Math.log(m) + tilt * (from + i * step) - moment)));
    const norm = Math.sqrt(re.reduce((sum, t) => sum + t * t, 0));
    const im = new Float64Array(points);
    this.fourier.transform(re, im, -1);
    const powered = raise(re, im, count);
    this.fourier.transform(re, im, 1);
    const first = Math.round((this.low - count * from) / step);
    const weight = new Float64Array(points);
    const scale = new Float64Array(points);
    for (let i = 0; i < points; i++) {
      const at = (((first + i) % points) + points) % points;
      scale[i] = Math.exp(count * moment - tilt * (this.low + i * step));
      weight[i] = scale[i]! * Math.max(0, re[at]! / points);
    }
    // fourier.ts and derivation.md: forwards, the power, backwards
    const forward = transformError(bits) * Math.sqrt(points) * norm;
    const power = count * forward * Math.exp(count * forward) + 16 * count * UNIT * powered;
    const error = (power + transformError(bits) * powered) / Math.sqrt(points);
    return { weight, scale, error };
  }

  /** An upper bound of δ at ε ≥ 0. */
  deltaAt(epsilon: number): number {
    const { low, grid, weight, scale } = this;
    const first = Math.max(0, Math.floor((epsilon - low) / grid.step));
    let sum = 0;
    let squares = 0;
    for (let i = first; i < weight.length; i++) {
      const share = -Math.expm1(epsilon - (low + i * grid.step));
      if (share <= 0) continue;
      sum += weight[i]! * share;
      squares += (scale[i]! * share) ** 2;
    }
    return Math.min(1, (sum + this.error * Math.sqrt(squares)) * (1 + 1e-9) + this.certain);
  }

  /** The least ε with δ(ε) ≤ δ, from above; undefined where none is found. */
  epsilonAt(delta: number): number | undefined {
    if (this.deltaAt(0) <= delta) return 0;
    let [low, high] = [0, this.high];
    if (!(this.deltaAt(high) <= delta)) return undefined;
    for (let i = 0; i < 60 && high - low > 1e-12 * high; i++) {
      const middle = (low + high) / 2;
      if (this.deltaAt(middle) <= delta) high = middle;
      else low = middle;
    }
    return high;
  }
}

/** No smaller, and such that the atoms lie on points: they then lose nothing. */
const alignedStep = (step: number, unit: number | undefined): number =>
  unit === undefined || unit < step ? step : unit / Math.floor(unit / step);

/** Fine enough that what the grid adds to the variance of the sum moves ε by some millionths. */
function bitsFor(loss: Loss, count: number, width: number, aim: Tail): number {
  const adds = (aim.tilt * count) / 8;
  const fine = Math.min(Math.sqrt((2e-6 * Math.max(aim.loss, 1e-3)) / adds), loss.scale / 10);
  const bits = Math.ceil(Math.log2(width / fine));
  return Math.min(MOST_BITS, Math.max(LEAST_BITS, bits));
}

/** Each complex number to the power `count`, in place, by squarings. @returns the Euclidean norm of the result */
function raise(re: Float64Array, im: Float64Array, count: number): number {
  let squares = 0;
  for (let i = 0; i < re.length; i++) {
    let [x, y] = [re[i]!, im[i]!];
    let [a, b] = [1, 0];
    for (let n = count; n > 0; n = Math.floor(n / 2)) {
      if (n % 2 === 1) [a, b] = [a * x - b * y, a * y + b * x];
      [x, y] = [x * x - y * y, 2 * x * y];
    }
    re[i] = a;
    im[i] = b;
    squares += a * a + b * b;
  }
  return Math.sqrt(squares);
}
