/**
 * What a claim shows, in a line that people read: "units by flc.grp, across sex, where age >= 60".
 *
 * Rule: the words of a claim may be a program's; whoever prints them treats them as text of a stranger's.
 */
import type { Claim, Grouping, Measure } from "../../expression/index.js";
import { formulaLabel, labelOf } from "../models/label.js";

const MAX_CHARS = 2_000;

export function claimLabel({ statistic: s }: Claim): string {
  const parts = [subject(s), ...(s.where === undefined ? [] : [`where ${labelOf(s.where)}`])];
  const protect = "protect" in s ? s.protect : undefined;
  if (protect !== undefined)
    parts.push(protect.how === "suppress" ? "suppressed" : `rounded to ${protect.base}`);
  const text = parts.join(", ");
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
}

function subject(s: Claim["statistic"]): string {
  switch (s.kind) {
    case "table":
      return [
        `${measures(s.measures)}${groups("by", s.rows)}${groups("across", s.columns)}`,
        ...(s.margins === false ? [] : [s.margins === "all" ? "all totals" : "totals"]),
      ].join(", ");
    case "histogram":
      return `units by ${grouping(s.bins)}`;
    case "summary":
      return `${measures(s.measures)}${groups("by", s.by)}`;
    case "survival":
      return `survival to ${labelOf(s.time)} with ${labelOf(s.event)}${groups("by", s.by)}`;
    case "regression":
      return `${s.family}: ${formulaLabel(s.formula)}`;
  }
}

const measures = (list: readonly Measure[]): string =>
  list.map(({ kind, value }) => (value === undefined ? kind : `${kind} of ${labelOf(value)}`)).join(", ");

const groups = (word: string, list: readonly Grouping[]): string =>
  list.length === 0 ? "" : ` ${word} ${list.map(grouping).join(" and ")}`;

function grouping(g: Grouping): string {
  const value = labelOf(g.value);
  const bins = g.kind === "bins" ? ` in ${g.edges.join(" … ")}` : "";
  return `${value}${bins}${g.name === value ? "" : ` ("${g.name}")`}`;
}
