/**
 * The steps of a threshold sum over bytes, as they are taken one by one: what came from other domains goes in as it came,
 * what goes out to them comes out as it is sent. A thread of its own takes them (src/federated/sums), since each keeps a
 * processor for tens of milliseconds.
 *
 * Rules: every element is checked for its form as it is read, and who sent a malformed one is told by its place in the
 * list. Nothing is kept from call to call but the last attempt's common element, which is public.
 */

import { GloveboxError } from "../../vocabulary/index.js";
import type { Poly } from "./ring.js";
import type { RandomBytes } from "./sampling.js";
import { commonElement } from "./sampling.js";
import type { SealRing } from "./seal.js";
import {
  addCiphertexts,
  collectiveKey,
  combine,
  decryptionShare,
  encrypt,
  makeKeyShare,
  type SecretShare,
} from "./threshold.js";
import { readCiphertext, readElement, writeCiphertext, writeElement } from "./wire.js";

/** One of a list is no ring element, or no ciphertext that hides anything. */
export class Malformed extends Error {
  constructor(
    /** Its place in the list. */
    readonly which: number,
    cause?: unknown,
  ) {
    super("an element is malformed", cause === undefined ? undefined : { cause });
  }
}

export class ThresholdSums {
  private last: { label: string; common: Poly } | undefined;

  constructor(
    private readonly ring: SealRing,
    private readonly random?: RandomBytes,
  ) {}

  /** @param label names the attempt (`attemptLabel`) */
  keyShare(label: Uint8Array): { secret: SecretShare; content: Uint8Array } {
    const { secret, public: key } = makeKeyShare(this.ring, this.common(label), this.random);
    return { secret, content: writeElement(key) };
  }

  /** @throws Malformed */
  collective(shares: readonly Uint8Array[]): Uint8Array {
    return writeElement(collectiveKey(this.ring, this.elements(shares)));
  }

  /** Of at most `slots` numbers. @param collective of `collective`. @throws invalid_input */
  encrypt(label: Uint8Array, collective: Uint8Array, slots: BigInt64Array): Uint8Array {
    const key = {
      collective: readElement(collective, this.ring.modulus, "collective"),
      common: this.common(label),
    };
    return writeCiphertext(encrypt(this.ring, key, slots, this.random));
  }

  /** @throws Malformed also for a transparent one */
  addUp(ciphertexts: readonly Uint8Array[]): Uint8Array {
    const read = ciphertexts.map((bytes, i) =>
      placed(i, () => readCiphertext(bytes, this.ring.modulus, "ciphertext")),
    );
    return writeCiphertext(addCiphertexts(this.ring, read));
  }

  /** To be computed once for each sum, stored, and re-sent as it is. @param sum of `addUp` */
  share(sum: Uint8Array, secret: SecretShare): Uint8Array {
    const read = readCiphertext(sum, this.ring.modulus, "sum");
    return writeElement(decryptionShare(this.ring, read, secret, this.random));
  }

  /** All slots. @param sum of `addUp`. @throws Malformed, WrongShares */
  open(sum: Uint8Array, shares: readonly Uint8Array[]): BigInt64Array {
    const read = readCiphertext(sum, this.ring.modulus, "sum");
    return combine(this.ring, read, this.elements(shares), shares.length).slots;
  }

  private elements(list: readonly Uint8Array[]): Poly[] {
    return list.map((bytes, i) => placed(i, () => readElement(bytes, this.ring.modulus, "element")));
  }

  private common(label: Uint8Array): Poly {
    const name = Buffer.from(label).toString("base64");
    if (this.last?.label !== name)
      this.last = { label: name, common: commonElement(label, this.ring.modulus) };
    return this.last.common;
  }
}

function placed<T>(i: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof GloveboxError && error.code === "invalid_input") throw new Malformed(i, error);
    throw error;
  }
}
