/** What bounds the work that a written expression can ask for. Exceeding one is an error that names it. */
export const EXPRESSION_LIMITS = {
  /** Characters of a condition or formula as written. */
  text_chars: 65_536,
  /** Nesting of an expression, parentheses included. */
  depth: 64,
  /** Nodes of an expression after sugar is taken off, literals of lists apart. */
  nodes: 2_000,
  /** Literals of one `in` list. */
  list: 10_000,
  literal_chars: 1_024,
  pattern_chars: 256,
  name_chars: 256,
  /** Characters of emitted SQL. */
  sql_chars: 1_048_576,
  /** Exponent of a power. */
  exponent: 8,
  groupings: 8,
  /** Groupings of a table with all of its margins: so many double them. */
  all_margins: 4,
  measures: 64,
  edges: 1_000,
  /** Largest base that counts are rounded to. */
  rounding_base: 1_000,
  /** Terms of a formula after expansion, and factors of one term. */
  terms: 256,
  factors: 8,
  /** Boxes of a normal form, and steps of a comparison; beyond, the answer is `undecided`. */
  boxes: 2_048,
  steps: 1_000_000,
} as const;
