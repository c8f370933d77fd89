/** Content once it lies as records in the request's folder, whatever it came as: what the rest of the import reads. */
import type { ColumnType } from "../../../../vocabulary/index.js";
import type { FileReading } from "../../model.js";
import type { Lines } from "./lines.js";

export interface Tabular {
  file: FileReading;
  header: string[];
  rows: number;
  lines: Lines;
  /**
   * SQL of all records: `rn`, and `c0` … as texts, missing ones null. Columns named in `whole` come as BIGINT: their
   * texts are known to be whole numbers.
   */
  table: (whole?: ReadonlySet<number>) => string;
  /** The type that the file itself gives each column, whose values then are of that type already. */
  native: (ColumnType | undefined)[];
  /** What is known of each column's texts. */
  column: (index: number) => { missing: number; whole: boolean; numeric: boolean };
}
