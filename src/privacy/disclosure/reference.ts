/** The docs page of the rules, generated from the table. */
import { MEDIA_TYPES } from "./media.js";
import { defaultPolicy } from "./policy.js";
import { RULES } from "./rules/index.js";

const GENERATED = "<!-- Generated from the code by scripts/docs.mjs; change the code, not this file. -->";
const GRADES = [1, 2, 3, 4, 5] as const;

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly string[][]) =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

function policyTable(): string {
  const policies = GRADES.map((grade) => defaultPolicy(grade));
  const names = Object.keys(policies[0]!) as (keyof (typeof policies)[0])[];
  return table(
    ["figure", ...GRADES.map((grade) => `grade ${grade}`)],
    names.map((name) => [`\`${name}\``, ...policies.map((p) => p[name].toLocaleString("en-US"))]),
  );
}

export function disclosureReferences(): Record<string, string> {
  const rules = RULES.map((r) => [
    `\`${r.id}\``,
    r.title,
    r.title_zh,
    r.default,
    r.verdicts.join(", "),
    r.sentence,
    r.sentence_zh,
    r.source,
  ]);
  const types = MEDIA_TYPES.map((t) => [
    `\`.${t.extension}\``,
    t.media_type,
    t.title,
    t.canonicaliser === undefined ? "not yet" : "yes",
  ]);
  const page = [
    GENERATED,
    "# Disclosure rules",
    "What the checks say of an output. The verdict of an output is the worst of its findings: `fail` outweighs `review`, which outweighs `pass`. A file that a program wrote by itself never passes without people.",
    table(["rule", "title", "标题", "default", "verdicts", "sentence", "说明", "source"], rules),
    "## Figures by grade",
    policyTable(),
    "Numbers are rounded half to even on their decimal text. Whole numbers are rounded like all others: a count above 10^8 loses digits, and so does an identifier of nine or more.",
    "## Types of file",
    table(["extension", "media type", "what", "accepted"], types),
  ];
  return { "docs/reference/rules.md": `${page.join("\n\n")}\n` };
}
