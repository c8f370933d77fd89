/** The small parts of a workbook: which sheets there are, the texts that cells share, and which formats show dates. */
import { GloveboxError } from "../../../../../vocabulary/index.js";
import { atMost, type Bytes } from "../pieces.js";
import type { Member, Zip } from "../zip.js";
import { type DateShape, shapeOf } from "./serial.js";
import { damagedWorkbook, readXml } from "./xml.js";

/** All shared texts together, in characters: they are held in memory. */
const MAX_SHARED = 32 * 1024 * 1024;
const MAX_SHARED_TEXTS = 4_000_000;
const MAX_FORMATS = 100_000;

export interface Sheet {
  name: string;
  member: Member;
  hidden: boolean;
}

/** A part of the workbook, unpacked within the limit. */
export function partOf(zip: Zip, member: Member, maxBytes: number): Bytes {
  return atMost(zip.read(member), maxBytes, "unpacks to more than");
}

/** Paths of parts are relative to the folder of the workbook's own, or begin at the root. */
function resolved(target: string): string {
  if (target.startsWith("/")) return target.slice(1);
  const parts = ["xl"];
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

export async function readSheets(
  zip: Zip,
  maxBytes: number,
): Promise<{ sheets: Sheet[]; from1904: boolean }> {
  const relations = zip.members.get("xl/_rels/workbook.xml.rels");
  if (!relations) throw damagedWorkbook();
  const targets = new Map<string, string>();
  await readXml(partOf(zip, relations, maxBytes), {
    open(name, attributes) {
      if (name === "Relationship" && attributes.get("TargetMode") !== "External")
        targets.set(attributes.get("Id") ?? "", resolved(attributes.get("Target") ?? ""));
    },
  });
  const sheets: Sheet[] = [];
  let from1904 = false;
  await readXml(partOf(zip, zip.members.get("xl/workbook.xml")!, maxBytes), {
    open(name, attributes) {
      if (name === "workbookPr") from1904 = /^(1|true)$/.test(attributes.get("date1904") ?? "");
      if (name !== "sheet") return;
      const member = zip.members.get(targets.get(attributes.get("id") ?? "") ?? "");
      if (!member) throw damagedWorkbook("lacks a sheet that it names");
      const hidden = (attributes.get("state") ?? "visible") !== "visible";
      sheets.push({ name: attributes.get("name") ?? "", member, hidden });
    },
  });
  return { sheets, from1904 };
}

/** Texts that cells share, in order. Guides to pronunciation are left out. */
export async function readShared(zip: Zip, maxBytes: number): Promise<string[]> {
  const member = zip.members.get("xl/sharedStrings.xml");
  const texts: string[] = [];
  if (!member) return texts;
  let text = "";
  let inText = false;
  let guides = 0;
  let held = 0;
  await readXml(partOf(zip, member, maxBytes), {
    open(name) {
      if (name === "si") text = "";
      else if (name === "rPh") guides++;
      else if (name === "t") inText = guides === 0;
    },
    text(piece) {
      if (!inText) return;
      text += piece;
      held += piece.length;
      if (held > MAX_SHARED)
        throw new GloveboxError("too_large", {
          detail: "content: its workbook shares more text than an engine may hold",
        });
    },
    close(name) {
      if (name === "t") inText = false;
      else if (name === "rPh") guides--;
      else if (name === "si") texts.push(text);
      if (texts.length > MAX_SHARED_TEXTS)
        throw new GloveboxError("too_large", {
          detail: "content: its workbook shares more text than an engine may hold",
        });
    },
  });
  return texts;
}

/** For each cell style, how its numbers are shown. */
export async function readStyles(zip: Zip, maxBytes: number): Promise<(DateShape | undefined)[]> {
  const member = zip.members.get("xl/styles.xml");
  const codes = new Map<number, string>();
  const ids: number[] = [];
  let cells = 0;
  if (!member) return [];
  await readXml(partOf(zip, member, maxBytes), {
    open(name, attributes) {
      const id = Number(attributes.get("numFmtId"));
      if (name === "cellXfs") cells++;
      if (name === "numFmt") codes.set(id, attributes.get("formatCode") ?? "");
      if (name === "xf" && cells > 0) ids.push(id);
      if (ids.length + codes.size > MAX_FORMATS) throw damagedWorkbook("has too many styles");
    },
    close(name) {
      if (name === "cellXfs") cells--;
    },
  });
  return ids.map((id) => shapeOf(id, codes.get(id)));
}
