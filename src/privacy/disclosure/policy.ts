/**
 * What disclosure control asks of an output, by the grade of the data it was made from.
 *
 * Rules: a higher grade is never more lenient than a lower one. An owner may replace some figures for a
 * dataset (owners-policy.ts); the checker is given the whole policy with each file and has no other source of limits.
 */
import type { Grade } from "../../vocabulary/index.js";

/** The largest `n` units may not hold `k` or more of what a cell sums. */
export interface Dominance {
  n: number;
  /** Share, above 0 and at most 1. */
  k: number;
}

/** What a rule that can be relaxed says where it applies. */
export const STRICTNESS = ["off", "review", "fail"] as const;
export type Strictness = (typeof STRICTNESS)[number];

export interface DisclosurePolicy {
  /** A count of distinct units below this, and above zero, is too small to show. */
  threshold: number;
  /** A cell fails where any of them holds; several where datasets of different owners are read together. */
  dominance: readonly Dominance[];
  /** What the others contribute must be so much of what the largest unit does; 0: not judged. */
  p_ratio: number;
  /** All units of a line in one cell, or all rows of a cell with one value. */
  class_disclosure: Strictness;
  /** Cells that nobody falls into. */
  zeros: Strictness;
  /** Contributions of both signs, of which no share can be judged. */
  negatives: Exclude<Strictness, "off">;
  /** A model's residual degrees of freedom may not be fewer. */
  degrees_of_freedom: number;
  /** A model with fewer events (or units, where nothing is an event) to each parameter goes to people. */
  events_per_parameter: number;
  /** Numbers keep so many significant decimal digits; the rest is rounded off, half to even. At most 15. */
  significant_digits: number;
  /** A file larger than this, as written or as rebuilt, is refused. */
  max_output_bytes: number;
  max_csv_rows: number;
  max_csv_columns: number;
  max_csv_cells: number;
  /** Characters in one cell of a table. */
  max_cell_chars: number;
  max_json_depth: number;
  /** Values and members in one JSON document. */
  max_json_nodes: number;
  max_png_pixels: number;
  /** Metadata of a picture up to here is dropped with a note; above, a person is told to look; see hidden_fail_bytes. */
  metadata_review_bytes: number;
  /** Metadata above this is taken as an attempt to smuggle. Bytes outside the format (tails, slack) always are. */
  metadata_fail_bytes: number;
  /** Above so many bytes of capacity the `capacity` finding asks for a person. */
  capacity_review_bytes: number;
}

const BASE: DisclosurePolicy = {
  threshold: 10,
  dominance: [{ n: 2, k: 0.9 }],
  p_ratio: 0.1,
  class_disclosure: "fail",
  zeros: "off",
  negatives: "review",
  degrees_of_freedom: 10,
  events_per_parameter: 10,
  significant_digits: 8,
  max_output_bytes: 16 * 1024 * 1024,
  max_csv_rows: 100_000,
  max_csv_columns: 1_000,
  max_csv_cells: 1_000_000,
  max_cell_chars: 4_096,
  max_json_depth: 32,
  max_json_nodes: 500_000,
  max_png_pixels: 25_000_000,
  metadata_review_bytes: 256,
  metadata_fail_bytes: 4_096,
  capacity_review_bytes: 4_096,
};

/** What differs from the base, by grade. */
const BY_GRADE: Record<Grade, Partial<DisclosurePolicy>> = {
  1: { capacity_review_bytes: 64 * 1024 },
  2: { capacity_review_bytes: 16 * 1024 },
  3: {},
  4: { significant_digits: 6, capacity_review_bytes: 1_024, max_csv_rows: 10_000 },
  5: { significant_digits: 4, capacity_review_bytes: 256, max_csv_rows: 1_000 },
};

/** The policy of a grade where the owner has set none. */
export function defaultPolicy(grade: Grade): DisclosurePolicy {
  return { ...BASE, ...BY_GRADE[grade] };
}
