/**
 * Results of one collaboration judged together: what a new one tells with those that were released, here or by other recipients.
 *
 * Rules: which units cells stand on is known to nobody over domains, so descriptions and published counts are all that
 * there is. What descriptions prove harmless passes, by the same rules as for tables of one dataset; where they prove that
 * a cell lies in another, what is left over between the two is told by subtraction, and is held to the threshold. All else
 * is for people. Only results over the same contributors and versions stand on the same rows. A result with noise
 * is no fact: it is accounted for by each domain's budget.
 *
 * Not seen: what cells share that no description says; more than two tables at once; the
 * same people asked about in another collaboration or by a domain alone.
 */
import { setImmediate } from "node:timers/promises";
import type { JsonObject } from "../../ledger/index.js";
import {
  type AskedTable,
  type Claim,
  cellsWithin,
  claimLabel,
  differencing,
  type Finding,
  isTable,
  judgeForRequester,
  notCompared,
  type PublishedTable,
} from "../../privacy/index.js";
import { collaborationRow, messagesOfRound } from "../collaborations/rows.js";
import { type CollaborationSpec, spokenColumns } from "../collaborations/spec.js";
import { resultOf } from "../member/results.js";
import { type SharedQuestion, sharedQuestion } from "../statistic/asked.js";
import { comparedAs, questionLabel } from "../statistic/told.js";
import type { KindParts } from "./kind.js";
import { knownTables } from "./released.js";
import { roundOfJob } from "./rows.js";

/** More are not compared while all else waits. */
const MAX_COMPARED = 100;
const MAX_NAMED = 100;

/** The table that a question shows, of its own figures or of the units behind them. */
export const claimOver = (spec: CollaborationSpec, question: SharedQuestion): Claim => ({
  version: 1,
  dataset: spec.name,
  statistic: comparedAs(question),
});

/** In words, for reviewers. */
export function shownText(spec: CollaborationSpec, job: JsonObject): string {
  const over = (job.over as string[]).join(", ");
  return `${questionLabel(sharedQuestion.parse(job.statistic), spec)}, over ${over}`;
}

interface Case {
  asked: AskedTable;
  released: PublishedTable[];
  oneRowAUnit: boolean;
  threshold: number;
  noisy: boolean;
  mine: PublishedTable | undefined;
}

function caseOf({ store, keys }: KindParts, job: string): Case | undefined {
  const of = roundOfJob(store.db, job);
  if (of === undefined) return undefined;
  const row = collaborationRow(store.db, of.collaboration);
  const { spec } = store.db.prepare("SELECT spec FROM jobs WHERE id = ?").get(job) as { spec: string };
  const { statistic } = JSON.parse(spec) as { statistic: SharedQuestion };
  const columns = spokenColumns(row.spec);
  const claim = claimOver(row.spec, statistic);
  const { version } = of;
  const found = resultOf(store.db, keys.sealer, of.collaboration, of.round);
  const table = found?.kind === "result" ? found.table : undefined;
  return {
    asked: { claim, version, columns, declared: true },
    released: knownTables({ store, keys }, of.collaboration)
      .filter((fact) => fact.job !== job)
      .map((fact) => ({
        claim: claimOver(row.spec, fact.statistic),
        version: fact.version,
        columns,
        facts: fact.table,
      })),
    oneRowAUnit: messagesOfRound(store.db, row.id, 0)
      .filter((m) => m.message.kind === "join")
      .every((m) => m.message.body.one_row_a_unit === true),
    threshold: row.spec.threshold,
    noisy: row.spec.privacy !== undefined,
    mine: table === undefined ? undefined : { claim, version, columns, facts: table },
  };
}

/** For everyone, from descriptions and what was released; undefined where there is nothing to judge, or too much. */
function told({ asked, released, threshold, oneRowAUnit, mine, noisy }: Case): Finding[] | undefined {
  // A model makes no facts, here as elsewhere.
  if (noisy || mine === undefined || !isTable(asked.claim)) return undefined;
  if (released.length > MAX_COMPARED) return [notCompared(released.length)];
  return judgeForRequester({
    threshold,
    oneRowAUnit,
    unitColumn: undefined,
    asked,
    beside: [],
    released,
  });
}

export async function judgedTogether(parts: KindParts, job: string): Promise<Finding[]> {
  const c = caseOf(parts, job);
  const found = c && told(c);
  if (c?.mine === undefined || found === undefined) return [];
  if (c.released.length > MAX_COMPARED || found.every((f) => f.verdict === "pass")) return found;
  for (const other of c.released) {
    await setImmediate();
    found.push(...subtracted(c.mine, other, c));
  }
  return found;
}

/** For reviewers: counts that hang on the numbers. */
function subtracted(
  mine: PublishedTable,
  other: PublishedTable,
  { threshold, oneRowAUnit }: Pick<Case, "threshold" | "oneRowAUnit">,
): Finding[] {
  if (other.version !== mine.version) return [];
  const { small, compared } = cellsWithin(mine, other, { threshold, oneRowAUnit });
  const what = claimLabel(other.claim);
  const finding = (verdict: Finding["verdict"], message: string, message_zh: string): Finding => ({
    rule: differencing.id,
    verdict,
    message,
    message_zh,
    audience: "auditors",
    evidence: { because: verdict === "fail" ? "difference" : "not_compared" },
  });
  const found: Finding[] = [];
  if (small.length > 0)
    found.push({
      ...finding(
        "fail",
        `${small.length} of its cells and totals and those of a released result (${what}) lie in one another, and can be subtracted: that tells of more than zero and fewer than ${threshold} units.`,
        `其 ${small.length} 个单元格或合计与已放行结果（${what}）相互包含，相减即得到大于零且少于 ${threshold} 个单元的信息。`,
      ),
      cells: small.slice(0, MAX_NAMED),
    });
  if (!compared)
    found.push(
      finding(
        "review",
        `Not all of its cells were compared with those of a released result (${what}).`,
        `未能与已放行结果（${what}）逐格比较完毕。`,
      ),
    );
  return found;
}

/** By descriptions alone: the very same, or without a row in common with any. */
export function isApart(parts: KindParts, job: string): boolean {
  const c = caseOf(parts, job);
  if (c?.noisy) return true;
  const found = c && told(c);
  const harmless = (f: Finding): boolean =>
    f.verdict === "pass" && ["nothing_new", "apart"].includes(String(f.evidence?.because));
  return found?.every(harmless) ?? false;
}
