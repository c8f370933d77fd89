/**
 * A recomputed table, rebuilt and judged: what a checker says of a file, said of facts.
 *
 * Pure, and needs no checker process: the text is the node's own. Labels are data of the owner all the same, so what
 * could act in a spreadsheet or hide in a text is looked for as in any other table.
 */
import { createHash } from "node:crypto";
import type { Canonical } from "../canonical.js";
import { writeTable } from "../canonicalisers/csv.js";
import { cleanText } from "../canonicalisers/unicode.js";
import type { TableCell, TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { capacityOf, noteCapacity } from "../rules/capacity.js";
import { judgeFormulas } from "../rules/formula.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { judgeMarkup } from "../rules/markup.js";
import { noteRecomputed } from "../rules/recomputed.js";
import { judgeTable } from "../rules/tables.js";
import { TOTAL_LABEL } from "./plan.js";
import { type Layout, layOut } from "./render.js";

/** The text alone: what a rehearsal shows. */
export function renderFacts(facts: TableFacts, layout: Layout): Buffer {
  return Buffer.from(cleanText(writeTable(layOut(facts, layout)).toString("utf8")).text, "utf8");
}

export function judgeFacts(facts: TableFacts, layout: Layout, policy: DisclosurePolicy): Canonical {
  const table = layOut(facts, layout);
  const { text, removed } = cleanText(writeTable(table).toString("utf8"));
  const canonical = Buffer.from(text, "utf8");
  const nameOf = cellName(facts, layout);
  return {
    media_type: "text/csv",
    canonical,
    bytes: canonical.length,
    sha256: createHash("sha256").update(canonical).digest("hex"),
    findings: [
      ...judgeTable(facts, policy, nameOf),
      ...judgeFormulas(table),
      ...judgeRemoved(removed),
      ...judgeMarkup(text),
      noteRecomputed(facts, layout, policy),
      noteCapacity(canonical),
    ],
    capacity_bytes: capacityOf(canonical),
    texts: [{ name: "content", content: canonical }],
    table: facts,
  };
}

const cellName =
  ({ dimensions, measures }: TableFacts, { down }: Layout) =>
  ({ at, measure }: TableCell): [string, string] => {
    const names = at.map((level, i) => (level === TOTAL ? TOTAL_LABEL : dimensions[i]!.levels[level]!));
    const column = [names.slice(down).join(" / "), measures.length > 1 ? measures[measure]!.name : ""];
    const shown = column.filter((part) => part !== "").join(": ");
    return [names.slice(0, down).join(" / "), shown === "" ? measures[measure]!.name : shown];
  };
