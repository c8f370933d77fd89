/**
 * Ring elements as bytes between domains: residues of 52 bits, two of them in 13 bytes.
 *
 * Rules: one element has one length and one form; a residue that is not below its prime is refused, and so is a
 * ciphertext whose second element is zero (it would show its plaintext to everybody).
 */
import { invalidInput } from "../../vocabulary/index.js";
import { DEGREE } from "./parameters.js";
import { isZero, type Modulus, type Poly } from "./ring.js";
import type { Ciphertext } from "./threshold.js";

const TWO_24 = 2 ** 24;
const TWO_28 = 2 ** 28;

/** Bytes of one ring element. */
export const elementBytes = ({ primes }: Modulus): number => (primes.length * DEGREE * 13) / 2;

export function writeElement(poly: Poly): Buffer {
  const bytes = Buffer.allocUnsafe((poly.length * 13) / 2);
  for (let i = 0, at = 0; i < poly.length; i += 2, at += 13) {
    const [a, b] = [poly[i]!, poly[i + 1]!];
    // 28 + 24 bits of each: the two upper halves share seven bytes.
    const [highA, highB] = [Math.floor(a / TWO_24), Math.floor(b / TWO_24)];
    bytes.writeUIntLE(a % TWO_24, at, 3);
    bytes.writeUIntLE(b % TWO_24, at + 3, 3);
    bytes.writeUInt32LE((highA + (highB % 16) * TWO_28) >>> 0, at + 6);
    bytes.writeUIntLE(Math.floor(highB / 16), at + 10, 3);
  }
  return bytes;
}

/** @throws invalid_input naming `root` */
export function readElement(bytes: Uint8Array, modulus: Modulus, root: string): Poly {
  const { primes } = modulus;
  if (bytes.length !== elementBytes(modulus)) throw invalidInput(root, "has the wrong length");
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const poly = new Float64Array(primes.length * DEGREE);
  for (let i = 0, at = 0; i < poly.length; i += 2, at += 13) {
    const shared = view.readUInt32LE(at + 6);
    const highB = Math.floor(shared / TWO_28) + view.readUIntLE(at + 10, 3) * 16;
    poly[i] = view.readUIntLE(at, 3) + (shared % TWO_28) * TWO_24;
    poly[i + 1] = view.readUIntLE(at + 3, 3) + highB * TWO_24;
  }
  primes.forEach((p, k) => {
    if (poly.subarray(k * DEGREE, (k + 1) * DEGREE).some((x) => x >= p))
      throw invalidInput(root, "holds a residue that is not below its prime");
  });
  return poly;
}

export const writeCiphertext = ([first, second]: Ciphertext): Buffer =>
  Buffer.concat([writeElement(first), writeElement(second)]);

/** @throws invalid_input naming `root` */
export function readCiphertext(bytes: Uint8Array, modulus: Modulus, root: string): Ciphertext {
  const size = elementBytes(modulus);
  if (bytes.length !== 2 * size) throw invalidInput(root, "has the wrong length");
  const first = readElement(bytes.subarray(0, size), modulus, `${root}.0`);
  const second = readElement(bytes.subarray(size), modulus, `${root}.1`);
  if (isZero(second)) throw invalidInput(root, "is transparent: it hides nothing");
  return [first, second];
}
