/**
 * Web pages: read as a browser reads them (WHATWG, by parse5), kept by an allow-list, written anew.
 *
 * Canonical form: one head with character set, a policy that lets nothing load, title and style; tables, text,
 * drawings (drawing.ts) and embedded pictures (embedded.ts) in the body. No script, form, link, comment or address.
 */
import type { DefaultTreeAdapterTypes } from "parse5";
import { parse } from "parse5";
import type { DisclosurePolicy } from "../../policy.js";
import { overLimit } from "../../rules/limits.js";
import { foreignBytes } from "../../rules/media-type.js";
import type { Rebuilt } from "../rebuilt.js";
import { decodeUtf8 } from "../text.js";
import { EmbeddedPictures } from "./embedded.js";
import { cleanPage } from "./page.js";
import { rebuiltMarkup } from "./rebuilt.js";
import { RemovedParts } from "./removed.js";
import { settle } from "./settle.js";
import { SVG_NAMESPACE } from "./svg.js";
import type { MarkupElement, MarkupNode } from "./tree.js";
import { elementsOf, textOf } from "./tree.js";

const MAX_DEPTH = 400;
const MAX_NODES = 500_000;

class PageReader {
  private count = 0;
  constructor(private readonly removed: RemovedParts) {}

  read(text: string): MarkupElement {
    const document = parse(text, { scriptingEnabled: false });
    for (const node of document.childNodes) if ("data" in node) this.removed.hide(node.data);
    const root = document.childNodes.find((n) => n.nodeName === "html") as DefaultTreeAdapterTypes.Element;
    return this.element(root, 0);
  }

  private element(given: DefaultTreeAdapterTypes.Element, depth: number): MarkupElement {
    if (depth > MAX_DEPTH) throw overLimit(`Nested deeper than ${MAX_DEPTH}.`);
    const attributes = new Map<string, string>();
    for (const { name, value } of given.attrs) if (!attributes.has(name)) attributes.set(name, value);
    // what a template holds stands beside its children
    const nodes = "content" in given ? [given.content as DefaultTreeAdapterTypes.DocumentFragment] : [given];
    const children = nodes.flatMap((n) => n.childNodes.flatMap((c) => this.node(c, depth + 1)));
    return {
      kind: "element",
      name: given.tagName,
      svg: given.namespaceURI === SVG_NAMESPACE,
      attributes,
      children,
    };
  }

  private node(node: DefaultTreeAdapterTypes.ChildNode, depth: number): MarkupNode[] {
    if (++this.count > MAX_NODES) throw overLimit(`More than ${MAX_NODES} nodes.`);
    if ("value" in node) return [{ kind: "text", text: node.value }];
    if ("tagName" in node) return [this.element(node, depth)];
    if ("data" in node) this.removed.hide(node.data);
    return [];
  }
}

/** A table's rows with a comma between cells, so that a record reads as a line; other text a line a block. */
function shownRows(root: MarkupElement): string {
  const rows = [...elementsOf(root)].filter((e) => e.name === "tr");
  return rows
    .map((row) =>
      row.children
        .filter((c) => c.kind === "element")
        .map((c) => textOf(c).trim())
        .join(","),
    )
    .join("\n");
}

export function rebuildHtml(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const text = decodeUtf8(bytes, extension);
  if (!/<[a-z!]/i.test(text.slice(0, 4_096))) throw foreignBytes(extension, "a text without markup");
  const done = settle(text, (source) => {
    const removed = new RemovedParts(policy.significant_digits);
    const pictures = new EmbeddedPictures(policy, removed);
    const page = cleanPage(new PageReader(removed).read(source), removed, pictures);
    return { ...page, removed, pictures };
  });
  return rebuiltMarkup(
    done,
    [
      ["text of the page", textOf(done.body)],
      ["rows of its tables", shownRows(done.body)],
    ],
    policy,
  );
}
