/**
 * What a table tells, cell by cell, in the form in which a dataset remembers it.
 *
 * Rules: `stated_by: "program"` marks numbers that the node could not recompute; such facts are shown to
 * auditors and never decide anything by themselves. A cell is addressed by one level per dimension; TOTAL
 * stands for "all levels" (a margin). Values are decimal text as released, so that no float enters a memory.
 */

export const TABLE_FACTS_FORMAT = 1;

/** In `at`: this dimension is summed over. */
export const TOTAL = -1;

export const STATISTICS = [
  /** Distinct units. */
  "units",
  /** Rows; of a column, rows with a value. */
  "count",
  "sum",
  "mean",
  "median",
  "std",
  "var",
  "min",
  "max",
  "percentile",
  "proportion",
  "covariance",
  "correlation",
  "survival",
  "coefficient",
  "unknown",
] as const;
export type Statistic = (typeof STATISTICS)[number];

export interface TableDimension {
  name: string;
  levels: string[];
}

export interface TableMeasure {
  /** The column of the table that shows it. */
  name: string;
  statistic: Statistic;
  /** The data column that was summed, averaged …; absent for counts and where it is not known. */
  of?: string;
}

export interface TableCell {
  /** Level index per dimension, or TOTAL. */
  at: number[];
  /** Index into measures. */
  measure: number;
  /** Decimal text as shown; null when suppressed or where there is none. */
  value: string | null;
  /** Distinct units that the cell stands on; null where it is not known. */
  units: number | null;
  /**
   * What the largest units contribute to a sum, mean or spread (or to a count of rows), without sign, largest first;
   * each unit's rows are summed first. Where the node recomputed it, as `total` and the following.
   */
  top?: string[];
  /** What all units contribute together, without sign. Of decimals to 15 digits. Absent where no double holds it. */
  total?: string;
  /** Some units contribute less than zero and others more: shares of their total mean nothing. */
  negative?: boolean;
  /** All rows of the cell have one and the same value: its mean tells everybody's. */
  same?: boolean;
  /** Units that contribute anything but zero. */
  nonzero?: number;
  /** Of a whole number that has but two neighbouring values, as 0 and 1: rows with the rarer one. */
  rarer?: number;
  /** Of a minimum, maximum or median: the fewest units that have a value which, as it is shown, stands behind it. */
  sharers?: number;
  /** Shown without its value: because a rule says so, or because others could be worked out from it. */
  suppressed?: "primary" | "secondary";
  /** The same for the same units: what rounding by chance draws from. Gone once it is rounded. */
  drawn?: string;
  /** Vault object holding the compressed bitmap of the units, where the node recomputed it. */
  units_object?: string;
}

/** What an attacker who also knows the rule gains: small cells, those left with one value, share of interval lost. */
export interface RuleGain {
  cells: number;
  pinned: number;
  shortened: number;
  fewest: number;
}

/** How a table was made safe, and what the attack on it found. For auditors. */
export type TableProtection = (
  | {
      how: "suppress";
      /** Cells hidden because a rule says so, and because others could be worked out from them. */
      primary: number;
      secondary: number;
      /** Single numbers hidden in cells that show others. */
      withheld: number;
      /** What the secondary ones lose, and what any choice would lose at least; 0: not looked for. */
      loss: number;
      bound: number;
      method: string;
      knows_rule?: { knower?: RuleGain | undefined; told?: RuleGain | undefined };
    }
  | { how: "round"; base: number; random: boolean }
) & {
  /** Whether the attack left everything as uncertain as it must be; if not, of how many cells. */
  withstood: boolean;
  exposed: number;
  /** Cells shown uncertain by fractions alone, where whole numbers were not looked through. */
  undecided: number;
};

export interface TableFacts {
  format: typeof TABLE_FACTS_FORMAT;
  stated_by: "program" | "node";
  /** Canonical JSON of the typed filter of the claim; null where there is no claim. */
  filter: string | null;
  dimensions: TableDimension[];
  measures: TableMeasure[];
  cells: TableCell[];
  /** Where the claim asked for a safe version. */
  protection?: TableProtection;
}
