/** The version that texts are compared with and what one scan of it has, as the parts of a scan share them. */
import type { Duck } from "../duck.js";

export interface ScanData {
  duck: Duck;
  /** The scan's own. */
  folder: string;
  rows: number;
  /** SQL of its rows, with `file_row_number`. */
  numbered: string;
}
