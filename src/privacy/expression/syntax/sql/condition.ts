/** A condition, or a value, written in SQL. */
import { unsupported } from "../../errors.js";
import type { Surface } from "../../expr.js";
import { SqlReader } from "./expression.js";
import { parseSelect, parseStatement, type SqlSerializer } from "./statement.js";

const BEFORE = "SELECT * FROM rows WHERE ";
const STAR = { class: "STAR", type: "STAR" };

/**
 * The text stands where a WHERE clause does; whatever else it opens (GROUP BY, another statement) shows in the
 * tree and is refused.
 * @throws invalid_input or query_unsupported naming the character
 */
export async function parseSql(text: string, serialize: SqlSerializer): Promise<Surface> {
  const statement = await parseStatement(text, BEFORE, serialize);
  const select = parseSelect(statement);
  const [star] = select.select_list as Partial<typeof STAR>[];
  const isWhole = select.group_expressions.length === 0 && select.group_sets.length === 0;
  if (
    !isWhole ||
    select.select_list.length !== 1 ||
    star?.class !== STAR.class ||
    select.where_clause === null
  )
    throw unsupported("text", "more than a condition", "write what would stand after WHERE");
  return new SqlReader(statement.locate, []).expression(select.where_clause);
}
