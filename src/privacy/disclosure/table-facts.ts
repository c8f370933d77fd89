/** The facts that a hand-written table states, read off its counts, labels and values. */
import { canonicalNumber } from "./canonicalisers/numbers.js";
import type { Statistic, TableCell, TableDimension, TableFacts } from "./facts.js";
import { TABLE_FACTS_FORMAT, TOTAL } from "./facts.js";
import type { CountPlaces } from "./rules/counts.js";
import type { Table } from "./table.js";

/** Larger tables leave no facts; they are no statistics. */
export const MAX_FACT_CELLS = 100_000;

const TOTAL_NAMES = new Set(["all", "total", "合计", "总计", "全部"]);

const STATISTIC_WORDS: readonly [RegExp, Statistic][] = [
  [/^(?:mean|avg|average)$/, "mean"],
  [/^(?:sum|total)$/, "sum"],
  [/^median$/, "median"],
  [/^(?:std|sd)$/, "std"],
  [/^min$/, "min"],
  [/^max$/, "max"],
  [/^(?:pct|percent|share|proportion|rate|ratio)$/, "proportion"],
  [/^survival$/, "survival"],
  [/^(?:coef|coefficient|beta)$/, "coefficient"],
];

function statisticOf(name: string): Statistic {
  const words = name.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return STATISTIC_WORDS.find(([pattern]) => words.some((w) => pattern.test(w)))?.[1] ?? "unknown";
}

class Levels {
  readonly dimension: TableDimension;
  private readonly index = new Map<string, number>();
  constructor(name: string) {
    this.dimension = { name, levels: [] };
  }
  of(text: string): number {
    if (TOTAL_NAMES.has(text.toLowerCase())) return TOTAL;
    const known = this.index.get(text);
    if (known !== undefined) return known;
    this.index.set(text, this.dimension.levels.length);
    return this.dimension.levels.push(text) - 1;
  }
}

/** Undefined when the table shows no count column or is too large to be remembered. */
export function statedFacts(table: Table, places: CountPlaces): TableFacts | undefined {
  const cellCount = table.rows.length * table.header.length;
  if (places.columns.length === 0 || cellCount > MAX_FACT_CELLS) return undefined;
  const { labels } = places;
  const shown = table.header.flatMap((_, c) => (labels.includes(c) ? [] : [c]));
  const levels = labels.map((c) => new Levels(table.header[c]!));
  const cells: TableCell[] = [];
  for (const row of table.rows) {
    const at = labels.map((c, i) => levels[i]!.of(row[c]!));
    shown.forEach((c, measure) => {
      const value = canonicalNumber(row[c]!, 15)?.text ?? null;
      cells.push({ at, measure, value, units: null });
    });
  }
  return {
    format: TABLE_FACTS_FORMAT,
    stated_by: "program",
    filter: null,
    dimensions: levels.map((l) => l.dimension),
    measures: shown.map((c) => {
      const name = table.header[c]!;
      return { name, statistic: places.columns.includes(c) ? "count" : statisticOf(name) };
    }),
    cells,
  };
}
