/** What a verification found. */
export interface VerificationProblem {
  /** A file of the bundle, a part of the zip, or an entry of the receipt. */
  where: string;
  what: string;
}

/** What a bundle proves or does not, in both languages. */
export interface Sentence {
  en: string;
  zh: string;
}

export interface Verification {
  ok: boolean;
  /** In plain sentences; empty unless all of it holds. */
  proves: string[];
  not_proven: string[];
  /** The same in Chinese. */
  zh: { proves: string[]; not_proven: string[] };
  problems: VerificationProblem[];
}

/** Collects problems; the checks go on where they can, so that the first names the place and the others the extent. */
export class Report {
  readonly problems: VerificationProblem[] = [];
  add(where: string, what: string): void {
    this.problems.push({ where, what });
  }
  /** Adds unless it holds. */
  require(holds: boolean, where: string, what: string): void {
    if (!holds) this.add(where, what);
  }
  get clean(): boolean {
    return this.problems.length === 0;
  }
}
