/** Whether a table follows from another that was released, and whether dimensions of tables form a decomposable system. */
import type { Claim, Measure } from "../../expression/index.js";
import { canonicalText } from "../../expression/index.js";
import { groupingsOf, groupingText, isDropping, isTable, mayBeMissing, whereOf } from "./conditions.js";
import type { AskedTable, PublishedTable } from "./requester.js";
import { textOf } from "./texts.js";

const UNITS: Measure = { kind: "units", name: "units" };

const measuresOf = ({ statistic }: Claim): readonly Measure[] =>
  "measures" in statistic ? statistic.measures : [UNITS];

const measureText = ({ name: _, ...measure }: Measure): string => canonicalText(measure);

/**
 * All numbers of `asked` are among those of `released`, or sums of them: the same version and filter, its dimensions among
 * the other's, its measures shown there (or counts, where it sums over dimensions), and nothing of these suppressed or rounded.
 */
export function followsFrom(asked: AskedTable, released: PublishedTable, oneRowAUnit: boolean): boolean {
  const [a, r] = [asked.claim, released.claim];
  if (asked.version !== released.version || !isTable(a) || !isTable(r)) return false;
  if (textOf(a.statistic) === textOf(r.statistic)) return true;
  if (textOf(whereOf(a)) !== textOf(whereOf(r)) || "protect" in r.statistic) return false;
  const texts = new Set(groupingsOf(a).map(groupingText));
  const more = groupingsOf(r).filter((g) => !texts.delete(groupingText(g)));
  if (texts.size > 0) return false;
  // What either leaves out for having no group must be left out by both.
  if (isDropping(r) && more.some((g) => mayBeMissing(g, released.columns))) return false;
  const shared = groupingsOf(a).some((g) => mayBeMissing(g, released.columns));
  if (shared && isDropping(r) !== isDropping(a)) return false;
  return measuresOf(a).every((m) => isShown(m, released, more.length > 0, oneRowAUnit));
}

function isShown(
  measure: Measure,
  { claim, facts }: PublishedTable,
  summed: boolean,
  oneRowAUnit: boolean,
): boolean {
  if (summed && measure.kind !== "count" && !(measure.kind === "units" && oneRowAUnit)) return false;
  const text = measureText(measure);
  const index = measuresOf(claim).findIndex((m) => measureText(m) === text);
  if (index < 0) return false;
  const isCount = measure.kind === "count" || measure.kind === "units";
  // A cell without a value has none where there is nothing to average; a missing count is a suppressed one.
  return facts.cells.every((c) => c.measure !== index || c.value !== null || !isCount);
}

/**
 * Graham's reduction: a dimension of one table alone, and a table whose dimensions are all another's, are taken away until
 * nothing changes. What is left over of a decomposable system is nothing.
 */
export function isDecomposable(tables: readonly ReadonlySet<string>[]): boolean {
  let left = tables.map((t) => new Set(t));
  for (;;) {
    const uses = new Map<string, number>();
    for (const table of left) for (const d of table) uses.set(d, (uses.get(d) ?? 0) + 1);
    let changed = false;
    for (const table of left)
      for (const d of [...table])
        if (uses.get(d) === 1) {
          table.delete(d);
          changed = true;
        }
    const kept = left.filter((t, i) => !left.some((o, k) => k !== i && isWithin(t, o, k < i)));
    if (kept.length < left.length) changed = true;
    left = kept;
    if (left.every((t) => t.size === 0)) return true;
    if (!changed) return false;
  }
}

/** Of two that are equal the later one lies within the earlier. */
function isWithin(a: ReadonlySet<string>, b: ReadonlySet<string>, later: boolean): boolean {
  if (a.size > b.size || (a.size === b.size && !later)) return false;
  return [...a].every((d) => b.has(d));
}
