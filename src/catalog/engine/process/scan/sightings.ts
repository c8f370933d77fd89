/**
 * What in a text may be an identifier, before the data have been asked. Texts are hostile: time and memory are
 * bounded by the text's length and by limits.
 */
import type { DecodeBudget, Variant } from "./decodings.js";
import type { Identifiers } from "./identifiers.js";
import { isToken, kindOf, SHORT_CODE, shapeOf, WORD_CHARACTER } from "./shape.js";

export interface Sightings {
  text: number;
  encoding: string;
  /** Distinct candidates, and whether each stood as a token of its own at least once. */
  candidates: Map<string, boolean>;
  /** Distinct numbers that stood alone. */
  numbers: Set<string>;
  /** How many places of the text have the shape of a candidate, as tokens of their own and anywhere. */
  alone: Map<string, number>;
  inside: Map<string, number>;
}

const MAX_CANDIDATES = 500_000;
/** Whole numbers that are no part of a decimal one. A comma divides fields as often as thousands. */
const NUMBERS = /(?<![\d.])(?<!\d[eE][+-]?)\d{1,8}(?!\d|\.\d|[eE][+-]?\d)/g;
const THOUSANDS = /(?<![\d.])[1-9]\d{0,2}(?:[,' _\u202f]\d{3}){1,5}(?!\d|\.\d)/g;
// Repetitions are bounded: a longer one would overflow the matcher's stack.
const GROUPED = /[a-z0-9]{1,8}([ \-_.:/])[a-z0-9]{1,8}(?:\1[a-z0-9]{1,8}){1,4000}/g;

export class Lookout {
  private readonly byPlace = new Map<string, Sightings>();
  private held = 0;

  constructor(
    private readonly identifiers: Identifiers,
    private readonly budget: DecodeBudget,
  ) {}

  get found(): Sightings[] {
    return [...this.byPlace.values()];
  }

  /** Looks through a variant of text number `text`, forwards, backwards and with separators taken out. */
  look(text: number, variant: Variant): void {
    const lower = variant.text.toLowerCase();
    const readable = variant.readable === variant.text ? lower : variant.readable.toLowerCase();
    const name = (how: string) => (variant.encoding === "exact" ? how : `${variant.encoding}+${how}`);
    this.record(text, variant.encoding, lower, readable, false);
    const backwards = reverse(lower);
    this.record(text, name("reversed"), backwards, readable === lower ? backwards : "", true);
    this.grouped(text, name("grouped"), readable);
  }

  private record(text: number, encoding: string, lower: string, readable: string, reversed: boolean): void {
    const seen = this.sightings(text, encoding);
    const shapes = { alone: new Set<string>(), inside: new Set<string>() };
    for (const length of this.identifiers.needles.lengths) {
      if (reversed && length <= SHORT_CODE) continue;
      this.identifiers.needles.search(lower, length, (start) => {
        const id = lower.slice(start, start + length);
        const token = isToken(lower, start, start + length);
        if (kindOf(id) === "word" && !wordCounts(id, token, lower === readable)) return;
        if (kindOf(id) === "code" && length < SHORT_CODE && !token) return;
        if (this.isShape(shapeOf(id))) shapes[token ? "alone" : "inside"].add(shapeOf(id));
        this.add(seen, id, token);
      });
    }
    countPlaces(seen.alone, lower, shapes.alone, true);
    countPlaces(seen.inside, lower, shapes.inside, false);
    this.numbers(seen, readable, reversed);
  }

  private numbers(seen: Sightings, readable: string, reversed: boolean): void {
    if (!this.identifiers.columns.some((column) => column.numbers > 0)) return;
    for (const match of readable.matchAll(NUMBERS)) {
      const digits = match[0].replace(/^0+(?=\d)/, "");
      if (reversed && digits.length < 5) continue;
      if (!this.room()) return;
      seen.numbers.add(digits);
    }
  }

  private grouped(text: number, encoding: string, readable: string): void {
    const seen = this.sightings(text, encoding);
    for (const match of readable.matchAll(GROUPED)) {
      const groups = match[0].split(match[1]!);
      const ends = new Map<number, number>([[0, 0]]);
      let compact = "";
      groups.forEach((group, i) => {
        compact += group;
        ends.set(compact.length, i + 1);
      });
      for (const length of this.identifiers.needles.lengths) {
        if (length <= SHORT_CODE) continue;
        this.identifiers.needles.search(compact, length, (start) => {
          const first = ends.get(start);
          const last = ends.get(start + length);
          if (first === undefined || last === undefined || last - first < 3) return;
          this.add(seen, compact.slice(start, start + length), true);
        });
      }
    }
    if (!this.identifiers.columns.some((column) => column.numbers > 0)) return;
    for (const match of readable.matchAll(THOUSANDS)) {
      const digits = match[0].replace(/\D/g, "");
      if (digits.length <= 8 && this.room()) seen.numbers.add(digits);
    }
  }

  private isShape(shape: string): boolean {
    return this.identifiers.columns.some(({ shapes }) => shapes.has(shape));
  }

  private sightings(text: number, encoding: string): Sightings {
    const place = `${text} ${encoding}`;
    const before = this.byPlace.get(place);
    if (before) return before;
    const seen: Sightings = {
      text,
      encoding,
      candidates: new Map(),
      numbers: new Set(),
      alone: new Map(),
      inside: new Map(),
    };
    this.byPlace.set(place, seen);
    return seen;
  }

  private add(seen: Sightings, id: string, token: boolean): void {
    const before = seen.candidates.get(id);
    if (before === undefined && !this.room()) return;
    if (!before) seen.candidates.set(id, token);
  }

  private room(): boolean {
    if (this.held >= MAX_CANDIDATES) {
      if (this.held === MAX_CANDIDATES) this.budget.skipped++;
      this.held = MAX_CANDIDATES + 1;
      return false;
    }
    this.held++;
    return true;
  }
}

/** Of the candidates of one text; more would only be noise. */
const MAX_SHAPES = 8;

function shapePattern(shape: string, alone: boolean): RegExp {
  const parts = [...shape].map((c) => {
    if (c === "9") return "\\d";
    return c === "a" ? "[\\p{Ll}\\p{Lo}]" : c.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
  });
  const pattern = parts.join("");
  return new RegExp(alone ? `(?<!${WORD_CHARACTER})${pattern}(?!${WORD_CHARACTER})` : `(?=${pattern})`, "gu");
}

/** What chance has to work with: how often the text has the shape of an identifier. */
function countPlaces(into: Map<string, number>, lower: string, shapes: Set<string>, alone: boolean): void {
  for (const shape of [...shapes].slice(0, MAX_SHAPES)) {
    let count = 0;
    for (const _ of lower.matchAll(shapePattern(shape, alone))) count++;
    into.set(shape, (into.get(shape) ?? 0) + count);
  }
}

function reverse(text: string): string {
  const units = Buffer.from(text, "utf16le");
  new Uint16Array(units.buffer, units.byteOffset, units.length / 2).reverse();
  return units.toString("utf16le");
}

/** A word is looked for where there are words: as one of its own, or within script that has no spaces. */
function wordCounts(id: string, token: boolean, readable: boolean): boolean {
  return readable && (token || /[\u0250-\uffff]/.test(id));
}
