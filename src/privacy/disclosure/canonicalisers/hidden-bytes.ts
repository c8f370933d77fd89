/** Pieces of a file that its viewer never shows, kept for the finding and for the search while it is read. */
import type { ScanText } from "../canonical.js";
import type { HiddenPiece } from "../rules/hidden-content.js";
import { overLimit } from "../rules/limits.js";

/** A file of more pieces is no file that a person made. */
const MAX_PIECES = 1_000;
/** Pieces that the search sees as texts of their own; the rest is joined. */
const MAX_TEXTS = 64;

export class HiddenBytes {
  readonly pieces: HiddenPiece[] = [];
  private readonly named: ScanText[] = [];
  private readonly rest: Buffer[] = [];

  add(kind: HiddenPiece["kind"], where: string, content: Buffer): void {
    if (content.length === 0) return;
    if (this.pieces.length >= MAX_PIECES) throw overLimit(`More than ${MAX_PIECES} hidden pieces.`);
    this.pieces.push({ kind, where, bytes: content.length });
    if (this.named.length < MAX_TEXTS) this.named.push({ name: `hidden bytes ${where}`, content });
    else this.rest.push(content, Buffer.from("\n"));
  }

  get texts(): ScanText[] {
    if (this.rest.length === 0) return this.named;
    return [...this.named, { name: "further hidden bytes", content: Buffer.concat(this.rest) }];
  }
}
