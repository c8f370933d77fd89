/**
 * The raw-value scan: does any of these texts hold the data's identifiers, plain or hidden, or runs of a record's
 * values? Answers with counts and never with a value. Time and memory are bounded for any text; what a bound
 * kept from being looked into is a hit of kind `unscanned`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { invalidInput } from "../../../../vocabulary/index.js";
import type { ColumnSchema, ScanHit } from "../../model.js";
import type { ScanRequest, SearchRequest } from "../../protocol.js";
import { Duck } from "../duck.js";
import type { VersionDescription } from "../parquet.js";
import { type Inputs, type Outcome, saveInput, type Workplace } from "../workplace.js";
import type { ScanData } from "./data.js";
import { DecodeBudget, variants } from "./decodings.js";
import { confirm, type Identifiers, loadCandidates } from "./identifiers.js";
import { judge } from "./judge.js";
import { loadPostings } from "./postings.js";
import { LEAST_VALUES, RecordFinder } from "./records.js";
import { Lookout, type Sightings } from "./sightings.js";
import { type HeldKeys, NOWHERE, Tokens, windowsOf } from "./tokens.js";
import { ScannedVersion } from "./version.js";

/** A text is looked at in pieces of this size that overlap; the rest of one longer than the limit is not. */
const PIECE = 8 * 1024 * 1024;
const OVERLAP = 4 * 1024;
const LONGEST_TEXT = 64 * 1024 * 1024;
const MAX_WINDOWS = 400_000;

type Texts = Pick<SearchRequest, "texts" | "columns" | "unit_column" | "significant_digits">;

/** Windows of one text, read in one way. */
interface PlaceWindows {
  text: number;
  encoding: string;
  /** Of at least as many values as tell of a record. */
  count: number;
  /** The tokens of those that may: of so many values that some column holds. */
  telling: number[][];
}

/** All that is gathered from the texts before the data are asked. */
interface Gathered {
  lookout: Lookout;
  tokens: Tokens;
  windows: Map<string, PlaceWindows>;
  /** Held in all. */
  held: number;
  /** Places not looked into, by text. */
  skipped: number[];
}

async function* piecesOf(source: AsyncIterable<Buffer>, tooLong: () => void): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  let total = 0;
  for await (const chunk of source) {
    total += chunk.length;
    if (total > LONGEST_TEXT) {
      tooLong();
      for await (const _ of source) {
        // The rest is read, as the wire wants, and left.
      }
      break;
    }
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < PIECE) continue;
    const piece = Buffer.concat(held);
    yield piece;
    held = [piece.subarray(piece.length - OVERLAP)];
    bytes = OVERLAP;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

function gatherWindows(into: Gathered, text: number, encoding: string, content: string): void {
  const key = `${text} ${encoding}`;
  const place = into.windows.get(key) ?? { text, encoding, count: 0, telling: [] };
  into.windows.set(key, place);
  for (const window of windowsOf(into.tokens, content)) {
    if (window.length < LEAST_VALUES) continue;
    place.count++;
    const held = window.filter((token) => token !== NOWHERE);
    if (held.length < LEAST_VALUES) continue;
    if (into.held >= MAX_WINDOWS) {
      into.skipped[text]!++;
      return;
    }
    into.held++;
    place.telling.push(held);
  }
}

async function gather(
  identifiers: Identifiers,
  held: HeldKeys | undefined,
  request: Texts,
  inputs: Inputs,
): Promise<Gathered> {
  const budget = new DecodeBudget();
  const into: Gathered = {
    lookout: new Lookout(identifiers, budget),
    tokens: new Tokens(request.significant_digits, held),
    windows: new Map(),
    held: 0,
    skipped: request.texts.map(() => 0),
  };
  for (const text of request.texts.keys()) {
    const before = budget.skipped;
    for await (const piece of piecesOf(inputs.next(), () => budget.skipped++)) {
      for (const variant of variants(piece, budget)) {
        into.lookout.look(text, variant);
        gatherWindows(into, text, variant.encoding, variant.readable);
      }
    }
    into.skipped[text]! += budget.skipped - before + (into.tokens.full ? 1 : 0);
  }
  return into;
}

async function identifierHits(
  data: ScanData,
  identifiers: Identifiers,
  found: Sightings[],
  names: string[],
): Promise<ScanHit[]> {
  const all = new Set(found.flatMap(({ candidates, numbers }) => [...candidates.keys(), ...numbers]));
  if (all.size === 0) return [];
  const path = join(data.folder, "candidates.jsonl");
  await writeFile(path, [...all].map((candidate) => JSON.stringify({ candidate })).join("\n"));
  await loadCandidates(data.duck, "candidates", path);
  const hits: ScanHit[] = [];
  for (const column of identifiers.columns) {
    const confirmed = await confirm(data.duck, column, "candidates");
    if (confirmed.size === 0) continue;
    for (const seen of found) {
      const hit = judge(seen, names[seen.text]!, column, confirmed);
      if (hit) hits.push(hit);
    }
  }
  return hits;
}

async function recordHits(
  data: ScanData,
  schema: ColumnSchema[],
  request: Texts,
  gathered: Gathered,
): Promise<ScanHit[]> {
  const { windows, tokens, skipped } = gathered;
  if (gathered.held === 0 || data.rows < 2) return [];
  const postings = await loadPostings(data, schema, tokens.keys, request.significant_digits);
  if (postings === undefined) return [];
  const hits: ScanHit[] = [];
  for (const { text, encoding, count: looked, telling } of windows.values()) {
    const finder = new RecordFinder(postings);
    for (const window of telling) finder.look(window);
    skipped[text]! += finder.skipped;
    const { verdict, count, chance } = finder.evidence(looked);
    if (!verdict) continue;
    hits.push({ name: request.texts[text]!, kind: "record_run", encoding, count, chance, verdict });
  }
  return hits;
}

function unscannedHits(request: Texts, skipped: number[]): ScanHit[] {
  return request.texts.flatMap((name, text) => {
    const count = skipped[text]!;
    if (count === 0) return [];
    return [
      { name, kind: "unscanned" as const, encoding: "exact", count, chance: 0, verdict: "review" as const },
    ];
  });
}

/** Class is what the owner says now; a type is what the version has. */
function schemaOf(version: VersionDescription["columns"], declared: ColumnSchema[]): ColumnSchema[] {
  if (version.length !== declared.length || version.some(({ name }, i) => declared[i]!.name !== name))
    throw invalidInput("columns", "are not those of the version");
  return declared.map((column, i) => ({ ...column, type: version[i]!.type }));
}

/** Texts compared with a version of which all is ready. `folder` is the scan's own. */
export async function search(
  version: ScannedVersion,
  folder: string,
  request: Texts,
  inputs: Inputs,
): Promise<ScanHit[]> {
  const data = version.data(folder);
  const schema = schemaOf(version.description.columns, request.columns);
  try {
    const identifiers = await version.identifiers(schema, request.unit_column);
    const held = await version.held(data, schema, request.significant_digits);
    const gathered = await gather(identifiers, held, request, inputs);
    return [
      ...(await identifierHits(data, identifiers, gathered.lookout.found, request.texts)),
      ...(await recordHits(data, schema, request, gathered)),
      ...unscannedHits(request, gathered.skipped),
    ];
  } finally {
    await version.tidy();
  }
}

/** The same with a version that comes with its texts. */
export async function scan(work: Workplace, request: ScanRequest, inputs: Inputs): Promise<Outcome<"scan">> {
  const parquet = join(work.folder, "version.parquet");
  await saveInput(inputs.next(), parquet);
  const duck = await Duck.open(work);
  try {
    const hits = await search(await ScannedVersion.open(duck, parquet), work.folder, request, inputs);
    return { result: { hits }, outputs: [] };
  } finally {
    duck.close();
  }
}
