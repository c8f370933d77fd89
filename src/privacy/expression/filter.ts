/** A condition over the rows of a dataset: one meaning, from whichever syntax it was written in. */
import { canonicalText } from "./canonical.js";
import { checkCondition } from "./check/check.js";
import type { Columns } from "./columns.js";
import { readDocument } from "./document.js";
import { type Filter, filterSchema, type Surface } from "./expr.js";
import { parsePython } from "./syntax/python.js";
import { parseR } from "./syntax/r.js";
import { parseSql } from "./syntax/sql/condition.js";
import type { SqlSerializer } from "./syntax/sql/statement.js";

const filterOf = (written: Surface, columns: Columns): Filter => ({
  version: 1,
  where: checkCondition(written, columns),
});

export const filterFromPython = (text: string, columns: Columns): Filter =>
  filterOf(parsePython(text), columns);

export const filterFromR = (text: string, columns: Columns): Filter => filterOf(parseR(text), columns);

export const filterFromSql = async (
  text: string,
  serialize: SqlSerializer,
  columns: Columns,
): Promise<Filter> => filterOf(await parseSql(text, serialize), columns);

/** A filter that arrives as JSON, checked and in canonical form. */
export const readFilter = (document: unknown, columns: Columns): Filter =>
  filterOf(readDocument(filterSchema, document, "where").where, columns);

/** What is hashed: the same for filters that are written differently and mean the same in an obvious way. */
export const filterText = (filter: Filter): string => canonicalText(filter);
