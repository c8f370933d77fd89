/**
 * Numbers in slots: fixed point within declared bounds, in as many limbs as the sum needs.
 *
 * Rules: a value is rounded once, half to even, to its declared decimals, and must lie within its declared bounds; so the
 * sum over all participants is exact, and cannot leave the slots: with limbs of w bits, balanced in (−2^(w−1), 2^(w−1)],
 * n of them stay below t/2. Whoever exceeds a bound is refused at home; no wrap can stand for a number. Numbers with noise
 * have one slot each and are taken modulo t, so that what is opened is a function of their sum alone
 * (dp/shares/derivation.md): sums of limbs would tell more.
 */
import { invalidInput } from "../../vocabulary/index.js";

export interface Field {
  name: string;
  /** Decimals kept: the value is an integer of 10^−scale. */
  scale: number;
  /** Largest absolute value of one participant's contribution, as an integer of 10^−scale. */
  bound: bigint;
}

export interface SlotLayout {
  fields: readonly Field[];
  participants: number;
  /** Bits of a limb. */
  width: number;
  /** First slot of each field, and how many it takes. */
  places: readonly { from: number; limbs: number }[];
  slots: number;
  /** t, of numbers with noise: one slot each, modulo this. */
  modulus?: bigint;
}

/** Squares of nine decimals, the most that a column has. */
export const MAX_SCALE = 18;
const MAX_BITS = 1024;

/** @param t plaintext modulus. @throws invalid_input */
export function slotLayout(fields: readonly Field[], participants: number, t: bigint): SlotLayout {
  const width = (t / 2n / BigInt(participants)).toString(2).length - 1;
  let slots = 0;
  const places = fields.map(({ name, scale, bound }) => {
    if (!Number.isInteger(scale) || scale < 0 || scale > MAX_SCALE)
      throw invalidInput(`fields.${name}.scale`, `must be 0 to ${MAX_SCALE}`);
    const bits = bound.toString(2).length;
    if (bound < 0n || bits > MAX_BITS) throw invalidInput(`fields.${name}.bound`, "is out of range");
    // Balanced limbs hold (−2^(wk−1), 2^(wk−1)) and a bit of carry.
    const limbs = Math.max(1, Math.ceil((bits + 2) / width));
    const place = { from: slots, limbs };
    slots += limbs;
    return place;
  });
  return { fields, participants, width, places, slots };
}

/**
 * For numbers with noise. @param room what the noise of all participants together may come to, a field each
 * @throws invalid_input where a sum could leave its slot
 */
export function moduloLayout(
  fields: readonly Field[],
  participants: number,
  t: bigint,
  room: readonly bigint[],
): SlotLayout {
  fields.forEach(({ name, bound }, i) => {
    if (2n * (BigInt(participants) * bound + room[i]!) >= t)
      throw invalidInput(`fields.${name}`, "is too wide for its noise");
  });
  const places = fields.map((_, from) => ({ from, limbs: 1 }));
  return { fields, participants, width: t.toString(2).length, places, slots: fields.length, modulus: t };
}

/** In (−t/2, t/2). */
function centred(value: bigint, t: bigint): bigint {
  const rest = ((value % t) + t) % t;
  return 2n * rest > t ? rest - t : rest;
}

/** Integers of 10^−scale, one a field, to slots. @throws invalid_input when one is beyond its bound */
export function toSlots(
  values: readonly bigint[],
  { fields, places, width, slots, modulus }: SlotLayout,
): BigInt64Array {
  if (values.length !== fields.length) throw invalidInput("values", "must be one a field");
  if (modulus !== undefined) return BigInt64Array.from(values, (value) => centred(value, modulus));
  const written = new BigInt64Array(slots);
  const [base, half] = [1n << BigInt(width), 1n << BigInt(width - 1)];
  values.forEach((value, i) => {
    const { name, bound } = fields[i]!;
    if (value > bound || value < -bound) throw invalidInput(`values.${name}`, "is beyond its declared bound");
    const { from, limbs } = places[i]!;
    let rest = value;
    for (let k = 0; k < limbs; k++) {
      let limb = BigInt.asUintN(width, rest);
      if (limb > half) limb -= base;
      written[from + k] = limb;
      rest = (rest - limb) / base;
    }
  });
  return written;
}

/** Sums of slots, to one integer of 10^−scale a field. */
export function fromSlots(sums: BigInt64Array, { places, width }: SlotLayout): bigint[] {
  return places.map(({ from, limbs }) => {
    let value = 0n;
    for (let k = limbs - 1; k >= 0; k--) value = (value << BigInt(width)) + sums[from + k]!;
    return value;
  });
}

/**
 * A double as an integer of 10^−scale, rounded half to even from its exact value.
 * @throws invalid_input for what is no finite number
 */
export function toFixed(value: number, scale: number, root: string): bigint {
  if (!Number.isFinite(value)) throw invalidInput(root, "is no finite number");
  const [mantissa, exponent] = dyadic(value);
  const scaled = mantissa * 10n ** BigInt(scale);
  if (exponent >= 0) return scaled << BigInt(exponent);
  const divisor = 1n << BigInt(-exponent);
  const floor = scaled >> BigInt(-exponent);
  const twice = 2n * (scaled - floor * divisor);
  const up = twice > divisor || (twice === divisor && (floor & 1n) === 1n);
  return up ? floor + 1n : floor;
}

/** value = mantissa · 2^exponent, exactly. */
function dyadic(value: number): [bigint, number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = field === 0 ? fraction : fraction | (1n << 52n);
  return [value < 0 ? -mantissa : mantissa, (field === 0 ? 1 : field) - 1075];
}

/** Decimal text of an integer of 10^−scale. */
export function fixedText(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const sign = value < 0n ? "-" : "";
  return scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(digits.length - scale)}`;
}
