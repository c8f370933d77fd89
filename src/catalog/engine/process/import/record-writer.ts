/** Records of texts, from sources that are not CSV, in the one form of CSV that DuckDB is given. */
import { ENGINE_LIMITS } from "../../model.js";
import type { Lines } from "./lines.js";
import type { Missing } from "./missing.js";
import type { Tabular } from "./tabular.js";

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export class RecordWriter {
  records = 0;
  private readonly missing: number[] = [];
  private parts: string[] = [];

  constructor(
    private readonly codes: Missing,
    private readonly lines: Lines,
  ) {}

  /** One record, which begins on `line`. Columns that earlier records did not have are missing in those. */
  add(fields: readonly (string | undefined)[], line: number): void {
    this.parts.push(String(this.records));
    for (let i = 0; i < fields.length; i++) {
      const text = fields[i];
      const gone = text === undefined || this.codes.is(text);
      this.missing[i] ??= this.records;
      if (gone) this.missing[i]!++;
      this.parts.push(gone ? "," : `,${quoted(text)}`);
    }
    this.parts.push("\n");
    this.lines.note(this.records++, line);
  }

  /** What has been written since the last call. */
  take(): Buffer {
    const text = this.parts.join("");
    this.parts = [];
    return Buffer.from(text);
  }

  column: Tabular["column"] = (i) => ({
    missing: this.missing[i] ?? this.records,
    whole: false,
    numeric: false,
  });
}

export const tooLong = (text: string): boolean =>
  text.length > ENGINE_LIMITS.cell_bytes / 4 && Buffer.byteLength(text) > ENGINE_LIMITS.cell_bytes;
