/** What bounds the work that a query can ask for. Exceeding one is an error that names it, whatever the data. */
export const QUERY_LIMITS = {
  /** Characters of the statement. */
  sql_chars: 65_536,
  /** Nesting of the parsed tree, subqueries included. */
  depth: 400,
  /** Subqueries, CTEs and joins, one inside the other. */
  relations: 16,
  /** Columns of a SELECT list. */
  outputs: 64,
  groupings: 8,
  /** Values of one public group column, and cells of all together. */
  domain: 10_000,
  cells: 100_000,
  /** Bins of a histogram or leaves of a quantile's bisection, over all groups together. */
  leaves: 262_144,
  /** Halvings of a quantile's bisection. */
  halvings: 12,
  /** Rows that one unit may contribute after joins, which multiply them. */
  joined_rows_per_unit: 10_000n,
  /** Values of an answer, and rows of private groups times columns: the rest is left out as by a LIMIT. */
  values: 320_000,
  /** Bytes of an answer's rows and intervals as JSON, below what is stored of an answer: the rest is left out too. */
  answer_bytes: 30 * 1024 * 1024,
  /** Bytes of the exact numbers as the engine sends them. */
  exact_bytes: 7_500_000,
  /** Characters and parameters of emitted SQL. */
  emitted_chars: 1_000_000,
  parameters: 10_000,
} as const;

/** Magnitude of a scaled value: sums of 2^60 of them stay below 2^127, the engine's HUGEINT. */
export const SCALED_MAX = 1n << 62n;
/** Steps of a decimal's grid to its larger bound, as a power of ten: fine beside any noise, exact in a double. */
export const GRID_DIGITS = 12;
/** The same where values are squared, so that squares stay below 2^62. */
export const SQUARED_GRID_DIGITS = 9;
