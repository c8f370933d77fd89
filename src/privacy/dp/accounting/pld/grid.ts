/**
 * A loss on a grid, never smaller than it was: each bit of mass between two points is split between them so that both
 * its weight under P and its weight under Q stay what they were ("connecting the dots": Doroshenko, Ghazi, Kamath,
 * Kumar, Manurangsi 2022). The hockey-stick divergence is then exact at the points and above the truth between them.
 *
 * Rules: rounding errors are paid for by moving a little more mass up and adding a little to all; either can only
 * raise δ. What lies above the grid is infinite, what lies below goes to its lowest point.
 */
import type { Loss } from "./loss.js";

export interface Grid {
  /** Loss of the first point. */
  readonly from: number;
  readonly step: number;
  /** Mass at each point. */
  readonly mass: Float64Array;
  readonly infinite: number;
}

/** Far above what a few operations on doubles lose. */
const MARGIN = 1e-12;

/** Gauss–Legendre on [−1, 1], eight points: exact for polynomials of degree 15. */
const NODES = [0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363];
const WEIGHTS = [0.362683783378362, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763];

/** @param points how many; the grid must begin below and may end below what the loss reaches */
export function onGrid(loss: Loss, from: number, step: number, points: number): Grid {
  const placing = new Placing(from, step, points);
  for (const { loss: at, mass } of loss.atoms) placing.add(at, mass);
  if (loss.density) integrate(loss.density, placing, step);
  return {
    from,
    step,
    mass: placing.mass.map((m) => m * (1 + MARGIN)),
    infinite: (placing.infinite + loss.beyond) * (1 + MARGIN),
  };
}

class Placing {
  readonly mass: Float64Array;
  infinite = 0;
  private readonly whole: number;

  constructor(
    readonly from: number,
    readonly step: number,
    readonly points: number,
  ) {
    this.mass = new Float64Array(points);
    this.whole = -Math.expm1(-step);
  }

  /** Splits mass at a loss between the points around it. */
  add(loss: number, mass: number): void {
    const at = Math.floor((loss - this.from) / this.step);
    if (at < 0) this.mass[0]! += mass;
    else if (at >= this.points - 1) this.infinite += mass;
    else this.split(at, loss, mass);
  }

  split(at: number, loss: number, mass: number): void {
    // the share that goes up keeps the mean of e^(−loss); where the grid's own rounding puts the loss is in the margin
    const over = Math.max(0, loss - (this.from + at * this.step));
    const share = Math.min(1, -Math.expm1(-over) / this.whole + MARGIN / this.step);
    this.mass[at + 1]! += mass * share;
    this.mass[at]! += mass * (1 - share);
  }
}

/** Each stretch between two points by quadrature; the ends of the density cut stretches short. */
function integrate(density: NonNullable<Loss["density"]>, placing: Placing, step: number): void {
  const first = Math.floor((density.from - placing.from) / step);
  const last = Math.ceil((density.to - placing.from) / step);
  for (let i = first; i < last; i++) {
    const low = Math.max(density.from, placing.from + i * step);
    const high = Math.min(density.to, placing.from + (i + 1) * step);
    if (high <= low) continue;
    const [middle, half] = [(low + high) / 2, (high - low) / 2];
    for (let k = 0; k < NODES.length; k++)
      for (const side of [-1, 1]) {
        const loss = middle + side * half * NODES[k]!;
        const mass = half * WEIGHTS[k]! * density.at(loss);
        if (mass === 0) continue;
        if (i < 0) placing.mass[0]! += mass;
        else if (i >= placing.points - 1) placing.infinite += mass;
        else placing.split(i, loss, mass);
      }
  }
}
