/**
 * A table of figures with noise, rebuilt: no rule looks at how few people stand behind a cell, since every figure has noise,
 * and its standard error beside it. Labels are looked at as in any other table.
 */
import { createHash } from "node:crypto";
import type { Canonical } from "../canonical.js";
import { writeTable } from "../canonicalisers/csv.js";
import { cleanText } from "../canonicalisers/unicode.js";
import type { TableFacts } from "../facts.js";
import { capacityOf, noteCapacity } from "../rules/capacity.js";
import { judgeFormulas } from "../rules/formula.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { judgeMarkup } from "../rules/markup.js";
import { type NoiseTerms, noteNoise } from "../rules/noise.js";
import { type Layout, layOut } from "./render.js";

/** @param facts of noisy figures; they are not for being remembered: what is asked next has noise of its own */
export function judgeNoisy(facts: TableFacts, layout: Layout, terms: NoiseTerms): Canonical {
  const table = layOut(facts, layout);
  const { text, removed } = cleanText(writeTable(table).toString("utf8"));
  const canonical = Buffer.from(text, "utf8");
  return {
    media_type: "text/csv",
    canonical,
    bytes: canonical.length,
    sha256: createHash("sha256").update(canonical).digest("hex"),
    findings: [
      ...judgeFormulas(table),
      ...judgeRemoved(removed),
      ...judgeMarkup(text),
      noteNoise(terms),
      noteCapacity(canonical),
    ],
    capacity_bytes: capacityOf(canonical),
    texts: [{ name: "content", content: canonical }],
  };
}
