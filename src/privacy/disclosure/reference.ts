/** The docs page of the rules, generated from the table. */
import { MEDIA_TYPES } from "./media.js";
import { FLOORS, type OwnersFloor } from "./owners-policy.js";
import { type DisclosurePolicy, defaultPolicy } from "./policy.js";
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
    names.map((name) => [`\`${name}\``, ...policies.map((p) => figureText(p[name]))]),
  );
}

function figureText(figure: DisclosurePolicy[keyof DisclosurePolicy]): string {
  if (typeof figure === "number") return figure.toLocaleString("en-US");
  return typeof figure === "string" ? figure : figure.map(({ n, k }) => `(${n}, ${k})`).join(" ");
}

function floorTable(): string {
  const floors = GRADES.map((grade) => FLOORS[grade]);
  const names = Object.keys(floors[0]!) as (keyof OwnersFloor)[];
  return table(
    ["no looser than", ...GRADES.map((grade) => `grade ${grade}`)],
    names.map((name) => [`\`${name}\``, ...floors.map((floor) => String(floor[name]))]),
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
  const types = MEDIA_TYPES.map((t) => [`\`.${t.extension}\``, t.media_type, t.title]);
  const page = [
    GENERATED,
    "# Disclosure rules",
    "What the checks say of an output. The verdict of an output is the worst of its findings: `fail` outweighs `review`, which outweighs `pass`. A file that a program wrote by itself never passes without people.",
    table(["rule", "title", "标题", "default", "verdicts", "sentence", "说明", "source"], rules),
    "## Figures by grade",
    policyTable(),
    "## What an owner may set for a dataset",
    "Through `disclosure` of the dataset (`glovebox dataset disclosure`). A job that reads several datasets is held to the strictest of each figure, and to every owner's dominance rule. What an owner set before the grade rose is held to the new grade's row.",
    floorTable(),
    "Numbers are rounded half to even on their decimal text. Whole numbers are rounded like all others: a count above 10^8 loses digits, and so does an identifier of nine or more.",
    "## Types of file",
    table(["extension", "media type", "what"], types),
  ];
  return { "docs/reference/rules.md": `${page.join("\n\n")}\n` };
}
