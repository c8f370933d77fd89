/** Releases as people read them. */

import { findingLines, type SeenFinding, worstFirst } from "./release-findings.js";
import type { Language } from "./settings.js";
import { moment, plain, sheet, size, table } from "./terminal.js";

export interface Room {
  bytes: number;
  records: number;
}

export interface ReleaseFile {
  name: string;
  output?: string;
  sha256?: string;
  verdict?: string;
  evidence?: string;
  bytes?: number;
  /** Of what the node computed: what it shows, in words. */
  shows?: string;
  /** To auditors: how much it could carry beside what it says. */
  room?: Room;
  findings?: SeenFinding[];
}
export interface Review {
  reviewer?: string;
  decision?: string;
  comment?: string;
  round?: number;
}
export interface Release {
  id: string;
  job: string;
  state: string;
  justification?: string;
  files: ReleaseFile[];
  approved_by?: "reviewers" | "policy";
  reviews?: Review[];
  room?: { record_bytes: number; job: Room; to_date: Room & { files: number } };
  created_at: string;
}

export const releasePath = (id: string): string => `/api/v1/releases/${encodeURIComponent(id)}`;

export function releaseTable(language: Language, items: readonly Release[]): string {
  const heads = [
    ["id", "编号"],
    ["state", "状态"],
    ["job", "任务"],
    ["files", "文件"],
    ["asked", "申请时间"],
  ] as const;
  const rows = items.map((r) => [
    r.id,
    r.state,
    r.job,
    r.files.map((f) => f.name).join(", "),
    moment(r.created_at),
  ]);
  return table(language, heads, rows);
}

export function releaseSheet(language: Language, r: Release, columns = 100): string {
  const head = sheet(language, [
    [["release", "放行"], r.id],
    [["state", "状态"], r.state],
    [["job", "任务"], r.job],
    [["why", "理由"], r.justification],
    [["approved by", "通过依据"], approvedBy(language, r)],
    [["asked", "申请时间"], moment(r.created_at)],
    [["job could hold", "任务容量"], r.room && atMost(language, r.room.job)],
    [["to date", "迄今容量"], r.room && toDate(language, r.room.to_date)],
  ]);
  const files = worstFirst(r.files);
  return [
    head,
    "",
    fileTable(language, files),
    ...showsLines(language, files),
    ...findingLines(language, files, columns),
    ...reviewLines(r),
  ].join("\n");
}

function fileTable(language: Language, files: readonly ReleaseFile[]): string {
  const seen = files.some((f) => f.evidence !== undefined);
  const roomy = files.some((f) => f.room !== undefined);
  const heads = [
    ["file", "文件"],
    ["verdict", "结论"],
    ...(seen
      ? ([
          ["evidence", "依据"],
          ["size", "大小"],
        ] as const)
      : []),
    ...(roomy ? ([["could hold at most", "最多可承载"]] as const) : []),
    ["sha256", "SHA-256"],
  ] as const;
  const rows = files.map((f) => [
    f.name,
    f.verdict,
    ...(seen ? [f.evidence, f.bytes === undefined ? "" : size(f.bytes)] : []),
    ...(roomy ? [f.room && roomOf(language, f, f.room)] : []),
    f.sha256,
  ]);
  return table(language, heads, rows);
}

/** What each file shows, where the node computed it: the words of a claim may be a program's. */
function showsLines(language: Language, files: readonly ReleaseFile[]): string[] {
  const lines = files.flatMap(({ name, shows }) =>
    shows === undefined
      ? []
      : [plain(language === "zh" ? `${name} 展示：${shows}` : `${name} shows ${shows}`)],
  );
  return lines.length === 0 ? [] : ["", ...lines];
}

/** "1.2 kB ≈ 9 records": how much of a message there is room for. */
export function atMost(language: Language, { bytes, records }: Room): string {
  if (bytes === 0) return language === "zh" ? "无" : "nothing";
  if (language === "zh") return `${size(bytes)} ≈ ${records} 条记录`;
  return `${size(bytes)} ≈ ${records} record${records === 1 ? "" : "s"}`;
}

function roomOf(language: Language, file: ReleaseFile, room: Room): string {
  if (file.evidence !== "verified") return atMost(language, room);
  return language === "zh" ? "无（内容于运行前已定）" : "nothing: fixed before the run";
}

function toDate(language: Language, room: Room & { files: number }): string {
  const { files } = room;
  if (files === 0) return language === "zh" ? "尚无文件放行" : "no file went out yet";
  const held = room.bytes === 0 ? size(0) : atMost(language, room);
  return language === "zh"
    ? `${held}，共 ${files} 个文件`
    : `${held}, in ${files} file${files === 1 ? "" : "s"}`;
}

function approvedBy(language: Language, r: Release): string | undefined {
  if (r.approved_by !== "policy") return undefined;
  return language === "zh"
    ? "数据提供方签署的策略（未经人工审核）"
    : "the owner's signed policy, not by people";
}

function reviewLines(r: Release): string[] {
  const lines = (r.reviews ?? []).map((review) =>
    plain([review.reviewer, review.decision, review.comment].filter(Boolean).join(" · ")),
  );
  return lines.length > 0 ? ["", ...lines] : [];
}
