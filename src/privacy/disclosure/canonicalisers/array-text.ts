/**
 * Arrays as text, for the search for the data's own values: by rows, by columns, and across arrays of one length.
 *
 * A record can be stored as a row of a matrix, as a column of it, or with one array for each of its columns; each
 * of these must read as a line somewhere. Text packed into numbers shows as printable runs of the bytes.
 */
import type { ScanText } from "../canonical.js";
import { overLimit } from "../rules/limits.js";
import { printableRuns } from "./printable.js";

/** An array with its elements in C order. */
export interface ArrayView {
  name: string;
  shape: readonly number[];
  /** Number of elements. */
  length: number;
  text(index: number): string;
  bytes: Buffer;
}

/** All text of one file. Beyond it a file cannot be searched whole, so it is refused. */
const MAX_TEXT = 128 * 1024 * 1024;
const PIECE = 64 * 1024;
/** A matrix is also read by columns when it has no more rows than a record may have values. */
const MAX_RECORD = 512;

/** Collects lines into buffers, so that no string grows without bound. */
class Lines {
  private readonly pieces: Buffer[] = [];
  private piece = "";
  private total = 0;

  add(text: string): void {
    this.piece += text;
    if (this.piece.length < PIECE) return;
    this.flush();
  }

  private flush(): void {
    const bytes = Buffer.from(this.piece, "utf8");
    this.total += bytes.length;
    if (this.total > MAX_TEXT) throw overLimit("Too many numbers to be searched.");
    this.pieces.push(bytes);
    this.piece = "";
  }

  all(): Buffer {
    this.flush();
    return Buffer.concat(this.pieces);
  }
}

/** Elements a line: the last axis of a matrix, one of a vector. */
const lineLength = (shape: readonly number[]) => (shape.length < 2 ? 1 : Math.max(1, shape.at(-1)!));

export function rowsText({ shape, length, text }: ArrayView): Buffer {
  const lines = new Lines();
  const columns = lineLength(shape);
  for (let i = 0; i < length; i++) lines.add(text(i) + ((i + 1) % columns === 0 ? "\n" : ","));
  return lines.all();
}

function columnsText({ shape, text }: ArrayView): Buffer {
  const [rows, columns] = [shape[0]!, shape[1]!];
  const lines = new Lines();
  for (let c = 0; c < columns; c++)
    for (let r = 0; r < rows; r++) lines.add(text(r * columns + c) + (r === rows - 1 ? "\n" : ","));
  return lines.all();
}

/** The i-th elements of all vectors of one length, a line each. */
function acrossText(arrays: readonly ArrayView[], length: number): Buffer {
  const lines = new Lines();
  for (let i = 0; i < length; i++) lines.add(`${arrays.map((a) => a.text(i)).join(",")}\n`);
  return lines.all();
}

/** @param rows what `rowsText` gave for each array, where it is wanted anyway */
export function arrayTexts(arrays: readonly ArrayView[], rows: readonly Buffer[]): ScanText[] {
  const texts = arrays.flatMap((array, i) => {
    const { shape, bytes } = array;
    const isMatrix = shape.length === 2 && shape[0]! > 1 && shape[0]! <= MAX_RECORD && shape[1]! > 1;
    return [
      { name: "numbers of an array", content: rows[i]! },
      ...(isMatrix ? [{ name: "columns of an array", content: columnsText(array) }] : []),
      { name: "bytes of an array", content: printableRuns(bytes) },
    ];
  });
  const vectors = arrays.filter((a) => a.shape.length === 1 || (a.shape.length === 2 && a.shape[1] === 1));
  const byLength = new Map<number, ArrayView[]>();
  for (const vector of vectors) byLength.set(vector.length, [...(byLength.get(vector.length) ?? []), vector]);
  for (const [length, same] of byLength) {
    if (same.length > 1 && length > 0)
      texts.push({ name: "arrays side by side", content: acrossText(same, length) });
  }
  return mergeTexts(texts.filter((t) => t.content.length > 0));
}

/** Texts of one name become one: a model has hundreds of arrays, and a check's answer has a limit of texts. */
export function mergeTexts(texts: readonly ScanText[]): ScanText[] {
  const byName = new Map<string, Buffer[]>();
  for (const { name, content } of texts) {
    const of = byName.get(name) ?? [];
    of.push(content);
    byName.set(name, of);
  }
  return [...byName].map(([name, contents]) => ({ name, content: Buffer.concat(contents) }));
}
