/** Content once it lies as records in the request's folder, whatever it came as: what the rest of the import reads. */
import type { ColumnType } from "../../../../vocabulary/index.js";
import type { FileReading } from "../../model.js";
import type { Lines } from "./lines.js";

/** It may say less than is true, never more. */
export interface Known {
  missing: number;
  /** All are whole numbers, written in their one way. */
  whole: boolean;
  /** All are finite numbers, written without an exponent. */
  numeric: boolean;
  /** Each is above the one before, in an order of texts: no two are equal. */
  rising?: boolean;
}

/** By column, as what DuckDB reads its texts, which cannot fail. */
export type Direct = ReadonlyMap<number, "BIGINT" | "DOUBLE">;

/** What can be read of content while more of it comes. */
export interface Incoming {
  header: string[];
  lines: Lines;
  /** How many parts of the records can be read. */
  parts: number;
  /** SQL of the records of all parts: `rn`, and `c0` … as texts, missing ones null. */
  table: () => string;
  /** SQL of one part's. Columns in `direct` come as that type: all their texts so far are known to be of it. */
  partTable: (part: number, direct: Direct) => string;
  /** The type that the file itself gives each column, whose values then are of that type already. */
  native: (ColumnType | undefined)[];
  /** What is known of each column's texts so far. */
  column: (index: number) => Known;
  /** The sign before fractions that is declared, and the delimiter. */
  file: Pick<FileReading, "decimal" | "delimiter">;
}

export interface Tabular extends Incoming {
  file: FileReading;
  rows: number;
}

/** Is told of records, in order, as soon as another part of them can be read. It may refuse them by throwing. */
export type Follow = (incoming: Incoming) => void;
