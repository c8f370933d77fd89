/** What was taken out of a web page or drawing, by kind, kept to be counted and searched. */
import type { ScanText } from "../../canonical.js";
import type { HiddenPiece } from "../../rules/hidden-content.js";
import type { ActiveKind } from "../../rules/markup.js";
import { mergeTexts } from "../array-text.js";
import { roundInText } from "../numbers.js";
import type { Removed } from "../unicode.js";
import { addRemoved, cleanText, NOTHING_REMOVED } from "../unicode.js";

export class RemovedParts {
  readonly active = new Map<ActiveKind, number>();
  readonly texts: ScanText[] = [];
  characters: Removed = NOTHING_REMOVED;
  rounded = 0;
  private hiddenBytes = 0;
  private readonly parts: string[] = [];
  constructor(readonly digits: number) {}

  /** Something that could run, load or call out. */
  drop(kind: ActiveKind, text: string): void {
    this.active.set(kind, (this.active.get(kind) ?? 0) + 1);
    if (text.trim() !== "") this.parts.push(text);
  }

  /** Something that no viewer shows: comments, metadata, unused rules. */
  hide(text: string): void {
    const bytes = Buffer.byteLength(text.trim());
    this.hiddenBytes += bytes;
    if (bytes > 0) this.parts.push(text);
  }

  /** A name of a part, which honest pages have many of: searched only. */
  name(text: string): void {
    if (text.trim() !== "") this.parts.push(text);
  }

  /** Text as a reader sees it: cleaned, its numbers cut. */
  visible(text: string): string {
    const cleaned = cleanText(text);
    this.characters = addRemoved(this.characters, cleaned.removed);
    const cut = roundInText(cleaned.text, this.digits);
    this.rounded += cut.rounded;
    return cut.text;
  }

  get hidden(): HiddenPiece[] {
    return this.hiddenBytes === 0
      ? []
      : [{ kind: "metadata", where: "in comments, metadata and unused parts", bytes: this.hiddenBytes }];
  }

  /** For the search. */
  all(): ScanText[] {
    const pictures = mergeTexts(this.texts);
    if (this.parts.length === 0) return pictures;
    return [{ name: "removed parts of the page", content: Buffer.from(this.parts.join("\n")) }, ...pictures];
  }
}
