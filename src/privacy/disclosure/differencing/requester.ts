/**
 * The requester's verdict of differencing: a function of what is public, and of nothing else.
 *
 * Public are descriptions (claims, versions, schemas) and what was released: everything that went out of the dataset counts
 * as known to everyone. Not public are the numbers of the table that is judged, of tables beside it in its job, and of
 * tables that are held. So whoever asks again and again learns nothing from the verdict that was not published: a simulator
 * with the public things alone says the same (simulatable auditing).
 *
 * It is `pass` where descriptions prove that nothing about few units can follow:
 * - the very table, or all of its numbers, were released before: it adds nothing;
 * - it shares no row with any other, and each unit has one row;
 * - it and the others that share rows with it stand on the same rows, none hides or rounds a count, no published count is
 *   small, and their dimensions form a decomposable system. Then the sharp bounds of every combination of cells are
 *   those of its margins (Dobra and Fienberg 2000, theorem 4), of which none is below the threshold but zero.
 * It is `fail` where descriptions prove that two tables differ by few units: by rows of fewer named units than the
 * threshold. Anything else is `review`.
 */
import type { Claim, ExpressionColumns } from "../../expression/index.js";
import { canonicalText, checkExpression, claimText, type Expr } from "../../expression/index.js";
import type { TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import { differencing } from "../rules/differencing.js";
import {
  type DescribedRelation,
  groupingsOf,
  groupingText,
  isTable,
  leavesOut,
  relateRows,
  whereOf,
} from "./conditions.js";
import { followsFrom, isDecomposable } from "./follows.js";
import { textOf } from "./texts.js";

/** What is public of a table that was released. */
export interface PublishedTable {
  claim: Claim;
  version: string;
  columns: ExpressionColumns;
  /** With the values that are shown; counts of units behind them are not read. */
  facts: TableFacts;
  /** Of a model or curves; `claim` is then of the rows that they stand on. */
  model?: Claim | undefined;
}

/** What is public of a table that is asked for. */
export interface AskedTable {
  claim: Claim;
  version: string;
  columns: ExpressionColumns;
  model?: Claim | undefined;
  /** Its claim stood before the run. Else it is not public: running code chose it. */
  declared: boolean;
}

export interface PublicKnowledge {
  threshold: number;
  /** Each unit has at most one row, in every version. */
  oneRowAUnit: boolean;
  /** The column that names the unit. */
  unitColumn: string | undefined;
  asked: AskedTable;
  /** Other declared tables of the same job: they may go out with it. */
  beside: readonly AskedTable[];
  released: readonly PublishedTable[];
}

/** More than these are not compared. */
export const MAX_COMPARED = 2_000;

const finding = (verdict: Finding["verdict"], because: keyof typeof SAYS, threshold = ""): Finding => ({
  rule: differencing.id,
  verdict,
  message: SAYS[because][0].replace("{threshold}", threshold),
  message_zh: SAYS[because][1].replace("{threshold}", threshold),
  evidence: { because },
});

// biome-ignore format: one row a line
const SAYS = {
  not_declared: ["Running code chose this table, so its description is not public.", "该表由运行中的代码选定，其描述并非公开信息。"],
  no_facts: ["It is no table, so it is not compared with what was released.", "并非表格，不与已放行内容比较。"],
  nothing_new: ["All of its numbers were released before, or follow from such.", "其全部数值此前已放行，或可由已放行数值推出。"],
  many: ["More tables were released than are compared with a new one.", "已放行表格过多，无法逐一比较。"],
  few_units: ["By their descriptions it differs from another table by fewer than {threshold} units.", "仅凭描述即可知其与另一表格相差不足 {threshold} 个单元。"],
  apart: ["It shares no rows with any other table of the dataset.", "与该数据资源的其他表格没有共同的行。"],
  decomposable: ["It stands on the same rows as the tables that it shares rows with, and with these nothing about few units follows.", "与有共同行的表格基于相同的行，合并后不会推出少数单元的信息。"],
  undecided: ["It shares rows with another table of the dataset. What the two tell together cannot be decided from their descriptions, so people judge.", "与该数据资源的另一表格有共同的行，仅凭描述无法判断合并后会泄露什么，由人工判断。"],
} as const;

export function judgeForRequester(known: PublicKnowledge): Finding[] {
  const { asked, beside, released, threshold } = known;
  if (!asked.declared) return [finding("review", "not_declared")];
  if (!isTable(asked.claim)) return [finding("review", "no_facts")];
  if (released.some((other) => isNothingNew(asked, other, known.oneRowAUnit)))
    return [finding("pass", "nothing_new")];
  const others = [...released, ...beside.filter((b) => b.declared && isTable(b.claim))];
  if (others.length > MAX_COMPARED) return [finding("review", "many")];
  const sharing = others.filter((other) => !isApart(known, other));
  if (sharing.some((other) => differsByNamedUnits(known, other)))
    return [finding("fail", "few_units", String(threshold))];
  if (sharing.length === 0) return [finding("pass", "apart")];
  if (isDecomposableSystem(known, sharing)) return [finding("pass", "decomposable")];
  return [finding("review", "undecided")];
}

type Other = Pick<AskedTable, "claim" | "version" | "columns" | "model">;

/** Of a model nothing follows but the same model; curves are joined by the threshold of their day, so two are not the same. */
function isNothingNew(asked: AskedTable, released: PublishedTable, oneRowAUnit: boolean): boolean {
  if (asked.model === undefined && released.model === undefined)
    return followsFrom(asked, released, oneRowAUnit);
  return (
    asked.model?.statistic.kind === "regression" &&
    released.model !== undefined &&
    asked.version === released.version &&
    claimText(asked.model) === claimText(released.model)
  );
}

const described = ({ claim, columns }: Other) => ({ where: whereOf(claim), columns });

function isApart({ asked, oneRowAUnit }: PublicKnowledge, other: Other): boolean {
  // A unit with several rows can be in both tables without sharing a row.
  if (!oneRowAUnit) return false;
  return relateRows(described(asked), described(other)).disjoint === "yes";
}

/** Same version, same filter, and no row left out for having no group: the rows are the same by description. */
function onSameRows(a: Other, b: Other): boolean {
  return (
    a.version === b.version &&
    textOf(whereOf(a.claim)) === textOf(whereOf(b.claim)) &&
    !leavesOut(a.claim, a.columns) &&
    !leavesOut(b.claim, b.columns)
  );
}

function isDecomposableSystem(known: PublicKnowledge, sharing: readonly Other[]): boolean {
  const { asked, oneRowAUnit, threshold } = known;
  if (!oneRowAUnit || "protect" in asked.claim.statistic) return false;
  // What a model tells is no margin of a table.
  if ([asked, ...sharing].some((other) => other.model !== undefined)) return false;
  if (sharing.some((other) => !onSameRows(asked, other))) return false;
  const shown = sharing.filter((o): o is PublishedTable => "facts" in o);
  if (shown.some((table) => !showsAllCounts(table, threshold))) return false;
  if (sharing.some((other) => "protect" in other.claim.statistic)) return false;
  return isDecomposable([asked, ...sharing].map(dimensionsOf));
}

/** What a table divides its rows by: its groupings, and whether a value is there of which it shows a number. */
function dimensionsOf({ claim, columns }: Other): Set<string> {
  const measures = "measures" in claim.statistic ? claim.statistic.measures : [];
  const present = measures.flatMap(({ value }) =>
    value !== undefined && checkExpression(value, columns).nullable ? [`has ${canonicalText(value)}`] : [],
  );
  return new Set([...groupingsOf(claim).map(groupingText), ...present]);
}

/** Each count is there, and zero or not small. */
const showsAllCounts = ({ facts }: PublishedTable, threshold: number): boolean =>
  facts.cells.every(({ measure, value }) => {
    const { statistic } = facts.measures[measure]!;
    if (statistic !== "units" && statistic !== "count") return true;
    return value !== null && (Number(value) === 0 || Number(value) >= threshold);
  });

/** All rows of the one that are not rows of the other belong to units that the two filters name. */
function differsByNamedUnits(known: PublicKnowledge, other: Other): boolean {
  const { unitColumn, threshold, asked } = known;
  if (unitColumn === undefined || !asked.columns.has(unitColumn)) return false;
  const [a, b] = [whereOf(asked.claim), whereOf(other.claim)];
  const named = new Map<string, Expr>();
  for (const e of [a, b]) collectNames(e, unitColumn, named);
  if (named.size === 0 || named.size >= threshold) return false;
  const names: Expr = {
    op: "in",
    value: { op: "column", name: unitColumn },
    options: [...named.values()],
  };
  const only = (x: Expr, y: Expr): Expr => ({ op: "and", args: [x, { op: "not", value: y }] });
  const within = (where: Expr): DescribedRelation =>
    relateRows({ where, columns: asked.columns }, { where: names, columns: other.columns });
  // Where the filter of the one is missing its row is not kept either, so both ways are looked at.
  return (
    [only(a, b), only(b, a)].every((rows) => within(rows).first_in_second === "yes") &&
    relateRows(described(asked), described(other)).disjoint !== "yes"
  );
}

function collectNames(e: Expr, column: string, into: Map<string, Expr>): void {
  const isUnit = (x: Expr) => x.op === "column" && x.name === column;
  const take = (x: Expr) => {
    if (x.op === "literal") into.set(x.value, x);
  };
  if (e.op === "compare" && isUnit(e.left)) take(e.right);
  else if (e.op === "in" && isUnit(e.value)) e.options.forEach(take);
  else if (e.op === "not") collectNames(e.value, column, into);
  else if (e.op === "and" || e.op === "or") for (const arg of e.args) collectNames(arg, column, into);
}
