/**
 * The dataset's own values inside an output. An engine searches (catalog/engine); this names the rule and puts
 * its hits into words. Never a value: only what kind, how often, in which stream and under which encoding.
 */
import type { Verdict } from "../../../vocabulary/index.js";
import type { Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";
import { several } from "./definition.js";

export const rawValues: RuleDefinition = {
  id: "raw_values",
  title: "Raw values",
  title_zh: "原始值",
  default: "identifiers and runs of a record's values: fail; what chance may explain: review",
  verdicts: ["review", "fail"],
  sentence:
    "No identifier and no run of a record's values stands in the output, also not in base64, hex, gzip, reversed or grouped.",
  sentence_zh: "输出中不得出现标识符或整条记录的连续取值，包括经 base64、十六进制、gzip、倒序或分组编码者。",
  source: "Glovebox",
};

export interface RawValueHit {
  /** The stream scanned: the `name` of a ScanText. */
  name: string;
  kind: "identifier" | "record_run";
  encoding: string;
  count: number;
  column?: string;
  /** How many hits chance alone would give. */
  chance: number;
  verdict: Verdict;
}

export function rawValueFinding(hit: RawValueHit): Finding {
  const what =
    hit.kind === "identifier"
      ? several(hit.count, "identifier")
      : `${several(hit.count, "run")} of a record's values`;
  const column = hit.column === undefined ? "" : ` of the column ${hit.column}`;
  const how = hit.encoding === "exact" ? "" : `, as ${hit.encoding}`;
  const doubt = hit.verdict === "review" ? " Chance may explain it." : "";
  return {
    rule: rawValues.id,
    verdict: hit.verdict,
    message: `${what}${column} found in the ${hit.name}${how}.${doubt}`,
    evidence: { kind: hit.kind, encoding: hit.encoding, count: hit.count, chance: hit.chance },
  };
}
