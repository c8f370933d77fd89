/** Releases as people read them. */
import type { Language } from "./settings.js";
import { moment, plain, sheet, table } from "./terminal.js";

export interface ReleaseFile {
  name: string;
  output?: string;
  sha256?: string;
  verdict?: string;
  findings?: { rule: string; verdict: string; message: string }[];
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

export function releaseSheet(language: Language, r: Release): string {
  const head = sheet(language, [
    [["release", "放行"], r.id],
    [["state", "状态"], r.state],
    [["job", "任务"], r.job],
    [["why", "理由"], r.justification],
    [["approved by", "通过依据"], approvedBy(language, r)],
    [["asked", "申请时间"], moment(r.created_at)],
  ]);
  const heads = [
    ["file", "文件"],
    ["verdict", "结论"],
    ["sha256", "SHA-256"],
  ] as const;
  const files = table(
    language,
    heads,
    r.files.map((f) => [f.name, f.verdict, f.sha256]),
  );
  return [head, "", files, ...findingLines(r), ...reviewLines(r)].join("\n");
}

function approvedBy(language: Language, r: Release): string | undefined {
  if (r.approved_by !== "policy") return undefined;
  return language === "zh"
    ? "数据提供方签署的策略（未经人工审核）"
    : "the owner's signed policy, not by people";
}

/** Each finding that is not a pass, on a line. */
export function findingLines(r: Release): string[] {
  const lines = r.files.flatMap((f) =>
    (f.findings ?? [])
      .filter((finding) => finding.verdict !== "pass")
      .map((finding) => plain(`${f.name}: ${finding.verdict} ${finding.rule}: ${finding.message}`)),
  );
  return lines.length > 0 ? ["", ...lines] : [];
}

function reviewLines(r: Release): string[] {
  const lines = (r.reviews ?? []).map((review) =>
    plain([review.reviewer, review.decision, review.comment].filter(Boolean).join(" · ")),
  );
  return lines.length > 0 ? ["", ...lines] : [];
}
