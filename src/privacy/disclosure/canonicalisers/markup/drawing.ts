/**
 * Drawings (SVG), whole files or parts of a web page: an allow-list of shapes, text, gradients and references inside
 * the drawing.
 *
 * Rules: what could run, load, animate or link goes, with all that is in it; a link's content stays. Only ids that
 * are referred to stay, and are numbered. A reference to something that itself refers on goes, because such chains
 * grow without bound. Shapes outside the canvas, covered or painted in the colour of the ground stay: they are in
 * the capacity and in the search, but only an eye can tell them from the rest.
 */
import { overLimit } from "../../rules/limits.js";
import type { PageNames } from "./css.js";
import { cleanDeclarations, cleanSheet } from "./css.js";
import type { EmbeddedPictures } from "./embedded.js";
import type { RemovedParts } from "./removed.js";
import type { MarkupElement, MarkupNode } from "./tree.js";
import { elementsOf, textOf } from "./tree.js";
import type { ValueContext } from "./values.js";
import { cleanPath, cleanValue } from "./values.js";

const words = (text: string) => new Set(text.split(/\s+/));

const ELEMENTS = words(
  `svg g path rect circle ellipse line polyline polygon text tspan textPath defs use symbol clipPath mask pattern
   linearGradient radialGradient stop marker title style image`,
);
/** Show the text in them. */
const TEXTUAL = words("text tspan textPath title");
const SCRIPTS = words("script handler");
const DOCUMENTS = words("foreignObject iframe embed object audio video canvas");
const MOVING = words("animate animateMotion animateTransform animateColor set filter mpath discard");

const ATTRIBUTES = words(
  `x y x1 x2 y1 y2 dx dy cx cy r rx ry fx fy fr width height viewBox points transform gradientTransform
   patternTransform gradientUnits patternUnits patternContentUnits clipPathUnits maskUnits maskContentUnits
   markerUnits markerWidth markerHeight refX refY orient offset spreadMethod preserveAspectRatio rotate textLength
   lengthAdjust startOffset pathLength fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap
   stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset stop-color stop-opacity opacity color
   font-family font-size font-style font-weight text-anchor text-decoration dominant-baseline alignment-baseline
   letter-spacing word-spacing clip-path clip-rule mask marker-start marker-mid marker-end overflow`,
);

/** Gone without a word: they say nothing, or are written anew. */
const SILENT = words("href version type space xmlns xlink baseProfile");

/** Finer than a drawing can be seen. */
const COORDINATE_DIGITS = 6;
const MAX_ELEMENTS = 200_000;
const MAX_DEPTH = 200;

export interface DrawingContext extends ValueContext {
  removed: RemovedParts;
  pictures: EmbeddedPictures;
}

/** The ids that something refers to, numbered in the order of the elements that bear them. */
function numberIds(root: MarkupElement): Map<string, string> {
  const referred = new Set<string>();
  for (const { attributes } of elementsOf(root)) {
    for (const [name, value] of attributes) {
      if (name === "href" && value.startsWith("#")) referred.add(value.slice(1));
      for (const [, , id] of value.matchAll(/url\(\s*(["']?)#([^"'()\s]{1,200})\1\s*\)/g)) referred.add(id!);
    }
  }
  for (const element of elementsOf(root)) {
    if (element.name !== "style") continue;
    for (const [, , id] of textOf(element).matchAll(/url\(\s*(["']?)#([^"'()\s]{1,200})\1\s*\)/g))
      referred.add(id!);
  }
  const numbered = new Map<string, string>();
  for (const { attributes } of elementsOf(root)) {
    const id = attributes.get("id");
    if (id !== undefined && referred.has(id) && !numbered.has(id)) numbered.set(id, `r${numbered.size + 1}`);
  }
  return numbered;
}

/** Elements by id: what a `use` would show. */
function byId(root: MarkupElement): Map<string, MarkupElement> {
  const found = new Map<string, MarkupElement>();
  for (const element of elementsOf(root)) {
    const id = element.attributes.get("id");
    if (id !== undefined && !found.has(id)) found.set(id, element);
  }
  return found;
}

export function pageNames(root: MarkupElement): PageNames {
  const elements = new Set<string>();
  const classes = new Set<string>();
  for (const { name, attributes } of elementsOf(root)) {
    elements.add(name);
    for (const c of (attributes.get("class") ?? "").split(/\s+/)) classes.add(c);
  }
  return { elements, classes };
}

class DrawingCleaner {
  private readonly ids: Map<string, string>;
  private readonly targets: Map<string, MarkupElement>;
  private readonly names: PageNames;
  private readonly context: DrawingContext;
  private readonly given = new Set<string>();
  private classes = new Set<string>();
  private count = 0;

  constructor(
    private readonly root: MarkupElement,
    private readonly removed: RemovedParts,
    private readonly pictures: EmbeddedPictures,
    /** Styles of the page around the drawing decide over its classes. */
    private readonly keptClasses: ReadonlySet<string> | undefined,
  ) {
    this.ids = numberIds(root);
    this.targets = byId(root);
    this.names = pageNames(root);
    const digits = Math.min(removed.digits, COORDINATE_DIGITS);
    this.context = { digits, removed, pictures, reference: (id) => this.ids.get(id) };
  }

  clean(): MarkupElement {
    const root = this.element(this.root, 0)!;
    const classes = this.keptClasses ?? this.classes;
    for (const element of elementsOf(root)) keepClasses(element, classes);
    return root;
  }

  private element(element: MarkupElement, depth: number): MarkupElement | undefined {
    if (++this.count > MAX_ELEMENTS) throw overLimit(`More than ${MAX_ELEMENTS} elements.`);
    if (depth > MAX_DEPTH) throw overLimit(`Nested deeper than ${MAX_DEPTH}.`);
    const { name } = element;
    if (!element.svg || !ELEMENTS.has(name)) return this.refuse(element);
    if (name === "style") return this.style(element);
    const clean: MarkupElement = {
      kind: "element",
      name,
      svg: true,
      attributes: this.attributes(element),
      children: [],
    };
    const href = element.attributes.get("href");
    if (href !== undefined && !this.link(clean, href)) return undefined;
    if ((name === "use" || name === "image" || name === "textPath") && !clean.attributes.has("href"))
      return undefined;
    clean.children = element.children.flatMap((child) => this.child(element, child, depth));
    return clean;
  }

  private child(parent: MarkupElement, child: MarkupNode, depth: number): MarkupNode[] {
    if (child.kind === "text") return this.text(parent, child.text);
    if (child.svg && child.name === "a") {
      this.removed.drop("addresses", child.attributes.get("href") ?? "");
      if (depth > MAX_DEPTH) throw overLimit(`Nested deeper than ${MAX_DEPTH}.`);
      return child.children.flatMap((c) => this.child(parent, c, depth + 1));
    }
    const clean = this.element(child, depth + 1);
    return clean === undefined ? [] : [clean];
  }

  private text(parent: MarkupElement, text: string): MarkupNode[] {
    if (TEXTUAL.has(parent.name))
      return [{ kind: "text", text: this.removed.visible(text).replace(/\s+/g, " ") }];
    this.removed.hide(text);
    return [];
  }

  private refuse(element: MarkupElement): undefined {
    const all = [...elementsOf(element)].flatMap((e) => [...e.attributes.values()]);
    const text = [textOf(element), ...all].join(" ");
    if (SCRIPTS.has(element.name)) this.removed.drop("scripts", text);
    else if (DOCUMENTS.has(element.name)) this.removed.drop("embedded documents", text);
    else if (MOVING.has(element.name)) this.removed.drop("animations and filters", text);
    else this.removed.hide(text);
    return undefined;
  }

  private style(element: MarkupElement): MarkupElement | undefined {
    const { sheet, classes } = cleanSheet(textOf(element), this.context, this.names, this.removed);
    for (const c of classes) this.classes.add(c);
    if (sheet === "") return undefined;
    return { ...element, attributes: new Map(), children: [{ kind: "text", text: sheet }] };
  }

  /** @returns whether the element stays */
  private link(clean: MarkupElement, href: string): boolean {
    if (clean.name === "image") {
      const address = this.pictures.rebuild(href);
      if (address !== undefined) clean.attributes.set("href", address);
      return address !== undefined;
    }
    const name = href.startsWith("#") ? this.ids.get(href.slice(1)) : undefined;
    if (name === undefined) {
      this.removed.drop("addresses", href);
      return clean.name !== "use" && clean.name !== "textPath";
    }
    const target = this.targets.get(href.slice(1))!;
    if (clean.name === "use" && [...elementsOf(target)].some((e) => e.name === "use" || e === this.root)) {
      this.removed.drop("nested references", href);
      return false;
    }
    clean.attributes.set("href", `#${name}`);
    return true;
  }

  private attributes(element: MarkupElement): Map<string, string> {
    const clean = new Map<string, string>();
    for (const [name, value] of element.attributes) {
      const kept = this.attribute(name, value);
      if (kept !== undefined && kept !== "") clean.set(name, kept);
    }
    return clean;
  }

  private attribute(name: string, value: string): string | undefined {
    if (name === "d") return cleanPath(value, this.context.digits) ?? this.hide(value);
    if (name === "class") return value;
    if (name === "id") return this.id(value);
    if (name === "style") return cleanDeclarations(value, this.context, this.removed);
    if (SILENT.has(name)) return undefined;
    if (/^on/i.test(name)) this.removed.drop("event handlers", value);
    else if (name === "display" || name === "visibility" || (name === "opacity" && !/[1-9]/.test(value)))
      this.removed.drop("hiding styles", value);
    else if (!ATTRIBUTES.has(name)) this.hide(value);
    else return cleanValue(value, this.context) ?? this.address(value);
    return undefined;
  }

  private id(value: string): string | undefined {
    const name = this.ids.get(value);
    // the number that it has, or will have, says nothing
    if (name !== value) this.removed.name(value);
    if (name === undefined || this.given.has(name)) return undefined;
    this.given.add(name);
    return name;
  }

  private address(value: string): undefined {
    if (/url|:\/\/|javascript/i.test(value)) this.removed.drop("addresses", value);
    else this.removed.hide(value);
    return undefined;
  }

  private hide(value: string): undefined {
    this.removed.hide(value);
    return undefined;
  }
}

/** Of an element's classes, those that some style speaks of. */
export function keepClasses({ attributes }: MarkupElement, classes: ReadonlySet<string>): void {
  const own = attributes.get("class");
  if (own === undefined) return;
  const kept = [...new Set(own.split(/\s+/))].filter((c) => classes.has(c)).sort();
  if (kept.length === 0) attributes.delete("class");
  else attributes.set("class", kept.join(" "));
}

export function cleanDrawing(
  root: MarkupElement,
  removed: RemovedParts,
  pictures: EmbeddedPictures,
  keptClasses?: ReadonlySet<string>,
): MarkupElement {
  return new DrawingCleaner(root, removed, pictures, keptClasses).clean();
}
