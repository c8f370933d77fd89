/**
 * How a statistic that no single domain computes is held against others: by the units that it stands on, as the table of
 * these units that it shows beside its own figures. Pure.
 */
import {
  type ClaimStatistic,
  type Expr,
  filterText,
  type Grouping,
  TABLE_FACTS_FORMAT,
  type TableDimension,
  type TableFacts,
} from "../../privacy/index.js";

type Summary = Extract<ClaimStatistic, { kind: "summary" }>;

export const UNITS = { kind: "units", name: "units" } as const;
export const EVERYTHING: Expr = { op: "literal", type: "boolean", value: "true" };

/** The units, by group, of those rows that have all of the values. */
export function unitsWith(
  values: readonly Expr[],
  {
    where,
    by = [],
    missing = "drop",
  }: { where?: Expr | undefined; by?: Grouping[]; missing?: Summary["missing"] },
): Summary {
  const there = values.map((value): Expr => ({ op: "not", value: { op: "is_null", value } }));
  const all = where === undefined ? there : [where, ...there];
  return {
    kind: "summary",
    where: all.length === 1 ? all[0]! : { op: "and", args: all },
    by,
    measures: [UNITS],
    missing,
  };
}

/** What such a table tells. @param units one a combination of levels, the last dimension moving first */
export function unitFacts(
  { where = EVERYTHING }: Summary,
  dimensions: readonly TableDimension[],
  units: readonly number[],
): TableFacts {
  const places = dimensions.reduce(
    (left, { levels }) => left.flatMap((at) => levels.map((_, level) => [...at, level])),
    [[]] as number[][],
  );
  return {
    format: TABLE_FACTS_FORMAT,
    stated_by: "node",
    filter: filterText({ version: 1, where }),
    dimensions: [...dimensions],
    measures: [{ name: UNITS.name, statistic: "units" }],
    cells: places.map((at, i) => ({ at, measure: 0, value: String(units[i]!), units: units[i]! })),
  };
}
