/** From confirmed sightings to hits: how many by kind, how many by chance, what verdict. Pure. */
import { type Verdict, worstVerdict } from "../../../../vocabulary/index.js";
import type { ScanHit } from "../../model.js";
import { poissonTail, SURPRISE, verdictOf } from "./chance.js";
import { densityAt, type IdentifierColumn } from "./identifiers.js";
import { capacityOf, type Kind, kindOf, shapeOf } from "./shape.js";
import type { Sightings } from "./sightings.js";

/** What is met in one place, of one column. */
interface Evidence {
  count: number;
  chance: number;
  verdict: Verdict | undefined;
}

const NOTHING: Evidence = { count: 0, chance: 0, verdict: undefined };
type Limits = { fail: number; review: number };
/** A code that stands alone is at least a question. */
const CODE_LIMITS = { fail: 1e-2, review: 2 };
const EMBEDDED_LIMITS = { fail: 1e-4, review: 1e-2 };
/** From so many different words on they are a list. */
const WORDS_FAIL = 3;
/** Grouping is met by accident more than it can be reckoned: one or two are for people to judge. */
const GROUPED_FAIL = 3;
/** So many numbers that are identifiers, as chance would have it, are for people to judge. */
const MANY_NUMBERS = 200;
/** Nobody writes numbers in base64 by accident. */
const MANY_ENCODED_NUMBERS = 8;

/** Of `places` with the shape of an identifier, chance makes that share one that is. */
function codes(
  ids: string[],
  places: Map<string, number>,
  column: IdentifierColumn,
  limits: Limits,
): Evidence {
  if (ids.length === 0) return NOTHING;
  const hits = new Map<string, number>();
  for (const id of ids) hits.set(shapeOf(id), (hits.get(shapeOf(id)) ?? 0) + 1);
  let chance = 0;
  for (const [shape, met] of hits) {
    const tried = Math.max(met, places.get(shape) ?? 0);
    chance += (tried * (column.shapes.get(shape) ?? 1)) / capacityOf(shape);
  }
  return { count: ids.length, chance, verdict: verdictOf(poissonTail(ids.length, chance), limits) };
}

function words(ids: string[]): Evidence {
  if (ids.length === 0) return NOTHING;
  return { count: ids.length, chance: 0, verdict: ids.length >= WORDS_FAIL ? "fail" : "review" };
}

function numbers(seen: Sightings, column: IdentifierColumn, confirmed: Set<string>): Evidence {
  if (seen.numbers.size === 0 || column.numbers === 0) return NOTHING;
  let count = 0;
  let chance = 0;
  for (const number of seen.numbers) {
    if (confirmed.has(number)) count++;
    chance += densityAt(column.stretches, Number(number));
  }
  const many = seen.encoding === "exact" ? MANY_NUMBERS : MANY_ENCODED_NUMBERS;
  const byCount: Verdict | undefined = count >= many ? "review" : undefined;
  return { count, chance, verdict: verdictOf(poissonTail(count, chance), SURPRISE) ?? byCount };
}

const softened = (evidence: Evidence): Evidence =>
  evidence.verdict === "fail" && evidence.count < GROUPED_FAIL
    ? { ...evidence, verdict: "review" }
    : evidence;

/** The hit of one column in one place, if there is one. `confirmed` are its identifiers among the candidates. */
export function judge(
  seen: Sightings,
  name: string,
  column: IdentifierColumn,
  confirmed: Set<string>,
): ScanHit | undefined {
  const met = [...seen.candidates].filter(([id]) => confirmed.has(id));
  const of = (kind: Kind, token?: boolean): string[] =>
    met.filter(([id, alone]) => kindOf(id) === kind && (token ?? alone) === alone).map(([id]) => id);
  const parts = [
    codes(of("code", true), seen.alone, column, CODE_LIMITS),
    codes(of("code", false), seen.inside, column, EMBEDDED_LIMITS),
    words(of("word")),
    numbers(seen, column, confirmed),
  ];
  const grouped = seen.encoding.endsWith("grouped");
  const counted = parts.map((part) => (grouped ? softened(part) : part)).filter((part) => part.verdict);
  if (counted.length === 0) return undefined;
  return {
    name,
    kind: "identifier",
    encoding: seen.encoding,
    count: counted.reduce((sum, { count }) => sum + count, 0),
    column: column.name,
    chance: counted.reduce((sum, { chance }) => sum + chance, 0),
    verdict: worstVerdict(counted.map(({ verdict }) => verdict!)),
  };
}
