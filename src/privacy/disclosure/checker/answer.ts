/**
 * The shape of a checker's answer, as the node accepts it: closed, bounded, with the rules that exist.
 *
 * The file that a checker read may have taken it over. It could then still call its own bytes clean (it has no
 * data to leak), but it cannot reach further into the node than this shape lets it.
 */
import { z } from "zod";
import { VERDICTS } from "../../../vocabulary/index.js";
import { STATISTICS, TABLE_FACTS_FORMAT } from "../facts.js";
import { MAX_CELLS } from "../finding.js";
import { RULES } from "../rules/index.js";

const RULE_IDS = RULES.map((r) => r.id) as [string, ...string[]];
const Text = z.string().max(500);

const FindingShape = z.strictObject({
  rule: z.enum(RULE_IDS),
  verdict: z.enum(VERDICTS),
  message: z.string().max(4_000),
  message_zh: z.string().max(4_000).optional(),
  cells: z
    .array(z.tuple([Text, Text]))
    .max(MAX_CELLS)
    .optional(),
  evidence: z
    .record(z.string().max(64), z.union([z.string().max(200), z.number(), z.boolean(), z.null()]))
    .optional(),
});

const Name = z.string().max(20_000);
const FactsShape = z.strictObject({
  format: z.literal(TABLE_FACTS_FORMAT),
  stated_by: z.literal("program"),
  filter: z.null(),
  dimensions: z.array(z.strictObject({ name: Name, levels: z.array(Name) })),
  measures: z.array(
    z.strictObject({
      name: Name,
      statistic: z.enum(STATISTICS),
    }),
  ),
  cells: z.array(
    z.strictObject({
      at: z.array(z.int().min(-1)),
      measure: z.int().min(0),
      value: z.string().max(500).nullable(),
      units: z.null(),
    }),
  ),
});

/** Bodies: the canonical bytes when `rebuilt`, then one a scan text. */
export const AnswerHeader = z.strictObject({
  rebuilt: z.boolean(),
  capacity_bytes: z.int().min(0),
  findings: z.array(FindingShape).max(200),
  text_names: z.array(z.string().max(200)).max(600),
  table: FactsShape.optional(),
  bodies: z.array(z.int()),
});
