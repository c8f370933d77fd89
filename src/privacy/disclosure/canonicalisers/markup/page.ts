/** The tree of a web page, cleaned and written (see html.ts for the form). */
import { cleanDeclarations, cleanSheet } from "./css.js";
import { cleanDrawing, keepClasses, pageNames } from "./drawing.js";
import type { EmbeddedPictures } from "./embedded.js";
import { ADDRESSES, ATTRIBUTES, DROPPED, ELEMENTS, STRUCTURAL, VOID } from "./page-allowed.js";
import type { RemovedParts } from "./removed.js";
import { writeDrawing } from "./svg.js";
import type { MarkupElement, MarkupNode } from "./tree.js";
import { elementsOf, escapeText, openTag, textOf } from "./tree.js";
import type { ValueContext } from "./values.js";

const POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`;
const KNOWN_META = /^(?:charset|viewport|generator|content-security-policy|content-type|color-scheme)$/i;

export interface CleanPage {
  text: string;
  body: MarkupElement;
}

class PageCleaner {
  private readonly context: ValueContext;
  private readonly sheets: string[] = [];
  private title = "";
  private language = "";
  private classes: ReadonlySet<string> = new Set();

  constructor(
    private readonly root: MarkupElement,
    private readonly removed: RemovedParts,
    private readonly pictures: EmbeddedPictures,
  ) {
    this.context = { digits: removed.digits, reference: () => undefined };
  }

  clean(): CleanPage {
    const sheets = [...elementsOf(this.root)].filter((e) => e.name === "style" && !e.svg).map(textOf);
    const { sheet, classes } = cleanSheet(
      sheets.join("\n"),
      this.context,
      pageNames(this.root),
      this.removed,
    );
    if (sheet !== "") this.sheets.push(sheet);
    this.classes = classes;
    const body: MarkupElement = {
      kind: "element",
      name: "body",
      svg: false,
      attributes: new Map(),
      children: [],
    };
    body.children = this.children(this.root, body);
    const lang = this.root.attributes.get("lang") ?? "";
    if (ATTRIBUTES.html!.lang!.test(lang)) this.language = lang;
    return { text: this.write(body), body };
  }

  private children(from: MarkupElement, parent: MarkupElement): MarkupNode[] {
    return from.children.flatMap((child) => this.node(child, parent));
  }

  private node(node: MarkupNode, parent: MarkupElement): MarkupNode[] {
    if (node.kind === "text") return this.text(node.text, parent);
    if (node.svg) return node.name === "svg" ? [this.drawing(node)] : [];
    const { name } = node;
    const dropped = Object.hasOwn(DROPPED, name) ? DROPPED[name] : undefined;
    if (dropped !== undefined) this.removed.drop(dropped, this.everything(node));
    if (dropped !== undefined || name === "style") return [];
    if (name === "title") this.title ||= this.removed.visible(textOf(node)).replace(/\s+/g, " ").trim();
    if (name === "title") return [];
    if (name === "meta") return this.meta(node);
    if (name === "img") return this.image(node);
    if (ELEMENTS.has(name)) return [this.kept(node)];
    this.unwrapped(node);
    return this.children(node, parent);
  }

  private kept(node: MarkupElement): MarkupElement {
    const clean: MarkupElement = { ...node, attributes: this.attributes(node), children: [] };
    keepClasses(clean, this.classes);
    clean.children = VOID.has(node.name) ? [] : this.children(node, clean);
    return clean;
  }

  private drawing(node: MarkupElement): MarkupElement {
    return cleanDrawing(node, this.removed, this.pictures);
  }

  private everything(node: MarkupElement): string {
    const values = [...elementsOf(node)].flatMap((e) => [...e.attributes.values()]);
    return [textOf(node), ...values].join(" ");
  }

  /** The content stays; attributes that call out are counted. */
  private unwrapped(node: MarkupElement): void {
    if (node.name === "form") this.removed.drop("forms and fields", "");
    this.attributes(node);
  }

  private meta(node: MarkupElement): MarkupNode[] {
    const [equiv, name] = ["http-equiv", "name"].map((k) => node.attributes.get(k));
    const known = node.attributes.has("charset") || KNOWN_META.test(equiv ?? name ?? "");
    const content = node.attributes.get("content") ?? "";
    if (equiv !== undefined && !known) this.removed.drop("page directives", content);
    else if (!known) this.removed.hide(`${name} ${content}`);
    else if (name === "generator") this.removed.hide(content);
    return [];
  }

  private image(node: MarkupElement): MarkupNode[] {
    const source = this.pictures.rebuild(node.attributes.get("src") ?? "");
    for (const [name, value] of node.attributes)
      if (name !== "src" && ADDRESSES.has(name)) this.removed.drop("addresses", value);
    if (source === undefined) return [];
    const attributes = new Map([["src", source]]);
    for (const side of ["width", "height"]) {
      const value = node.attributes.get(side);
      if (value !== undefined && /^\d{1,4}$/.test(value)) attributes.set(side, value);
    }
    return [{ ...node, attributes, children: [] }];
  }

  private attributes(node: MarkupElement): Map<string, string> {
    const clean = new Map<string, string>();
    const allowed = Object.hasOwn(ATTRIBUTES, node.name) ? ATTRIBUTES[node.name]! : {};
    for (const [name, value] of node.attributes) {
      if (name === "class") clean.set(name, value);
      else if (name === "style") {
        const style = cleanDeclarations(value, this.context, this.removed);
        if (style !== "") clean.set(name, style);
      } else if (Object.hasOwn(allowed, name) && allowed[name]!.test(value)) clean.set(name, value);
      else this.refused(name, value);
    }
    return clean;
  }

  private refused(name: string, value: string): void {
    if (/^on/.test(name)) this.removed.drop("event handlers", value);
    else if (ADDRESSES.has(name)) this.removed.drop("addresses", value);
    else if (name === "hidden") this.removed.drop("hiding styles", value);
    else if (name === "id" || name === "name") this.removed.name(value);
    else this.removed.hide(value);
  }

  private text(text: string, parent: MarkupElement): MarkupNode[] {
    const shown = this.removed.visible(text);
    if (parent.name === "pre") return [{ kind: "text", text: shown }];
    const collapsed = shown.replace(/\s+/g, " ");
    return collapsed === "" || (collapsed === " " && STRUCTURAL.has(parent.name))
      ? []
      : [{ kind: "text", text: collapsed }];
  }

  private write(body: MarkupElement): string {
    const language = this.language === "" ? "" : ` lang="${this.language}"`;
    const style = this.sheets.length === 0 ? "" : `\n<style>\n${this.sheets.join("\n")}\n</style>`;
    return `<!DOCTYPE html>
<html${language}>
<head>
<meta charset="utf-8">
${POLICY}
<title>${escapeText(this.title)}</title>${style}
</head>
<body>${body.children.map(writeNode).join("")}</body>
</html>
`;
  }
}

function writeNode(node: MarkupNode): string {
  if (node.kind === "text") return escapeText(node.text);
  if (node.svg) return writeDrawing(node);
  const tag = openTag(node);
  if (VOID.has(node.name)) return `${tag}>`;
  const inner = node.children.map(writeNode).join("");
  // a parser takes the first line feed of these away
  const lead = node.name === "pre" && inner.startsWith("\n") ? "\n" : "";
  return `${tag}>${lead}${inner}</${node.name}>`;
}

export function cleanPage(root: MarkupElement, removed: RemovedParts, pictures: EmbeddedPictures): CleanPage {
  return new PageCleaner(root, removed, pictures).clean();
}
