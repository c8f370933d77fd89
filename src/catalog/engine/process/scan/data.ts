/** The version that texts are compared with, as the parts of a scan share it. */
import type { Duck } from "../duck.js";

export interface ScanData {
  duck: Duck;
  folder: string;
  rows: number;
  /** SQL of its rows, with `file_row_number`. */
  numbered: string;
}
