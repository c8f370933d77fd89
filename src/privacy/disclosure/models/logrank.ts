/**
 * A log-rank test over domains: facts, the one text of it, and what the rules say.
 *
 * Rules: each group's units, and those of them with and without the event up to the last time, are none or as many as the
 * threshold; the numbers are rounded once, to the policy's digits.
 */
import { createHash } from "node:crypto";
import { canonicalText } from "../../expression/index.js";
import type { Canonical } from "../canonical.js";
import { cleanText } from "../canonicalisers/unicode.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { capacityOf, noteCapacity } from "../rules/capacity.js";
import { several, withCells } from "../rules/definition.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { judgeMarkup } from "../rules/markup.js";
import { noteNotCompared } from "../rules/model-compared.js";
import { judgeFailure } from "../rules/no-estimate.js";
import { threshold } from "../rules/threshold.js";
import { rounded } from "./document.js";
import { decimalOf } from "./facts.js";
import { ModelFailed, type ModelFailure } from "./failure.js";
import { type GroupedCurve, type LogRank, logRank } from "./grouped.js";

export interface LogRankFacts {
  /** What is compared, as people read it. */
  time: string;
  event: string;
  by: string[];
  /** Up to when events count. */
  until: number;
  groups: { level: string; rows: number; units: number; with: number; without: number }[];
  test: LogRank | { failure: ModelFailure };
}

/** @param times the ends of the intervals, rising */
export function logRankFacts(
  named: Pick<LogRankFacts, "time" | "event" | "by">,
  curves: readonly GroupedCurve[],
  times: readonly number[],
): LogRankFacts {
  const groups = curves.map(({ levels, intervals }) => {
    const sum = (of: (i: (typeof intervals)[number]) => number, until = intervals.length) =>
      intervals.slice(0, until).reduce((n, interval) => n + of(interval), 0);
    const units = sum((i) => i.leaving);
    const having = sum((i) => i.having, times.length);
    const rows = sum((i) => i.events + i.censored);
    return { level: levels.join(" / ") || "all", rows, units, with: having, without: units - having };
  });
  const until = times.at(-1) ?? 0;
  try {
    return { ...named, until, groups, test: logRank(curves) };
  } catch (error) {
    if (!(error instanceof ModelFailed)) throw error;
    return { ...named, until, groups, test: { failure: error.failure } };
  }
}

export function judgeLogRank(facts: LogRankFacts, policy: DisclosurePolicy): Canonical {
  const { text, removed } = cleanText(textOf(facts, policy.significant_digits));
  const canonical = Buffer.from(text, "utf8");
  return {
    media_type: "application/json",
    canonical,
    bytes: canonical.length,
    sha256: createHash("sha256").update(canonical).digest("hex"),
    findings: [
      ...("failure" in facts.test ? [judgeFailure(facts.test.failure)] : judgeGroups(facts, policy)),
      noteNotCompared(),
      ...judgeRemoved(removed),
      ...judgeMarkup(text),
      noteCapacity(canonical),
    ],
    capacity_bytes: capacityOf(canonical),
    texts: [{ name: "content", content: canonical }],
  };
}

function textOf({ time, event, by, until, groups, test }: LogRankFacts, digits: number): string {
  const number = (value: number) => Number(rounded(decimalOf(value), digits));
  const asked = { kind: "logrank", time, event, by, until: number(until) };
  if ("failure" in test) return canonicalText({ ...asked, failure: test.failure });
  return canonicalText({
    ...asked,
    chi_square: number(test.chi_square),
    degrees_of_freedom: test.degrees,
    p_value: number(test.p_value),
    groups: groups.map(({ level, rows, units }, i) => ({
      level,
      observations: number(rows),
      units: number(units),
      observed: number(test.groups[i]!.observed),
      expected: number(test.groups[i]!.expected),
    })),
  });
}

function judgeGroups({ groups }: LogRankFacts, policy: DisclosurePolicy): Finding[] {
  const isSmall = (units: number) => units > 0 && units < policy.threshold;
  const small = groups.flatMap(({ level, units, with: having, without }) =>
    (
      [
        ["units", units],
        ["units with the event", having],
        ["units without the event", without],
      ] as const
    ).flatMap(([name, n]): [string, string][] => (isSmall(n) ? [[level, name]] : [])),
  );
  if (small.length === 0) return [];
  return [
    withCells(
      {
        rule: threshold.id,
        verdict: "fail",
        message: `${several(small.length, "count")} of the test on fewer than ${policy.threshold} units.`,
        message_zh: `检验中有 ${small.length} 处计数少于 ${policy.threshold} 个单元。`,
        evidence: { threshold: policy.threshold, stated_by: "node" },
      },
      small,
    ),
  ];
}
