/**
 * When a release goes out by its owners' policies, without people: every bar of this table must be open. Pure.
 *
 * Rules: nothing here depends on the data but through the verdict that the requester was shown, so whether a release
 * goes to people tells nothing that its signals did not. Where a bar holds, people decide as ever.
 */
import { canonicalJson, type JsonValue } from "../../ledger/index.js";
import {
  type Claim,
  columnsRead,
  type Expr,
  type ExpressionColumns,
  relateConditions,
} from "../../privacy/index.js";
import type { Evidence, JobKindName, Verdict } from "../../vocabulary/index.js";
import { DECLARED_KINDS, lets, type SignedPolicy } from "./statement.js";

/** A claim whose table went out, or is about to, and on which version. */
export interface ToldClaim {
  claim: Claim;
  version: string;
}

export interface PolicyDataset {
  /** The dataset's grade as it is now. */
  grade: number;
  published: boolean;
  /** Each unit has one row, so cells that share no row share no unit. */
  oneRowAUnit: boolean;
  owner: string;
  grantUsable: boolean;
  /** The last one in the ledger, with the owner's signature checked. */
  policy: SignedPolicy | undefined;
  /** How each table that is asked for lies to each that went out before, and to each other. */
  relations: readonly ClaimRelation[];
}

export interface PolicyCase {
  kind: JobKindName;
  grade: number;
  requester: string;
  /** Over all outputs of the job, as its requester was shown it. */
  shownVerdict: Verdict | undefined;
  files: readonly { verdict: Verdict; evidence: Evidence; model: boolean }[];
  datasets: readonly PolicyDataset[];
}

export interface PolicyBar {
  id: string;
  holds(c: PolicyCase): boolean;
  says: string;
  says_zh: string;
}

const some = (c: PolicyCase, holds: (d: PolicyDataset) => boolean) => c.datasets.some(holds);

// biome-ignore format: one row a line
export const POLICY_BARS: readonly PolicyBar[] = [
  { id: "no_policy", holds: (c) => some(c, (d) => d.policy === undefined || !lets(d.policy.statement, Math.max(c.grade, d.grade))), says: "an owner has signed no policy that lets tables of this grade out", says_zh: "数据提供方未签署允许该分级表格自动放行的策略" },
  { id: "kind", holds: (c) => !DECLARED_KINDS.includes(c.kind) || c.files.some((f) => f.evidence !== "verified"), says: "not all files are tables that the node computed from claims of before the run", says_zh: "并非全部文件均为节点按事先声明自行计算的表格" },
  { id: "model", holds: (c) => c.files.some((f) => f.model), says: "a file is a model or survival curves, which policies for tables do not speak of", says_zh: "文件为模型或生存曲线，表格自动放行策略不涵盖" },
  { id: "verdict", holds: (c) => c.shownVerdict !== "pass" || c.files.some((f) => f.verdict !== "pass"), says: "the job's verdict is not pass, or its requester was not shown it", says_zh: "任务结论并非通过，或未向申请人显示" },
  { id: "owner", holds: (c) => some(c, (d) => d.owner === c.requester), says: "an owner does not let data out to itself", says_zh: "数据提供方不得向本人自动放行" },
  { id: "dataset", holds: (c) => some(c, (d) => !d.published || !d.grantUsable), says: "a dataset is not published, or the grant does not stand any more", says_zh: "数据资源未处于发布状态，或授权已失效" },
  { id: "rows", holds: (c) => some(c, (d) => !d.oneRowAUnit), says: "units may have several rows: what two cells share could be told", says_zh: "单元可能有多行，单元格之间的交集可能泄露" },
  { id: "overlap", holds: (c) => some(c, (d) => d.relations.some((r) => r === "undecided")), says: "a table is neither provably the same as one that went out before, nor over provably other rows", says_zh: "与已放行表格既不能证明相同，也不能证明行不相交" },
];

/** Ids of the bars that hold; none: it goes out. */
export const barsOf = (c: PolicyCase): string[] => POLICY_BARS.filter((bar) => bar.holds(c)).map((b) => b.id);

export type ClaimRelation = "same" | "disjoint" | "undecided";

/** Longer conditions are not compared: the work would be done while all else waits. */
const MAX_CONDITION_CHARS = 4_000;
const EVERYTHING: Expr = { op: "literal", type: "boolean", value: "true" };

/**
 * How two tables of one dataset lie to each other, from their claims alone. Two that share rows could be subtracted from
 * each other, unless they are one table twice.
 * @param columns of each claim's version
 */
export function relateClaims(
  a: ToldClaim,
  b: ToldClaim,
  columns: { a: ExpressionColumns; b: ExpressionColumns },
): ClaimRelation {
  const text = (claim: Claim) => canonicalJson(claim.statistic as unknown as JsonValue);
  if (a.version === b.version && text(a.claim) === text(b.claim)) return "same";
  const [first, second] = [whereOf(a.claim), whereOf(b.claim)];
  const read = [...columnsRead(first), ...columnsRead(second)];
  // A column that changed its type between versions is another column.
  if (read.some((name) => columns.a.get(name)?.type !== columns.b.get(name)?.type)) return "undecided";
  if (read.some((name) => !columns.a.has(name))) return "undecided";
  const long = [first, second].some(
    (where) => canonicalJson(where as unknown as JsonValue).length > MAX_CONDITION_CHARS,
  );
  if (long) return "undecided";
  return relateConditions(first, second, columns.a).disjoint === "yes" ? "disjoint" : "undecided";
}

const whereOf = ({ statistic }: Claim): Expr => statistic.where ?? EVERYTHING;
