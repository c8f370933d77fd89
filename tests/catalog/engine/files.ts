/** Files of the kinds that people send, made here byte by byte, so that a test can also make bad ones. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";

export interface ZipOptions {
  stored?: boolean;
  /** What the directory says of every member, where it lies. */
  lie?: { bytes?: number; crc?: number; flags?: number; method?: number; offset?: number; packed?: number };
}

const u16 = (n: number): Buffer => Buffer.from([n & 255, (n >> 8) & 255]);
const u32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n >>> 0);
  return bytes;
};

export function zipOf(files: Record<string, string | Buffer>, options: ZipOptions = {}): Buffer {
  const { stored = false, lie = {} } = options;
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const packed = stored ? bytes : deflateRawSync(bytes, { level: 9 });
    const label = Buffer.from(name);
    const about = Buffer.concat([
      u16(20),
      u16(lie.flags ?? 0x800),
      u16(lie.method ?? (stored ? 0 : 8)),
      u32(0),
      u32(lie.crc ?? crc32(bytes)),
      u32(lie.packed ?? packed.length),
      u32(lie.bytes ?? bytes.length),
      u16(label.length),
      u16(0),
    ]);
    parts.push(u32(0x04034b50), about, label, packed);
    directory.push(
      u32(0x02014b50),
      u16(20),
      about,
      u16(0),
      u16(0),
      u16(0),
      u32(0),
      u32(lie.offset ?? at),
      label,
    );
    at += 30 + label.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const count = Object.keys(files).length;
  return Buffer.concat([
    ...parts,
    central,
    u32(0x06054b50),
    u16(0),
    u16(0),
    u16(count),
    u16(count),
    u32(central.length),
    u32(at),
    u16(0),
  ]);
}

export type SheetCell = string | number | boolean | null | { serial: number } | { raw: string };

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

function cellXml(cell: SheetCell, at: string, shared: string[] | undefined): string {
  if (cell === null) return "";
  if (typeof cell === "boolean") return `<c r="${at}" t="b"><v>${cell ? 1 : 0}</v></c>`;
  if (typeof cell === "number") return `<c r="${at}"><v>${cell}</v></c>`;
  if (typeof cell === "object")
    return "raw" in cell ? cell.raw : `<c r="${at}" s="1"><v>${cell.serial}</v></c>`;
  if (!shared) return `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`;
  return `<c r="${at}" t="s"><v>${shared.push(cell) - 1}</v></c>`;
}

export interface BookOptions {
  hidden?: string[];
  shared?: boolean;
  /** Parts put in the place of those made here, or beside them. */
  parts?: Record<string, string>;
}

/** The parts of a small workbook by name. */
export function workbookParts(
  sheets: Record<string, SheetCell[][]>,
  options: BookOptions = {},
): Record<string, string> {
  const shared: string[] | undefined = options.shared ? [] : undefined;
  const names = Object.keys(sheets);
  const parts: Record<string, string> = {
    "[Content_Types].xml":
      '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "xl/workbook.xml": `<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="m" xmlns:r="r"><sheets>${names
      .map(
        (name, i) =>
          `<sheet name="${name}" sheetId="${i + 1}"${options.hidden?.includes(name) ? ' state="hidden"' : ""} r:id="rId${i + 1}"/>`,
      )
      .join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships>${names
      .map((_, i) => `<Relationship Id="rId${i + 1}" Type="t" Target="worksheets/sheet${i + 1}.xml"/>`)
      .join("")}</Relationships>`,
    "xl/styles.xml":
      '<styleSheet><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
  };
  names.forEach((name, i) => {
    const rows = sheets[name]!.map((cells, r) => {
      const inner = cells
        .map((cell, c) => cellXml(cell, `${String.fromCharCode(65 + c)}${r + 1}`, shared))
        .join("");
      return cells.length === 0 ? "" : `<row r="${r + 1}">${inner}</row>`;
    });
    parts[`xl/worksheets/sheet${i + 1}.xml`] =
      `<x:worksheet xmlns:x="m"><sheetData>${rows.join("")}</sheetData></x:worksheet>`.replaceAll("x:", "");
  });
  if (shared)
    parts["xl/sharedStrings.xml"] =
      `<sst>${shared.map((text) => `<si><r><t>${escaped(text)}</t></r><rPh><t>guide</t></rPh></si>`).join("")}</sst>`;
  return { ...parts, ...options.parts };
}

export const workbookOf = (sheets: Record<string, SheetCell[][]>, options: BookOptions = {}): Buffer =>
  zipOf(workbookParts(sheets, options));

/** What DuckDB writes for a query. */
export async function parquetOf(sql: string, how = ""): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-parquet-"));
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    await connection.run("SET TimeZone='UTC'");
    const path = join(folder, "made.parquet");
    await connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet${how})`);
    connection.closeSync();
    return readFileSync(path);
  } finally {
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}
