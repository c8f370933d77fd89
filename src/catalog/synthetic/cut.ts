/** Which columns synthetic records have, and how many records there can be: from public things only. */
import { SYNTH_LIMITS, type SynthColumn, synthColumn } from "../../privacy/index.js";
import { invalidInput } from "../../vocabulary/index.js";
import type { Source } from "../queries/sources.js";

/** Columns as cells: those named, or all that have some. @throws invalid_input */
export function cut({ table }: Source, wanted: readonly string[] | undefined, bins: number) {
  const fields = table.columns.filter(({ name }) => name !== table.unit);
  const made = fields.map((field) => ({ name: field.name, column: synthColumn(field, bins) }));
  for (const [i, name] of (wanted ?? []).entries()) {
    const found = made.find((m) => m.name === name);
    if (!found) throw invalidInput(`columns.${i}`, "is no column that you may ask for");
    if (!found.column)
      throw invalidInput(
        `columns.${i}`,
        "has nothing declared that cells could follow from; its owner declares bounds, or up to 63 categories, with PATCH /datasets/{name}",
      );
  }
  const used = made.filter(({ name }) => wanted?.includes(name) ?? true);
  const columns = used.flatMap(({ column }) => (column ? [column] : []));
  if (columns.length === 0)
    throw invalidInput("columns", "no column has declared categories or bounds; its owner declares them");
  if (columns.length > SYNTH_LIMITS.columns)
    throw invalidInput(
      "columns",
      `there are more than ${SYNTH_LIMITS.columns} of them: name those that you need`,
    );
  return { columns, leftOut: made.filter(({ column }) => !column).map(({ name }) => name) };
}

/** So many records that their bytes cannot exceed the limit, whatever the data say. */
export function mostRecords(columns: readonly SynthColumn[]): number {
  const bytes = columns.reduce(
    (sum, { cells }) =>
      sum +
      Math.max(
        ...cells.map((cell) => (cell.kind === "value" ? Buffer.byteLength(JSON.stringify(cell.value)) : 32)),
      ) +
      1,
    2,
  );
  return Math.min(SYNTH_LIMITS.rows, Math.floor(SYNTH_LIMITS.csv_bytes / bytes));
}
