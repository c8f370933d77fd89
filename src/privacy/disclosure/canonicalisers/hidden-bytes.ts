/** Pieces of a file that its viewer never shows, kept for the finding and for the search while it is read. */
import type { ScanText } from "../canonical.js";
import type { HiddenPiece } from "../rules/hidden-content.js";
import { overLimit } from "../rules/limits.js";

/** A file that hides in more places than these is no file that a person made. */
const MAX_PLACES = 1_000;
/** Places that the search sees as texts of their own; the rest is joined. */
const MAX_TEXTS = 64;

interface Place {
  kind: HiddenPiece["kind"] | "name";
  where: string;
  contents: Buffer[];
}

export class HiddenBytes {
  private readonly places = new Map<string, Place>();

  add(kind: HiddenPiece["kind"], where: string, content: Buffer): void {
    this.put(kind, where, content);
  }

  /** A name that is not kept and that honest files have many of: it is searched, and counts as nothing hidden. */
  addName(where: string, content: Buffer): void {
    this.put("name", where, content);
  }

  private put(kind: Place["kind"], where: string, content: Buffer): void {
    if (content.length === 0) return;
    const key = `${kind} ${where}`;
    const place = this.places.get(key);
    if (place !== undefined) {
      place.contents.push(content);
      return;
    }
    if (this.places.size >= MAX_PLACES) throw overLimit(`More than ${MAX_PLACES} hidden pieces.`);
    this.places.set(key, { kind, where, contents: [content] });
  }

  get pieces(): HiddenPiece[] {
    return [...this.places.values()].flatMap(({ kind, where, contents }) =>
      kind === "name" ? [] : [{ kind, where, bytes: contents.reduce((sum, c) => sum + c.length, 0) }],
    );
  }

  get texts(): ScanText[] {
    const line = Buffer.from("\n");
    const all = [...this.places.values()].map(({ kind, where, contents }) => ({
      name: `${kind === "name" ? "names" : "hidden bytes"} ${where}`,
      content: contents.length === 1 ? contents[0]! : Buffer.concat(contents.flatMap((c) => [c, line])),
    }));
    if (all.length <= MAX_TEXTS) return all;
    const rest = all.slice(MAX_TEXTS).flatMap((t) => [t.content, line]);
    return [...all.slice(0, MAX_TEXTS), { name: "further hidden bytes", content: Buffer.concat(rest) }];
  }
}
