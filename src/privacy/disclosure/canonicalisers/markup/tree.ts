/** Web pages and drawings as one kind of tree, whichever parser read them, and as text again. */

export interface MarkupElement {
  kind: "element";
  name: string;
  /** Of the SVG namespace. */
  svg: boolean;
  attributes: Map<string, string>;
  children: MarkupNode[];
}

export type MarkupNode = MarkupElement | { kind: "text"; text: string };

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const escapeText = (text: string): string => text.replace(/[&<>"]/g, (c) => ESCAPES[c]!);

export function* elementsOf(node: MarkupNode): Generator<MarkupElement> {
  if (node.kind === "text") return;
  yield node;
  for (const child of node.children) yield* elementsOf(child);
}

/** All text below a node, a space between pieces. */
export function textOf(node: MarkupNode): string {
  if (node.kind === "text") return node.text;
  return node.children.map(textOf).join(" ");
}

/** Attributes in the order of their names, so that their order tells nothing. */
export function openTag({ name, attributes }: MarkupElement): string {
  const sorted = [...attributes].sort(([a], [b]) => (a < b ? -1 : 1));
  return `<${name}${sorted.map(([key, value]) => ` ${key}="${escapeText(value)}"`).join("")}`;
}
