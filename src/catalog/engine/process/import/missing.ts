/** The texts that stand for a missing value. The empty one always does. */

export const DEFAULT_MISSING: readonly string[] = ["", "NA"];

export class Missing {
  private readonly texts: Set<string>;
  /** By length, the codes of that length. */
  private readonly byLength: (Buffer[] | undefined)[] = [];
  /** By byte, whether a code begins with it: 1 where one does. */
  readonly begins = new Uint8Array(256);

  constructor(codes: readonly string[]) {
    this.texts = new Set(["", ...codes]);
    for (const code of this.texts) {
      const bytes = Buffer.from(code);
      if (bytes.length > 0) this.begins[bytes[0]!] = 1;
      const same = this.byLength[bytes.length];
      if (same) same.push(bytes);
      else this.byLength[bytes.length] = [bytes];
    }
  }

  is(text: string): boolean {
    return this.texts.has(text);
  }

  /** Whether the bytes from `start` to `end` are one of the codes. */
  has(bytes: Buffer, start: number, end: number): boolean {
    const codes = this.byLength[end - start];
    if (!codes) return false;
    for (const code of codes) {
      let i = 0;
      while (i < code.length && code[i] === bytes[start + i]) i++;
      if (i === code.length) return true;
    }
    return false;
  }
}
