/** The page of all states: each table in code as a diagram and a table. */
import { POLICY_BARS, RELEASE_TRANSITIONS } from "../../airlock/index.js";
import { DATASET_TRANSITIONS, GRANT_TRANSITIONS, UPLOAD_TRANSITIONS } from "../../catalog/index.js";
import { JOB_TRANSITIONS, RUN_TRANSITIONS } from "../../jobs/index.js";
import { code, markdownTable, page } from "./markdown.js";

/** A row of any of the tables, in the words that they share. */
interface Row {
  from: string;
  event: string;
  to: string;
  who: readonly string[];
  guard?: string;
  entry: string;
  label: string;
  label_zh: string;
}

interface Acted extends Omit<Row, "event" | "who"> {
  action: string;
  by: string;
}

const acted = (rows: readonly Acted[]): Row[] =>
  rows.map(({ action, by, ...row }) => ({ ...row, event: action, who: [by] }));

const MACHINES: readonly { title: string; title_zh: string; first: string; rows: readonly Row[] }[] = [
  { title: "Dataset", title_zh: "数据资源", first: "draft", rows: acted(DATASET_TRANSITIONS) },
  { title: "Upload", title_zh: "上传", first: "receiving", rows: acted(UPLOAD_TRANSITIONS) },
  { title: "Grant", title_zh: "授权", first: "requested", rows: acted(GRANT_TRANSITIONS) },
  { title: "Job", title_zh: "任务", first: "queued", rows: JOB_TRANSITIONS },
  { title: "Run", title_zh: "运行", first: "leased", rows: RUN_TRANSITIONS },
  { title: "Release", title_zh: "放行", first: "pending", rows: RELEASE_TRANSITIONS },
];

export function statesPage(): string {
  return page("States", [
    "What may become what, by whom, and which ledger entry says so. A state changes by a row of these tables and in no other way.",
    ...MACHINES.flatMap(({ title, title_zh, first, rows }) => [
      `## ${title} ${title_zh}`,
      diagram(first, rows),
      markdownTable(
        ["from", "event", "to", "who", "must hold", "entry", "中文"],
        rows.map((r) => [
          code(r.from),
          code(r.event),
          code(r.to),
          r.who.join(", "),
          r.guard ?? "",
          r.entry && code(r.entry),
          r.label_zh,
        ]),
      ),
    ]),
    "## Release without people 自动放行",
    "At its submission a release is approved by its owners' signed policies where none of these bars holds; else it goes to reviewers, and the entry `release.sent_to_people` names the bars.",
    markdownTable(
      ["bar", "holds when", "中文"],
      POLICY_BARS.map((bar) => [code(bar.id), bar.says, bar.says_zh]),
    ),
  ]);
}

function diagram(first: string, rows: readonly Row[]): string {
  const froms = new Set(rows.map((r) => r.from));
  const ends = new Set(rows.map((r) => r.to).filter((to) => !froms.has(to)));
  return [
    "```mermaid",
    "stateDiagram-v2",
    `  [*] --> ${first}`,
    ...rows.map((r) => `  ${r.from} --> ${r.to}: ${r.event}`),
    ...[...ends].map((end) => `  ${end} --> [*]`),
    "```",
  ].join("\n");
}
