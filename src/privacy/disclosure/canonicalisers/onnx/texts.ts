/** The texts of a model: names as they are, for matching; shown ones cleaned and their numbers cut. */
import { roundInText } from "../numbers.js";
import type { Removed } from "../unicode.js";
import { addRemoved, cleanText, NOTHING_REMOVED } from "../unicode.js";
import { wrongModel } from "./wire.js";

const WORD = /^[A-Za-z_][\w.]{0,99}$/;
const MAX_NAME = 200;

export class Texts {
  removed: Removed = NOTHING_REMOVED;
  rounded = 0;
  /** Everything shown, for the search. */
  readonly lines: string[] = [];
  constructor(readonly digits: number) {}

  raw(bytes: Buffer | undefined): string {
    if (bytes === undefined) return "";
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw wrongModel("a text is not valid UTF-8");
    }
  }

  /** A text that is kept because someone reads it: a class's name, a mode. */
  shown(bytes: Buffer | undefined): string {
    return this.clean(this.raw(bytes));
  }

  clean(text: string): string {
    const cleaned = cleanText(text);
    this.removed = addRemoved(this.removed, cleaned.removed);
    const cut = roundInText(cleaned.text, this.digits);
    this.rounded += cut.rounded;
    this.lines.push(cut.text);
    return cut.text;
  }

  /** The name of an input or output of the model. */
  name(text: string): string {
    const clean = this.clean(text);
    if (clean === "" || clean.length > MAX_NAME) throw wrongModel("an input or output has no usable name");
    return clean;
  }

  /** The name of an operator or attribute. */
  word(bytes: Buffer | undefined): string {
    const text = this.raw(bytes);
    if (!WORD.test(text)) throw wrongModel("an operator or attribute has no usable name");
    this.lines.push(text);
    return text;
  }
}
