/** Datasets as people read them. */
import type { Language } from "./settings.js";
import { moment, sheet, table } from "./terminal.js";

export interface Column {
  name: string;
  type: string;
  class: string;
  grade: number;
  bounds?: [string, string];
  categories?: string[];
  unit?: string;
}
export interface Version {
  version: string;
  sha256: string;
  rows: number;
  units: number;
  columns: Column[];
}
export interface Dataset {
  id: string;
  name: string;
  title?: string;
  owner: string;
  state: string;
  grade: number;
  open_type: string;
  unit_column?: string | null;
  columns: Column[];
  auditors?: string[];
  current_version?: string;
  created_at: string;
}

export function datasetTable(language: Language, items: readonly Dataset[]): string {
  const heads = [
    ["name", "名称"],
    ["state", "状态"],
    ["grade", "分级"],
    ["owner", "提供方"],
    ["title", "标题"],
  ] as const;
  return table(
    language,
    heads,
    items.map((d) => [d.name, d.state, d.grade, d.owner, d.title]),
  );
}

export function datasetSheet(language: Language, d: Dataset): string {
  const head = sheet(language, [
    [["name", "名称"], d.name],
    [["title", "标题"], d.title],
    [["state", "状态"], d.state],
    [["grade", "分级"], d.grade],
    [["open type", "开放类型"], d.open_type],
    [["owner", "提供方"], d.owner],
    [["unit", "隐私单元"], d.unit_column ?? undefined],
    [["auditors", "审核员"], d.auditors?.join(", ")],
    [["version", "版本"], d.current_version],
    [["since", "登记时间"], moment(d.created_at)],
  ]);
  const heads = [
    ["column", "字段"],
    ["type", "类型"],
    ["class", "类别"],
    ["grade", "分级"],
    ["declared", "声明范围"],
  ] as const;
  const rows = d.columns.map((c) => [c.name, c.type, c.class, c.grade, declared(c)]);
  return rows.length === 0 ? head : `${head}\n\n${table(language, heads, rows)}`;
}

function declared(c: Column): string {
  const range = c.bounds ? `${c.bounds[0]} … ${c.bounds[1]}` : (c.categories ?? []).slice(0, 8).join(" ");
  return c.unit ? `${range} ${c.unit}` : range;
}
