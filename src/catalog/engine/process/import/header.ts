/** The names of columns, as a file gives them. */
import { invalidInput } from "../../../../vocabulary/index.js";
import { columnName } from "../../model.js";

/** Names are kept as they are; only what cannot be told apart or shown is refused. */
export function assertHeader(header: readonly string[]): void {
  const seen = new Map<string, number>();
  header.forEach((name, i) => {
    const place = `column ${i + 1}`;
    if (name.trim() === "") throw invalidInput(place, "has an empty header");
    const parsed = columnName.safeParse(name);
    if (!parsed.success) throw invalidInput(place, `its header: ${parsed.error.issues[0]!.message}`);
    const before = seen.get(name);
    if (before !== undefined) throw invalidInput(place, `has the same header as column ${before}`);
    seen.set(name, i + 1);
  });
}
