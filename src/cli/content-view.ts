/** How a file was read and why each column got its type, as its owner reads it. */
import type { Version } from "./dataset-view.js";
import type { Language } from "./settings.js";
import { type Bilingual, sheet, table } from "./terminal.js";

export interface FileReading {
  format: string;
  compression?: string;
  encoding?: { name: string; found_by: string; characters?: number; common?: number };
  delimiter?: string;
  quote?: string;
  header?: string;
  decimal?: string;
  missing: string[];
  sheet?: string;
  declared: string[];
}
export interface ColumnEvidence {
  name: string;
  type: string;
  declared: boolean;
  rows: number;
  nulls: number;
  reading?: string;
  not?: { type: string; line?: number }[];
}
/** A version as an import answers it. */
export interface Content extends Version {
  file: FileReading;
  evidence: ColumnEvidence[];
}

const MAX_COLUMNS = 60;

const FOUND_BY: Readonly<Record<string, Bilingual>> = {
  declared: ["as you said", "按声明"],
  mark: ["by its byte order mark", "依字节序标记"],
  zero_bytes: ["by its zero bytes", "依零字节分布"],
  valid: ["all of it is valid", "全文有效"],
  statistics: ["by how common its characters are", "依字符统计"],
  ascii: ["all of it is ASCII", "全为 ASCII"],
};
const READINGS: Readonly<Record<string, Bilingual>> = {
  loose: ["with spaces, signs or full-width digits", "含空格、符号或全角数字"],
  grouped: ["grouped digits: 1,234", "千分位：1,234"],
  decimal_comma: ["decimal comma: 1,5", "逗号小数：1,5"],
  chinese_units: ["万, 亿", "万、亿单位"],
  date_separated: ["dates such as 2020/1/31", "2020/1/31 式日期"],
  date_chinese: ["dates such as 2020年1月31日", "2020年1月31日 式日期"],
};
const MARKS: Readonly<Record<string, string>> = { "\t": "tab", "|": "|", ",": ",", ";": ";" };

const at = (language: Language, text: Bilingual) => text[language === "zh" ? 1 : 0];

export function readingSheet(language: Language, { file, evidence }: Content): string {
  const said = (name: string) =>
    file.declared.includes(name) ? at(language, [" (as you said)", "（按声明）"]) : "";
  const one = (name: string, value: string | undefined) =>
    value === undefined ? undefined : `${value}${said(name)}`;
  const head = sheet(language, [
    [
      ["read as", "读取方式"],
      `${file.format}${file.compression ? ` (${file.compression})` : ""}${said("format")}`,
    ],
    [["encoding", "编码"], encodingText(language, file)],
    [["delimiter", "分隔符"], one("delimiter", file.delimiter && (MARKS[file.delimiter] ?? file.delimiter))],
    [["quote", "引号"], one("quote", file.quote)],
    [["header", "表头"], one("header", file.header)],
    [["decimal", "小数点"], one("decimal", file.decimal)],
    [["sheet", "工作表"], one("sheet", file.sheet)],
    [["missing", "缺失值"], one("missing", file.missing.map((text) => JSON.stringify(text)).join(" "))],
  ]);
  return evidence.length === 0 ? head : `${head}\n\n${columnTable(language, evidence)}`;
}

function encodingText(language: Language, { encoding }: FileReading): string | undefined {
  if (!encoding) return undefined;
  const why = FOUND_BY[encoding.found_by];
  return `${encoding.name}${why ? `, ${at(language, why)}` : ""}`;
}

function columnTable(language: Language, evidence: readonly ColumnEvidence[]): string {
  const heads = [
    ["column", "字段"],
    ["type", "类型"],
    ["empty", "空值"],
    ["because", "依据"],
  ] as const;
  const rows = evidence.slice(0, MAX_COLUMNS).map((c) => [c.name, c.type, c.nulls, becauseOf(language, c)]);
  const more = evidence.length - rows.length;
  const rest = at(language, [`… and ${more} more; --json has all`, `……另有 ${more} 列，见 --json`]);
  return `${table(language, heads, rows)}${more > 0 ? `\n${rest}` : ""}`;
}

function becauseOf(language: Language, column: ColumnEvidence): string {
  const values = column.rows - column.nulls;
  const parts = [
    column.declared
      ? at(language, ["as you said", "按声明"])
      : at(language, [`${values} values fit`, `${values} 个值相符`]),
  ];
  const reading = column.reading === undefined ? undefined : READINGS[column.reading];
  if (reading) parts.push(at(language, reading));
  for (const [line, types] of refusals(column)) {
    const where = line === undefined ? "" : at(language, [` (line ${line})`, `（第 ${line} 行）`]);
    parts.push(`${at(language, ["not", "非"])} ${types.join(", ")}${where}`);
  }
  return parts.join("; ");
}

/** The types that did not fit, by the line where they did not. */
function refusals({ not = [] }: ColumnEvidence): Map<number | undefined, string[]> {
  const byLine = new Map<number | undefined, string[]>();
  for (const { type, line } of not) byLine.set(line, [...(byLine.get(line) ?? []), type]);
  return byLine;
}
