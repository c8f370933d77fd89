/**
 * Drawings as files: strict XML with namespaces, without entities, cleaned by drawing.ts and written in one form.
 *
 * Canonical form: UTF-8, no prolog, one default namespace, attributes in the order of their names, no white space
 * between elements, coordinates of at most six digits.
 */
import { SaxesParser } from "saxes";
import type { DisclosurePolicy } from "../../policy.js";
import { overLimit } from "../../rules/limits.js";
import { foreignBytes } from "../../rules/media-type.js";
import { cannotRead } from "../../rules/unreadable.js";
import type { Rebuilt } from "../rebuilt.js";
import { decodeUtf8 } from "../text.js";
import { cleanDrawing } from "./drawing.js";
import { EmbeddedPictures } from "./embedded.js";
import { rebuiltMarkup } from "./rebuilt.js";
import { RemovedParts } from "./removed.js";
import { settle } from "./settle.js";
import type { MarkupElement, MarkupNode } from "./tree.js";
import { elementsOf, escapeText, openTag, textOf } from "./tree.js";

export const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const LINKS = "http://www.w3.org/1999/xlink";
const NAMESPACES = "http://www.w3.org/2000/xmlns/";
const MAX_DEPTH = 400;

class XmlReader {
  private readonly stack: MarkupElement[] = [];
  private root: MarkupElement | undefined;
  constructor(private readonly removed: RemovedParts) {}

  read(text: string): MarkupElement {
    const parser = new SaxesParser({ xmlns: true, position: false });
    parser.on("error", () => {
      throw cannotRead("Not a drawing: it is not well-formed XML, or uses entities.");
    });
    parser.on("doctype", (doctype) => {
      if (doctype.includes("[")) throw cannotRead("Not a drawing: it defines entities.");
    });
    parser.on("comment", (comment) => this.removed.hide(comment));
    parser.on("processinginstruction", ({ target, body }) => this.instruction(target, body));
    parser.on("text", (piece) => this.add({ kind: "text", text: piece }));
    parser.on("cdata", (piece) => this.add({ kind: "text", text: piece }));
    parser.on("opentag", ({ local, uri, attributes }) => this.open(local, uri, attributes));
    parser.on("closetag", () => void this.stack.pop());
    parser.write(text).close();
    if (this.root === undefined || this.root.name !== "svg" || !this.root.svg)
      throw foreignBytes("svg", "another XML document");
    return this.root;
  }

  private instruction(target: string, body: string): void {
    if (target === "xml-stylesheet") this.removed.drop("addresses in styles", body);
    else this.removed.hide(`${target} ${body}`);
  }

  private open(
    name: string,
    uri: string,
    given: Record<string, { local: string; prefix: string; uri: string; value: string }>,
  ): void {
    const attributes = new Map<string, string>();
    for (const { local, prefix, uri: space, value } of Object.values(given)) {
      if (space === NAMESPACES || prefix === "xmlns") continue;
      if (space === "" || (space === LINKS && local === "href")) {
        if (!attributes.has(local) || space === "") attributes.set(local, value);
      } else if (prefix !== "xml") this.removed.hide(value);
    }
    const element: MarkupElement = {
      kind: "element",
      name,
      svg: uri === SVG_NAMESPACE,
      attributes,
      children: [],
    };
    this.add(element);
    this.stack.push(element);
    if (this.stack.length > MAX_DEPTH) throw overLimit(`Nested deeper than ${MAX_DEPTH}.`);
  }

  private add(node: MarkupNode): void {
    const parent = this.stack.at(-1);
    if (parent !== undefined) parent.children.push(node);
    else if (node.kind === "element") this.root = node;
  }
}

/** With `href` as old readers know it. */
export function writeDrawing(element: MarkupElement): string {
  const attributes = new Map(
    [...element.attributes].map(([name, value]) => [name === "href" ? "xlink:href" : name, value]),
  );
  const inner = element.children
    .map((c) => (c.kind === "text" ? escapeText(c.text) : writeDrawing(c)))
    .join("");
  const tag = openTag({ ...element, attributes });
  return inner === "" ? `${tag}/>` : `${tag}>${inner}</${element.name}>`;
}

/** The texts of a drawing, a line each. */
export function shownTexts(root: MarkupElement): string {
  const lines = [...elementsOf(root)].filter((e) => e.name === "text" || e.name === "title").map(textOf);
  return lines.join("\n");
}

export function rebuildSvg(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const text = decodeUtf8(bytes, extension);
  if (!/^\s*</.test(text)) throw foreignBytes(extension, "no XML document");
  const done = settle(text, (source) => {
    const removed = new RemovedParts(policy.significant_digits);
    const pictures = new EmbeddedPictures(policy, removed);
    const root = cleanDrawing(new XmlReader(removed).read(source), removed, pictures);
    root.attributes.set("xmlns", SVG_NAMESPACE).set("xmlns:xlink", LINKS);
    return { text: `${writeDrawing(root)}\n`, root, removed, pictures };
  });
  return rebuiltMarkup(done, [["texts of the drawing", shownTexts(done.root)]], policy);
}
