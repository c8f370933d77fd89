/** What people see: tables, progress and sentences, in their language. */
import Table from "cli-table3";
import type { Language } from "./settings.js";

/** English and Chinese of one text. */
export type Bilingual = readonly [en: string, zh: string];

const BARE = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

const BARE_STYLE = { head: [], border: [], "padding-left": 0, "padding-right": 0 };

/** Control characters could repaint a terminal: what a node says is shown without them. */
export const plain = (value: unknown): string => String(value ?? "").replace(/[\p{Cc}\p{Cf}]/gu, " ");

export function table(
  language: Language,
  heads: readonly Bilingual[],
  rows: readonly (readonly unknown[])[],
): string {
  if (rows.length === 0) return language === "zh" ? "（无）" : "(none)";
  const made = new Table({
    head: heads.map((head) => head[language === "zh" ? 1 : 0]),
    chars: BARE,
    style: BARE_STYLE,
  });
  for (const row of rows) made.push(row.map(plain));
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Name and value a line, the values in one column. */
export function sheet(language: Language, rows: readonly (readonly [Bilingual, unknown])[]): string {
  const shown = rows.filter(([, value]) => value !== undefined && value !== "");
  const made = new Table({ chars: BARE, style: BARE_STYLE });
  for (const [name, value] of shown) made.push([name[language === "zh" ? 1 : 0], plain(value)]);
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Characters that take two columns: Chinese, Japanese and Korean ones, and their punctuation. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
export const columnsOf = (text: string): number =>
  [...text].reduce((sum, char) => sum + (WIDE.test(char) ? 2 : 1), 0);

/** As wide as a terminal is, or as lines are where nobody sees them. */
export const widthOf = (stream: { columns?: number }): number => Math.min(stream.columns ?? 100, 120);

/** Lines of at most so many columns, broken at spaces and beside wide characters, each after the indent. */
export function wrap(text: string, columns: number, indent = ""): string[] {
  const room = Math.max(20, columns - columnsOf(indent));
  const lines: string[] = [];
  let line = "";
  for (const piece of plain(text).match(/\s+|[^\s\u1100-\uffff]+|[\u1100-\uffff]/gu) ?? []) {
    if (columnsOf(line + piece) > room && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = "";
    }
    line += line === "" ? piece.trimStart() : piece;
  }
  if (line.trim() !== "") lines.push(line.trimEnd());
  return lines.map((one) => indent + one);
}

/** A moment to the second, without the letter T in the way. */
export const moment = (time: string | undefined): string =>
  (time ?? "").replace("T", " ").replace(/\.\d+Z$/, "Z");

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1 << 20) return `${(bytes / 1024).toFixed(1)} kB`;
  return `${(bytes / (1 << 20)).toFixed(1)} MB`;
}

/** A line on stderr that is written over, on a terminal only. */
export class Progress {
  private shown = "";
  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(text: string): void {
    if (!this.stream.isTTY || text === this.shown) return;
    this.stream.write(`\r\u001b[K${plain(text)}`);
    this.shown = text;
  }

  clear(): void {
    if (this.shown) this.stream.write("\r\u001b[K");
    this.shown = "";
  }
}
