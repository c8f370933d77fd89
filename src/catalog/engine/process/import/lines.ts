/**
 * From record number to line number. The two differ by a constant between records that hold line breaks and
 * blank lines, so only the places where the difference changes are kept, up to a limit.
 */
const MAX_STEPS = 200_000;

export class Lines {
  private readonly records: number[] = [];
  private readonly offsets: number[] = [];
  private last = Number.NaN;
  private complete = true;

  /** What a line is called. */
  constructor(private readonly word: "line" | "row" = "line") {}

  /** Record `record` (from 0, header not counted) begins on line `line` (from 1). Called in order. */
  note(record: number, line: number): void {
    const offset = line - record;
    if (offset === this.last) return;
    if (this.records.length >= MAX_STEPS) {
      this.complete = false;
      return;
    }
    this.last = offset;
    this.records.push(record);
    this.offsets.push(offset);
  }

  /** The words for a place: `line 17`, or the record where lines were no longer counted. */
  place(record: number): string {
    const line = this.line(record);
    return line === undefined ? `record ${record + 1}` : `${this.word} ${line}`;
  }

  line(record: number): number | undefined {
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle]! <= record) low = middle + 1;
      else high = middle;
    }
    if (low === 0 || (low === this.records.length && !this.complete)) return undefined;
    return record + this.offsets[low - 1]!;
  }
}
