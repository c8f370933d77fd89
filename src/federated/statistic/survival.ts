/**
 * Kaplan–Meier curves and the log-rank test over domains: how many rows and units end in each of the declared intervals.
 *
 * Rules: groups are those that a table by the same would have, with all their levels declared; the ends of the intervals
 * are the question's `times`, which it must name. What ends within an interval is taken to end at its end
 * (models/grouped.ts), so a curve over domains is one of times rounded up to these; what ends after the last is at risk
 * until then. A unit is counted in the interval of its first row with the event, of its first without, and of its last,
 * so that sums over intervals are distinct units. Pure.
 */
import {
  type ClaimStatistic,
  type ExpressionColumns,
  filterOf,
  type GroupedCurve,
  groupedCurve,
  type IntervalCount,
  judgeLogRank,
  judgeModel,
  logRankFacts,
  planTable,
  type SlotLayout,
  slotLayout,
  type TablePlan,
  valueLabel,
} from "../../privacy/index.js";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";
import { type CollaborationSpec, spokenColumns, spokenPolicy } from "../collaborations/spec.js";
import { double } from "./fixed.js";
import type { AnswerRow, SharedStatistic } from "./shared.js";
import { Writer } from "./writer.js";

export type Survival = Extract<ClaimStatistic, { kind: "survival" }>;

/** Numbers of one question. */
const MAX_NUMBERS = 20_000;

/** Of each interval of each group, in this order. */
const COUNTS = ["events", "censored", "having", "lacking", "leaving"] as const;

interface SurvivalShape {
  statistic: Survival;
  dimensions: TablePlan["dimensions"];
  times: number[];
  /** Intervals: one for each time, and what ends after the last. */
  intervals: number;
  /** How many groups there are. */
  groups: number;
}

/** @param t plaintext modulus of the sums. @throws invalid_input naming the place */
export function sharedSurvival(
  spec: CollaborationSpec,
  statistic: Survival,
  wanted: "curves" | "test",
  t: bigint,
): SharedStatistic {
  const shape = shapeOf(spec, statistic);
  if (wanted === "test" && shape.groups < 2) throw invalidInput("by", "names no groups to compare");
  return {
    slots: slotsOf(spec, shape, t),
    maxRows: shape.groups * shape.intervals + 1,
    question: (columns, stored) => survivalQuestion(shape, columns, stored),
    contribution: (answer) => contributionOf(shape, answer),
    outcome: (sums) => ({
      kind: "result",
      canonical: (wanted === "curves" ? curvesOf : testOf)(spec, shape, sums),
    }),
  };
}

function shapeOf(spec: CollaborationSpec, statistic: Survival): SurvivalShape {
  const { by, missing, times } = statistic;
  if (times === undefined)
    throw invalidInput("times", "must be named: curves over domains are counted between them");
  const { dimensions } = planTable(
    { kind: "summary", by, measures: [{ kind: "units", name: "units" }], missing },
    spokenColumns(spec),
  );
  dimensions.forEach(({ name, levels }, i) => {
    if (levels.length === 0) throw invalidInput(`by.${i}`, `${name} needs declared categories, or bins`);
  });
  const groups = dimensions.reduce((n, { levels }) => n * levels.length, 1);
  const intervals = times.length + 1;
  if (groups * intervals * COUNTS.length > MAX_NUMBERS)
    throw invalidInput("times", `needs more than ${MAX_NUMBERS} numbers`);
  if (Number(times[0]) < 0) throw invalidInput("times.0", "must not be negative");
  return { statistic, dimensions, times: times.map(Number), intervals, groups };
}

function slotsOf(spec: CollaborationSpec, { groups, intervals }: SurvivalShape, t: bigint): SlotLayout {
  const fields = Array.from({ length: groups * intervals * COUNTS.length }, (_, i) => ({
    name: `${Math.floor(i / COUNTS.length)} ${COUNTS[i % COUNTS.length]}`,
    scale: 0,
    bound: BigInt(spec.max_rows),
  }));
  return slotLayout(fields, spec.participants.length, t);
}

/** A row for each group and interval: the group's place, the interval's, and the counts; and one of rows beyond. */
function survivalQuestion(
  { statistic, dimensions, times }: SurvivalShape,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
): { sql: string; parameters: string[] } {
  const write = new Writer(columns, stored);
  const picked = [
    "__unit AS u",
    `${write.number(statistic.time)} AS t`,
    `${write.number(statistic.event)} AS e`,
    ...dimensions.map((d, i) => `${write.text(d.value)} AS l${i}`),
  ];
  const where = statistic.where === undefined ? "" : ` WHERE ${write.expr(statistic.where)}`;
  const coded = dimensions.map(({ levels }, i) => {
    const keys = levels.flatMap(({ key }) => (key === null ? [] : [key]));
    const list = keys.map((key) => `CAST(${write.parameter(key)} AS VARCHAR)`);
    const absent = levels.findIndex(({ key }) => key === null);
    const place = `coalesce(list_position([${list.join(", ")}], l${i}), 0) - 1`;
    return absent < 0 ? place : `CASE WHEN l${i} IS NULL THEN ${absent} ELSE ${place} END`;
  });
  const group = dimensions.reduce((at, { levels }, i) => `(${at}) * ${levels.length} + c${i}`, "0");
  const known = ["t IS NOT NULL", "e IS NOT NULL"];
  if (statistic.missing === "drop") known.push(...dimensions.map((_, i) => `l${i} IS NOT NULL`));
  const outside = ["t < 0", "e NOT IN (0, 1)", ...dimensions.map((_, i) => `c${i} < 0`)].join(" OR ");
  const first = (row: string) => `min(k) FILTER (${row}) OVER (PARTITION BY g, u)`;
  const counted = (what: string) => `CAST(count(DISTINCT u) FILTER (${what}) AS VARCHAR)`;
  const sql =
    `WITH picked AS (SELECT ${picked.join(", ")} FROM data${where}), ` +
    `coded AS (SELECT ${["u", "t", "e", ...coded.map((c, i) => `${c} AS c${i}`)].join(", ")} FROM picked ` +
    `WHERE ${known.join(" AND ")}), ` +
    `kept AS MATERIALIZED (SELECT u, e, ${group} AS g, ${intervalOf(times)} AS k, (${outside}) AS beyond FROM coded), ` +
    `placed AS (SELECT u, e, g, k, ${first("e = 1")} AS h, ${first("e = 0")} AS l, ` +
    "max(k) OVER (PARTITION BY g, u) AS z FROM kept WHERE NOT beyond) " +
    "SELECT -1, 0, CAST(count(*) FILTER (beyond) AS VARCHAR), '0', '0', '0', '0' FROM kept UNION ALL " +
    "SELECT CAST(g AS INTEGER), CAST(k AS INTEGER), CAST(count(*) FILTER (e = 1) AS VARCHAR), " +
    `CAST(count(*) FILTER (e = 0) AS VARCHAR), ${counted("e = 1 AND h = k")}, ${counted("e = 0 AND l = k")}, ` +
    `${counted("z = k")} FROM placed GROUP BY g, k`;
  return { sql, parameters: write.values };
}

/** How many of the rising times lie before t: halved again and again. */
function intervalOf(times: readonly number[], from = 0, to = times.length): string {
  if (from === to) return String(from);
  const middle = (from + to) >> 1;
  const [here, above] = [intervalOf(times, from, middle), intervalOf(times, middle + 1, to)];
  return `CASE WHEN t <= ${double(times[middle]!)} THEN ${here} ELSE ${above} END`;
}

/** @throws state_conflict when rows fall outside of what the spec declares */
function contributionOf({ groups, intervals }: SurvivalShape, answer: readonly AnswerRow[]): bigint[] {
  const numbers = new Array<bigint>(groups * intervals * COUNTS.length).fill(0n);
  for (const [group, interval, ...counts] of answer) {
    if (Number(group) < 0) {
      if (Number(counts[0]) === 0) continue;
      throw new GloveboxError("state_conflict", {
        detail: "the data have values beyond what the spec declares",
      });
    }
    const at = (Number(group) * intervals + Number(interval)) * COUNTS.length;
    for (const [i, count] of counts.entries()) numbers[at + i] = BigInt(String(count));
  }
  return numbers;
}

/** Groups that have rows in some domain, in the order of their levels. */
function groupsOf({ dimensions, groups, intervals }: SurvivalShape, sums: readonly bigint[]): GroupedCurve[] {
  const curves: GroupedCurve[] = [];
  for (let group = 0; group < groups; group++) {
    const counted = Array.from({ length: intervals }, (_, k): IntervalCount => {
      const at = (group * intervals + k) * COUNTS.length;
      const [events, censored, having, lacking, leaving] = COUNTS.map((_, i) => Number(sums[at + i])) as [
        number,
        number,
        number,
        number,
        number,
      ];
      return { events, censored, having, lacking, leaving };
    });
    if (counted.every(({ leaving }) => leaving === 0)) continue;
    let rest = group;
    const levels = dimensions
      .toReversed()
      .map(({ levels: own }) => {
        const level = own[rest % own.length]!;
        rest = Math.floor(rest / own.length);
        return level.label;
      })
      .toReversed();
    curves.push({ levels, intervals: counted });
  }
  return curves;
}

function curvesOf(spec: CollaborationSpec, shape: SurvivalShape, sums: readonly bigint[]) {
  const policy = spokenPolicy(spec);
  const { times, dimensions, statistic } = shape;
  const curves = groupsOf(shape, sums).map((curve) => groupedCurve(curve, times, policy.threshold));
  const total = (of: (curve: (typeof curves)[number]) => number) => curves.reduce((n, c) => n + of(c), 0);
  return judgeModel(
    {
      format: 1,
      stated_by: "node",
      kind: "survival",
      filter: filterOf(statistic),
      by: dimensions.map(({ name }) => name),
      rows: total((c) => c.rows),
      units: total((c) => c.units),
      threshold: policy.threshold,
      ...(curves.length === 0 ? { failure: "no_rows" as const } : {}),
      curves,
      times: times.length,
    },
    policy,
  );
}

function testOf(spec: CollaborationSpec, shape: SurvivalShape, sums: readonly bigint[]) {
  const { statistic, dimensions, times } = shape;
  const named = {
    time: valueLabel(statistic.time),
    event: valueLabel(statistic.event),
    by: dimensions.map(({ name }) => name),
  };
  return judgeLogRank(logRankFacts(named, groupsOf(shape, sums), times), spokenPolicy(spec));
}
