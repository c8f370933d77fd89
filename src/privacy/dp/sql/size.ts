/**
 * Whether a plan can be carried out whatever the data: its SQL, what the engine answers and what is stored stay within
 * their limits. Found out before the charge, from public things; a limit met later would tell of the data.
 */
import { unsupported } from "../../expression/errors.js";
import { leafCount } from "./cells.js";
import { emitExacts, emitLeaves } from "./emit.js";
import { QUERY_LIMITS as LIMITS } from "./limits.js";
import type { Exact, Group, Plan } from "./model.js";

/** Of a count, and of any sum in HUGEINT, as JSON. */
const COUNT_BYTES = 18;
const SUM_BYTES = 44;

const bytesOf = ({ kind }: Exact): number => (kind === "sum" || kind === "squares" ? SUM_BYTES : COUNT_BYTES);

const keyBytes = ({ domain }: Group): number =>
  3 + Math.max(4, ...(domain ?? []).map((value) => Buffer.byteLength(JSON.stringify(value ?? ""))));

/** How many groups there are; of private ones nobody knows. */
export const cellCount = ({ groups }: Pick<Plan, "groups">): number =>
  groups.reduce((product, { domain }) => product * (domain?.length ?? 1), 1);

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** @throws query_unsupported */
export function mustFit(plan: Plan): void {
  const refuse = (what: string): never => {
    throw unsupported("sql", what, "group by fewer columns or values, or ask for fewer aggregates at once");
  };
  const cells = cellCount(plan);
  if (cells > LIMITS.cells) refuse(`more than ${LIMITS.cells} groups`);
  const keys = sum(plan.groups.map(keyBytes));
  if (cells * (keys + sum(plan.exacts.map(bytesOf)) + 2) > LIMITS.exact_bytes)
    refuse("a table of exact numbers this large");
  if (cells * plan.outputs.length > LIMITS.values) refuse(`more than ${LIMITS.values} values`);
  for (const bisection of plan.bisections) {
    const leaves = cells * leafCount(bisection);
    if (leaves > LIMITS.leaves || leaves * (keys + 2 * COUNT_BYTES) > LIMITS.exact_bytes)
      refuse("quantiles in this many groups");
  }
  for (const { sql, parameters } of [emitExacts(plan), ...plan.bisections.map((b) => emitLeaves(plan, b))])
    if (sql.length > LIMITS.emitted_chars || parameters.length > LIMITS.parameters)
      refuse("a statement with this many parts");
}
