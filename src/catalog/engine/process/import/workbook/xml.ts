/**
 * A strict reader of the XML that workbooks are made of: elements, attributes and text, as they come.
 *
 * Rules: UTF-8 only; no DOCTYPE, so no entity but XML's own five and numbers; tags close in order; depth, the length
 * of a tag and of a text are bounded. What breaks a rule is refused as a damaged workbook, without a word of it.
 */
import { invalidInput } from "../../../../../vocabulary/index.js";
import { ENGINE_LIMITS } from "../../../model.js";
import type { Bytes } from "../pieces.js";

const MAX_DEPTH = 64;
const MAX_TAG = 64 * 1024;
const MAX_TEXT = 4 * ENGINE_LIMITS.cell_bytes;

export interface Handler {
  /** Names come without their prefixes. */
  open?(name: string, attributes: ReadonlyMap<string, string>): void;
  text?(text: string): void;
  close?(name: string): void;
}

export const damagedWorkbook = (words = "is damaged") => invalidInput("content", `its workbook ${words}`);

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function character(reference: string): string {
  const digits = reference.startsWith("#x")
    ? Number.parseInt(reference.slice(2), 16)
    : Number(reference.slice(1));
  const surrogate = digits >= 0xd800 && digits <= 0xdfff;
  if (!Number.isInteger(digits) || digits <= 0 || digits > 0x10ffff || surrogate) throw damagedWorkbook();
  return String.fromCodePoint(digits);
}

export function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&([^;&]{0,12})(;?)/g, (_, reference: string, end: string) => {
    if (end !== ";") throw damagedWorkbook();
    if (/^#(\d{1,8}|x[0-9a-fA-F]{1,6})$/.test(reference)) return character(reference);
    const known = Object.hasOwn(ENTITIES, reference) ? ENTITIES[reference] : undefined;
    if (known === undefined) throw damagedWorkbook();
    return known;
  });
}

const local = (name: string): string => name.slice(name.indexOf(":") + 1);
const TAG =
  /^([\p{L}_][\p{L}\p{N}_.:-]*)((?:\s+[\p{L}_][\p{L}\p{N}_.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)$/u;
const ATTRIBUTE = /([\p{L}_][\p{L}\p{N}_.:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/gu;

class Reader {
  private rest = "";
  private readonly path: string[] = [];
  private ended = false;

  constructor(private readonly handler: Handler) {}

  push(text: string): void {
    this.rest += text;
    let at = 0;
    for (;;) {
      const next = this.rest.indexOf("<", at);
      if (next < 0) break;
      if (next > at) this.text(this.rest.slice(at, next));
      const end = this.markup(next);
      if (end < 0) {
        at = next;
        break;
      }
      at = end;
    }
    this.rest = this.rest.slice(at);
    if (this.rest.length > MAX_TEXT) throw damagedWorkbook("holds a text that is too long");
  }

  end(): void {
    if (this.rest.trim() !== "" || this.path.length > 0 || !this.ended) throw damagedWorkbook();
  }

  private text(raw: string): void {
    if (raw.length > MAX_TEXT) throw damagedWorkbook("holds a text that is too long");
    if (this.path.length > 0) this.handler.text?.(unescapeXml(raw));
    else if (raw.trim() !== "" && raw !== "\ufeff") throw damagedWorkbook();
  }

  /** Where the markup that begins at `at` ends; below zero where it is not complete yet. */
  private markup(at: number): number {
    const { rest } = this;
    if (rest.startsWith("<!--", at)) return after(rest, "-->", at + 4);
    if (rest.startsWith("<?", at)) return after(rest, "?>", at + 2);
    if (rest.startsWith("<![CDATA[", at)) {
      const end = rest.indexOf("]]>", at);
      if (end < 0) return -1;
      if (this.path.length === 0) throw damagedWorkbook();
      this.handler.text?.(rest.slice(at + 9, end));
      return end + 3;
    }
    if (rest.startsWith("<!", at)) {
      // It may yet become a comment or a CDATA.
      if (rest.length - at < 9 && ["<!--", "<![CDATA["].some((mark) => mark.startsWith(rest.slice(at))))
        return -1;
      throw damagedWorkbook("declares things that are not read (DOCTYPE)");
    }
    const end = rest.indexOf(">", at);
    if (end < 0 ? rest.length - at > MAX_TAG : end - at > MAX_TAG) throw damagedWorkbook();
    if (end >= 0) this.tag(rest.slice(at + 1, end));
    return end < 0 ? -1 : end + 1;
  }

  private tag(inner: string): void {
    if (inner.startsWith("/")) {
      const name = local(inner.slice(1).trimEnd());
      if (this.path.pop() !== name) throw damagedWorkbook();
      this.handler.close?.(name);
    } else {
      const found = TAG.exec(inner);
      if (!found || (this.ended && this.path.length === 0)) throw damagedWorkbook();
      const name = local(found[1]!);
      this.handler.open?.(name, attributesOf(found[2]!));
      if (found[3]) this.handler.close?.(name);
      else this.path.push(name);
      if (this.path.length > MAX_DEPTH) throw damagedWorkbook("is nested too deeply");
    }
    this.ended = true;
  }
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? -1 : at + mark.length;
}

const NONE: ReadonlyMap<string, string> = new Map();

function attributesOf(text: string): ReadonlyMap<string, string> {
  if (text === "") return NONE;
  const attributes = new Map<string, string>();
  for (const [, name, one, other] of text.matchAll(ATTRIBUTE))
    attributes.set(local(name!), unescapeXml(one ?? other ?? ""));
  return attributes;
}

/** @throws invalid_input for what is no well-formed XML of the kind above. `step` is awaited after each piece. */
export async function readXml(source: Bytes, handler: Handler, step?: () => Promise<void>): Promise<void> {
  const reader = new Reader(handler);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Buffer): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw damagedWorkbook("is not UTF-8");
    }
  };
  for await (const chunk of source) {
    reader.push(decode(chunk));
    await step?.();
  }
  reader.push(decode());
  reader.end();
  await step?.();
}
