/**
 * The privacy loss of one mechanism: where its mass lies, as pieces and atoms. Losses are ln P(x)/Q(x) for x ~ P.
 *
 * Both directions of neighbours give the same loss for Gaussian and Laplace noise, by symmetry. Discrete noise takes
 * a whole-number sensitivity.
 */

/** A point of the loss with a mass. */
export interface Atom {
  readonly loss: number;
  readonly mass: number;
}

export interface Loss {
  /** Density of the loss with respect to P between `from` and `to`; infinitely often differentiable there. */
  readonly density:
    | { readonly at: (loss: number) => number; readonly from: number; readonly to: number }
    | undefined;
  /** Losses on which the density varies by no more than a few powers of e: pieces must be narrower than an eighth. */
  readonly scale: number;
  readonly atoms: readonly Atom[];
  /** All atoms lie at whole multiples of it, where they lie at such places. */
  readonly unit: number | undefined;
  /** What lies beyond all of this, at losses that are not bounded: taken to be infinite. */
  readonly beyond: number;
  /** ln E e^(tL), an upper bound; finite for the t that are asked. To choose, never to bound. */
  readonly cumulant: (t: number) => number;
}

/** Standard deviations after which a Gaussian is cut: its tail there is below 1e-300. */
const CUT = 37.5;
const TAIL = 1e-300;

/** N(0, σ²) at ℓ2 sensitivity Δ, μ = Δ/σ: the loss is N(μ²/2, μ²). */
export function gaussianLoss(mu: number): Loss {
  const mean = (mu * mu) / 2;
  const norm = 1 / (mu * Math.sqrt(2 * Math.PI));
  return {
    density: {
      at: (loss) => norm * Math.exp(-0.5 * ((loss - mean) / mu) ** 2),
      from: mean - CUT * mu,
      to: mean + CUT * mu,
    },
    scale: mu,
    atoms: [],
    unit: undefined,
    beyond: TAIL,
    cumulant: (t) => t * mean + (t * t * mu * mu) / 2,
  };
}

/** ln E e^(tL) of Laplace noise; symmetric about t = −1/2. */
function laplaceCumulant(x: number, t: number): number {
  const from = Math.abs(t + 0.5);
  const decay = Math.exp(-2 * from * x);
  const between = from < 1e-9 ? 0.5 * x : (0.25 * (1 - decay)) / from;
  return (from - 0.5) * x + Math.log(0.5 + 0.5 * decay + between);
}

/** Laplace noise of scale b at ℓ1 sensitivity Δ, x = Δ/b. */
export function laplaceLoss(x: number): Loss {
  return {
    // between the two centres the loss falls from x to −x at rate 2; outside it is ±x
    density: { at: (loss) => 0.25 * Math.exp((loss - x) / 2), from: -x, to: x },
    scale: 2,
    atoms: [
      { loss: x, mass: 0.5 },
      { loss: -x, mass: 0.5 * Math.exp(-x) },
    ],
    unit: x,
    beyond: 0,
    cumulant: (t) => laplaceCumulant(x, t),
  };
}

/** Beyond so many atoms the continuous noise's cumulant chooses. */
const COUNTED_ATOMS = 2000;

const cumulantOf = (atoms: readonly Atom[]) => (t: number) => {
  const top = atoms.reduce(
    (most, { loss, mass }) => Math.max(most, t * loss + Math.log(mass)),
    Number.NEGATIVE_INFINITY,
  );
  return (
    top + Math.log(atoms.reduce((sum, { loss, mass }) => sum + Math.exp(t * loss + Math.log(mass) - top), 0))
  );
};

/** Atoms of one loss together. */
function gathered(atoms: Iterable<Atom>): Atom[] {
  const byLoss = new Map<number, number>();
  for (const { loss, mass } of atoms) if (mass > 0) byLoss.set(loss, (byLoss.get(loss) ?? 0) + mass);
  return [...byLoss].map(([loss, mass]) => ({ loss, mass }));
}

function fromAtoms(atoms: Atom[], unit: number, beyond: number, alike: (t: number) => number): Loss {
  const cumulant = atoms.length > COUNTED_ATOMS ? alike : cumulantOf(atoms);
  return { density: undefined, scale: Number.POSITIVE_INFINITY, atoms, unit, beyond, cumulant };
}

/** P(x) ∝ e^(−|x|/b) on the whole numbers, at a whole-number ℓ1 sensitivity Δ. */
export function discreteLaplaceLoss(b: number, delta: number): Loss {
  const head = -Math.expm1(-1 / b) / (1 + Math.exp(-1 / b));
  function* atoms(): Generator<Atom> {
    // left of 0, where the loss is Δ/b, and right of Δ, where it is −Δ/b
    yield { loss: delta / b, mass: 1 / (1 + Math.exp(-1 / b)) };
    for (let x = 1; x < delta; x++) yield { loss: (delta - 2 * x) / b, mass: head * Math.exp(-x / b) };
    yield { loss: -delta / b, mass: Math.exp(-delta / b) / (1 + Math.exp(-1 / b)) };
  }
  return fromAtoms(gathered(atoms()), 1 / b, 0, (t) => laplaceCumulant(delta / b, t));
}

/** P(x) ∝ e^(−x²/2σ²) on the whole numbers, at a whole-number sensitivity Δ. */
export function discreteGaussianLoss(sigma: number, delta: number): Loss {
  const reach = Math.ceil(CUT * sigma) + 1;
  const weight = (x: number) => Math.exp(-0.5 * (x / sigma) ** 2);
  let total = weight(0);
  for (let x = reach; x > 0; x--) total += 2 * weight(x);
  function* atoms(): Generator<Atom> {
    for (let x = -reach; x <= reach; x++)
      yield { loss: (delta * delta - 2 * delta * x) / (2 * sigma * sigma), mass: weight(x) / total };
  }
  const mu = delta / sigma;
  return fromAtoms(
    [...atoms()].filter(({ mass }) => mass > 0),
    delta / (2 * sigma * sigma),
    TAIL,
    (t) => (t * (t + 1) * mu * mu) / 2,
  );
}
