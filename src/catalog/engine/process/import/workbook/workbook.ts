/**
 * A workbook (XLSX) as records: one sheet, the one that was declared or the first that is not hidden. Values are those
 * that the workbook stores; formulas are never evaluated, links never followed, macros never looked at.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { invalidInput } from "../../../../../vocabulary/index.js";
import { recordsTable } from "../csv-records.js";
import { looksLikeData } from "../dialect.js";
import { assertHeader } from "../header.js";
import type { Reading } from "../read.js";
import type { Tabular } from "../tabular.js";
import type { Zip } from "../zip.js";
import { partOf, readShared, readSheets, readStyles, type Sheet } from "./parts.js";
import { SheetReader } from "./sheet.js";
import { readXml } from "./xml.js";

function chosen(sheets: readonly Sheet[], wanted: string | undefined): Sheet {
  const sheet =
    wanted === undefined ? sheets.find(({ hidden }) => !hidden) : sheets.find(({ name }) => name === wanted);
  if (!sheet)
    throw invalidInput("sheet", wanted === undefined ? "none is visible" : "there is none of this name");
  return sheet;
}

export async function readWorkbook(zip: Zip, reading: Reading): Promise<Tabular> {
  const { options, maxBytes } = reading;
  const { sheets, from1904 } = await readSheets(zip, maxBytes);
  const sheet = chosen(sheets, options.sheet);
  const book = {
    from1904,
    shared: await readShared(zip, maxBytes),
    styles: await readStyles(zip, maxBytes),
  };
  const header = options.header ?? "present";
  const reader = new SheetReader(book, reading.missing, header === "present");
  const path = join(reading.folder, "records.csv");
  const file = await open(path, "wx", 0o600);
  try {
    await readXml(partOf(zip, sheet.member, maxBytes), reader, async () => {
      await file.writeFile(reader.take());
    });
  } finally {
    await file.close();
  }
  const names = reader.header ?? [];
  if (names.length === 0) throw invalidInput("content", "is empty: it needs a header and at least one row");
  assertHeader(names);
  if (!options.header && looksLikeData(names))
    throw invalidInput("row 1", "holds numbers or dates only; say whether it is a header");
  if (reader.records === 0) throw invalidInput("content", "has a header and no rows");
  return {
    file: reading.file({ format: "xlsx", sheet: sheet.name, header }),
    header: names,
    rows: reader.records,
    lines: reader.lines,
    parts: 1,
    ...recordsTable([path], names.length),
    native: names.map(() => undefined),
    column: reader.columnFacts,
  };
}
