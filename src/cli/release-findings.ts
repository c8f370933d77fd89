/**
 * Findings as an auditor reads them: what needs a human first, each with the cells it means and why.
 *
 * Rules: nothing is left out without a word: where cells are more than are shown, it says how many; what passed is told
 * in one line a file. What a node says is shown without control characters.
 */
import type { Language } from "./settings.js";
import { columnsOf, plain, wrap } from "./terminal.js";

export interface SeenFinding {
  rule: string;
  verdict: string;
  message: string;
  message_zh?: string;
  cells?: [string, string][];
  reasons?: { en: string; zh: string }[];
}

interface SeenFile {
  name: string;
  verdict?: string;
  evidence?: string;
  findings?: SeenFinding[];
}

const WEIGHT: Record<string, number> = { fail: 2, review: 1, pass: 0 };
const MARKS: Record<string, string> = { fail: "✗", review: "?", pass: "✓" };
const VERDICTS_ZH: Record<string, string> = { fail: "不通过", review: "待人工", pass: "通过" };
/** Of one finding; `--json` has all. */
const CELLS_SHOWN = 8;
const CELLS_NAMED = 50;

const weight = (verdict: string | undefined): number => WEIGHT[verdict ?? ""] ?? 0;

/** Files by what needs a human most: failed ones, then those to look at, then those that nobody vouches for. */
export function worstFirst<F extends SeenFile>(files: readonly F[]): F[] {
  const unvouched = (f: F) => (f.evidence === "verified" ? 0 : 1);
  return [...files].sort((a, b) => weight(b.verdict) - weight(a.verdict) || unvouched(b) - unvouched(a));
}

/** Empty where there is nothing to say. */
export function findingLines(language: Language, files: readonly SeenFile[], columns: number): string[] {
  const all = files.flatMap((file) => (file.findings ?? []).map((finding) => ({ file, finding })));
  const human = all
    .filter(({ finding }) => finding.verdict !== "pass")
    .sort((a, b) => weight(b.finding.verdict) - weight(a.finding.verdict));
  const passed = all.filter(({ finding }) => finding.verdict === "pass");
  if (all.length === 0) return [];
  const zh = language === "zh";
  return [
    "",
    ...(human.length === 0
      ? [zh ? "没有须人工判断的检查结论。" : "No finding asks for a human."]
      : [zh ? "须人工判断：" : "For people to judge:"]),
    ...human.flatMap(({ file, finding }) => oneFinding(language, file.name, finding, columns)),
    ...(passed.length === 0 ? [] : ["", zh ? "已核实：" : "Verified and noted:"]),
    ...passed.flatMap(({ file, finding }) => {
      const [first = "", ...more] = wrap(`${file.name}: ${messageOf(language, finding)}`, columns, "    ");
      return [`  ${MARKS.pass} ${first.trimStart()}`, ...more];
    }),
  ];
}

const messageOf = (language: Language, { message, message_zh }: SeenFinding): string =>
  language === "zh" ? (message_zh ?? message) : message;

function oneFinding(language: Language, file: string, finding: SeenFinding, columns: number): string[] {
  const { verdict, rule } = finding;
  const said = language === "zh" ? (VERDICTS_ZH[verdict] ?? verdict) : verdict;
  return [
    plain(`  ${MARKS[verdict] ?? "?"} ${said}  ${file} · ${rule}`),
    ...wrap(messageOf(language, finding), columns, "      "),
    ...cellLines(language, finding, columns),
  ];
}

function cellLines(language: Language, { cells = [], reasons = [] }: SeenFinding, columns: number): string[] {
  const zh = language === "zh";
  const shown = cells.slice(0, CELLS_SHOWN).map(([row, column], i) => ({
    name: plain(row === "" ? column : `${row} | ${column}`),
    why: (zh ? reasons[i]?.zh : reasons[i]?.en) ?? "",
  }));
  const widest = Math.min(40, Math.max(0, ...shown.map(({ name }) => columnsOf(name))));
  const lines = shown.flatMap(({ name, why }) => {
    if (why === "") return wrap(name, columns, "        ");
    const pad = " ".repeat(Math.max(0, widest - columnsOf(name)));
    const inOne = `        ${name}${pad}  ${plain(why)}`;
    return columnsOf(inOne) <= columns
      ? [inOne]
      : [...wrap(name, columns, "        "), ...wrap(why, columns, "          ")];
  });
  const more = cells.length - shown.length;
  if (more <= 0) return lines;
  // A finding names no more than so many, and counts all of them in its sentence.
  const all = cells.length >= CELLS_NAMED;
  const en = all
    ? `and more: see the count above, and --json for ${more} of them`
    : `and ${more} more: see --json`;
  const cn = all ? `等：总数见上，--json 另列 ${more} 个` : `另有 ${more} 个单元格，见 --json`;
  return [...lines, `        ${zh ? cn : en}`];
}
