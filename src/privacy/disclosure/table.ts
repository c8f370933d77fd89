/** A table as its cells: what the rules for tables look at. Rows all have the header's length. */
export interface Table {
  header: string[];
  rows: string[][];
}

/** A row's name in a finding: its first cell, or its number where that says nothing. */
export function rowLabel(table: Table, row: number, labels: readonly number[] = [0]): string {
  const cells = table.rows[row]!;
  const text = labels.map((c) => cells[c] ?? "").join(" / ");
  return text.replaceAll(" / ", "").trim() === "" ? `row ${row + 1}` : text;
}
