/** Records as the one form of CSV that DuckDB is given, and as SQL. */
import { ENGINE_LIMITS } from "../../model.js";
import { literal, stored } from "../duck.js";
import type { Direct, Tabular } from "./tabular.js";

const MAX_LINE = 2 * ENGINE_LIMITS.line_bytes;
/** What DuckDB reads at once: by itself it would be sixteen lines of the longest. */
const BUFFER = 8 * 1024 * 1024;

/** `paths` are the files of the records in order; more may come to be in it. */
export function recordsTable(
  paths: readonly string[],
  columns: number,
  ragged = false,
): Pick<Tabular, "table" | "partTable"> {
  const read = (files: readonly string[], direct: Direct): string => {
    const types = Array.from(
      { length: columns },
      (_, i) => `'${stored(i)}': '${direct.get(i) ?? "VARCHAR"}'`,
    );
    return `read_csv([${files.map(literal).join(", ")}], auto_detect = false, header = false, strict_mode = true, delim = ',',
      quote = '"', escape = '"', new_line = '\\n', nullstr = '', encoding = 'utf-8', max_line_size = ${MAX_LINE}, buffer_size = ${BUFFER},
      ${ragged ? "null_padding = true, parallel = false," : ""} columns = {'rn': 'BIGINT', ${types.join(", ")}})`;
  };
  return {
    table: () => read(paths, new Map()),
    partTable: (part, direct) => read(paths.slice(part, part + 1), direct),
  };
}
