/** Maximal runs of certain ASCII characters. A regular expression's stack overflows on runs of megabytes. */
export class Charset {
  private readonly table = new Uint8Array(128);

  constructor(characters: string) {
    for (const c of characters) this.table[c.charCodeAt(0)] = 1;
  }

  private has(code: number): boolean {
    return code < 128 && this.table[code] === 1;
  }

  holds(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (!this.has(text.charCodeAt(i))) return false;
    return true;
  }

  /** The runs of at least `least` characters. */
  runs(text: string, least: number): string[] {
    const found: string[] = [];
    for (let i = 0; i < text.length; i++) {
      if (!this.has(text.charCodeAt(i))) continue;
      const start = i;
      while (i < text.length && this.has(text.charCodeAt(i))) i++;
      if (i - start >= least) found.push(text.slice(start, i));
    }
    return found;
  }
}
