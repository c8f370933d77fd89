/**
 * SEAL as a ring: products of elements of R_q with small ones, adding an encoded plaintext, and the slots' encoding.
 *
 * Rules: keys and errors never pass through SEAL's own generator; it multiplies and encodes only. Elements go in and out
 * by SEAL's saved form (SEAL 4.1: header, parms_id, form flag, sizes, words), whose shape is asserted at the start.
 * Everything allocated in WASM is deleted in the same call, so the heap does not grow from round to round.
 */
import { createRequire } from "node:module";
import type { SEALLibrary } from "node-seal/implementation/seal.js";
import { DEGREE, PLAIN_BITS, PRIME_BITS, PRIMES, SPECIAL_BITS } from "./parameters.js";
import type { Modulus, Poly } from "./ring.js";

type Context = ReturnType<SEALLibrary["Context"]>;
type CipherText = ReturnType<SEALLibrary["CipherText"]>;
type PlainText = ReturnType<SEALLibrary["PlainText"]>;

/** Two ring elements that SEAL holds together as one ciphertext. */
export type Pair = readonly [Poly, Poly];

const CIPHER_HEADER = 113;
const PLAIN_HEADER = 88;
const TWO_32 = 2 ** 32;

export class SealRing {
  readonly modulus: Modulus;
  readonly slots = DEGREE;
  private readonly pairHeader: Uint8Array;
  private readonly plainHeader: Uint8Array;

  private constructor(
    private readonly seal: SEALLibrary,
    private readonly context: Context,
    private readonly evaluator: ReturnType<SEALLibrary["Evaluator"]>,
    private readonly encoder: ReturnType<SEALLibrary["BatchEncoder"]>,
  ) {
    const { parms } = context.firstContextData;
    const primes = [...parms.coeffModulus].map(Number);
    this.modulus = {
      primes,
      q: primes.reduce((q, p) => q * BigInt(p), 1n),
      t: BigInt(parms.plainModulus.value),
    };
    this.pairHeader = this.emptyPair();
    const plain = encoder.encode(new BigUint64Array(DEGREE).fill(1n)) as PlainText;
    this.plainHeader = plain.saveArray(seal.ComprModeType.none).slice(0, PLAIN_HEADER);
    plain.delete();
  }

  /** Loads the WASM and makes the one context; a second or less. */
  static async open(): Promise<SealRing> {
    // The build that lets a polynomial of zeros through: ciphertexts are judged here (wire.ts), and half of a pair may be 0.
    const load = createRequire(import.meta.url)(
      "node-seal/allows_wasm_node_umd",
    ) as () => Promise<SEALLibrary>;
    const seal = await load();
    const parms = seal.EncryptionParameters(seal.SchemeType.bfv);
    parms.setPolyModulusDegree(DEGREE);
    const sizes = Int32Array.from([...Array<number>(PRIMES).fill(PRIME_BITS), SPECIAL_BITS]);
    parms.setCoeffModulus(seal.CoeffModulus.Create(DEGREE, sizes));
    parms.setPlainModulus(seal.PlainModulus.Batching(DEGREE, PLAIN_BITS));
    const context = seal.Context(parms, true, seal.SecurityLevel.tc128);
    if (!context.parametersSet()) throw new RangeError("SEAL refuses the parameters");
    return new SealRing(seal, context, seal.Evaluator(context), seal.BatchEncoder(context));
  }

  /** Both elements of a pair times one of small coefficients (ternary). */
  timesSmall(pair: Pair, small: Int8Array): Pair {
    return this.withPair(pair, (cipher) => {
      const plain = this.plainOf(small);
      try {
        this.evaluator.multiplyPlain(cipher, plain, cipher);
      } finally {
        plain.delete();
      }
    });
  }

  /** (c₀ + round(q·m/t), c₁) for slots of whole numbers in (−t/2, t/2), at most DEGREE of them. */
  addSlots(pair: Pair, slots: BigInt64Array): Pair {
    return this.withPair(pair, (cipher) => {
      const plain = this.encoder.encode(slots) as PlainText;
      try {
        this.evaluator.addPlain(cipher, plain, cipher);
      } finally {
        plain.delete();
      }
    });
  }

  /** Slots of a plaintext of DEGREE coefficients below t, centred. */
  slotsOf(coefficients: BigUint64Array): BigInt64Array {
    const plain = this.seal.PlainText();
    try {
      const bytes = new Uint8Array(PLAIN_HEADER + DEGREE * 8);
      bytes.set(this.plainHeader);
      bytes.set(new Uint8Array(coefficients.buffer, coefficients.byteOffset, DEGREE * 8), PLAIN_HEADER);
      plain.loadArray(this.context, bytes);
      return this.encoder.decodeBigInt(plain, true) as BigInt64Array;
    } finally {
      plain.delete();
    }
  }

  private withPair(pair: Pair, work: (cipher: CipherText) => void): Pair {
    const cipher = this.seal.CipherText();
    try {
      cipher.loadArray(this.context, this.pairBytes(pair));
      work(cipher);
      return this.pairOf(cipher.saveArray(this.seal.ComprModeType.none));
    } finally {
      cipher.delete();
    }
  }

  private plainOf(small: Int8Array): PlainText {
    const { t } = this.modulus;
    const [lowOfMinus1, highOfMinus1] = [Number((t - 1n) & 0xffffffffn), Number((t - 1n) >> 32n)];
    const bytes = new Uint8Array(PLAIN_HEADER + DEGREE * 8);
    bytes.set(this.plainHeader);
    const words = new Uint32Array(bytes.buffer, PLAIN_HEADER);
    for (let i = 0; i < DEGREE; i++) {
      const negative = small[i]! < 0;
      words[2 * i] = negative ? lowOfMinus1 : small[i]!;
      words[2 * i + 1] = negative ? highOfMinus1 : 0;
    }
    const plain = this.seal.PlainText();
    plain.loadArray(this.context, bytes);
    return plain;
  }

  private pairBytes([first, second]: Pair): Uint8Array {
    const bytes = new Uint8Array(CIPHER_HEADER + 2 * first.length * 8);
    bytes.set(this.pairHeader);
    // The words do not begin on a boundary of theirs, so they are written beside and copied.
    const words = new Uint32Array(2 * 2 * first.length);
    for (const [k, poly] of [first, second].entries()) {
      for (let i = 0, at = 2 * k * first.length; i < poly.length; i++, at += 2) {
        words[at] = poly[i]! % TWO_32;
        words[at + 1] = poly[i]! / TWO_32;
      }
    }
    bytes.set(new Uint8Array(words.buffer), CIPHER_HEADER);
    return bytes;
  }

  private pairOf(saved: Uint8Array): Pair {
    const size = this.modulus.primes.length * DEGREE;
    const words = new Uint32Array(saved.slice(CIPHER_HEADER).buffer);
    const read = (from: number): Poly => {
      const poly = new Float64Array(size);
      for (let i = 0, at = 2 * from; i < size; i++, at += 2) poly[i] = words[at]! + words[at + 1]! * TWO_32;
      return poly;
    };
    return [read(0), read(size)];
  }

  private emptyPair(): Uint8Array {
    const { firstParmsId } = this.context;
    const cipher = this.seal.CipherText({ context: this.context, parmsId: firstParmsId, sizeCapacity: 2 });
    cipher.resize(2);
    const saved = cipher.saveArray(this.seal.ComprModeType.none);
    cipher.delete();
    const expected = CIPHER_HEADER + 2 * this.modulus.primes.length * DEGREE * 8;
    if (saved.length !== expected)
      throw new RangeError("SEAL's saved form is not the one that this code reads");
    return saved.slice(0, CIPHER_HEADER);
  }
}
