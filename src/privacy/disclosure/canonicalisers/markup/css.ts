/**
 * Styles: an allow-list of properties with values that values.ts accepts.
 *
 * Rules: no address, no import, no @-rule, no escape, no selector that looks at attributes or states, so that a style
 * can neither call out nor read the page. What hides is dropped, so that hidden content becomes visible. A rule that
 * matches nothing of the page is dropped too.
 */
import type { RemovedParts } from "./removed.js";
import type { ValueContext } from "./values.js";
import { cleanValue } from "./values.js";

const PROPERTIES = new Set(
  `background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width border-collapse
   border-color border-left border-left-color border-left-style border-left-width border-radius border-right
   border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color
   border-top-style border-top-width border-width caption-side color fill fill-opacity fill-rule font font-family
   font-size font-style font-variant font-weight height letter-spacing line-height list-style-type margin
   margin-bottom margin-left margin-right margin-top max-width min-width opacity padding padding-bottom padding-left
   padding-right padding-top paint-order shape-rendering stop-color stop-opacity stroke stroke-dasharray
   stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-align
   text-anchor text-decoration text-rendering vertical-align white-space width word-spacing clip-path clip-rule mask
   dominant-baseline alignment-baseline writing-mode transform`.split(/\s+/),
);
/** Dropped without a word beyond a count: content that they hid is shown. */
const HIDES = new Set(["display", "visibility", "opacity", "clip", "content-visibility", "text-indent"]);

/** Without comments, which are hidden content; undefined for text with escapes, which can spell anything. */
function withoutComments(text: string, removed: RemovedParts): string {
  return text
    .replace(/\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\//g, (comment) => {
      removed.hide(comment.slice(2, -2));
      return " ";
    })
    .replace(/<!--|-->/g, " ");
}

function declaration(text: string, context: ValueContext, removed: RemovedParts): string | undefined {
  const colon = text.indexOf(":");
  if (text.trim() === "") return undefined;
  const property = text.slice(0, Math.max(colon, 0)).trim().toLowerCase();
  const value = text.slice(colon + 1).trim();
  if (HIDES.has(property) && !/^(?:0?\.0*[1-9]\d*|1(?:\.0*)?|block|inline|visible)$/.test(value)) {
    removed.drop("hiding styles", text);
    return undefined;
  }
  const clean = PROPERTIES.has(property) ? cleanValue(value, context) : undefined;
  if (clean !== undefined && clean !== "") return `${property}:${clean}`;
  if (/url|@|\\|expression|import|behavior|src|:\/\//i.test(text)) removed.drop("addresses in styles", text);
  else removed.hide(text);
  return undefined;
}

/** The declarations of a style attribute or of a rule's block, in one form; empty where none is left. */
export function cleanDeclarations(text: string, context: ValueContext, removed: RemovedParts): string {
  return withoutComments(text, removed)
    .split(";")
    .flatMap((part) => declaration(part, context, removed) ?? [])
    .join(";");
}

/** Which elements and classes a page has: a rule about others is not shown by anything. */
export interface PageNames {
  elements: ReadonlySet<string>;
  classes: ReadonlySet<string>;
}

const SELECTOR = /^[\w.\-* >]{1,200}$/;

function cleanSelector(text: string, names: PageNames): string | undefined {
  const one = text.trim().replace(/\s+/g, " ");
  if (!SELECTOR.test(one)) return undefined;
  const simple = one.split(/[ >]+/).filter((s) => s !== "");
  const matches = simple.every((s) => {
    const [element = "", ...classes] = s.split(".");
    return (
      (element === "" || element === "*" || names.elements.has(element)) &&
      classes.every((c) => names.classes.has(c))
    );
  });
  return matches && simple.length > 0 ? one : undefined;
}

/** One rule a line; `selectors` says which classes are still spoken of. */
export function cleanSheet(
  text: string,
  context: ValueContext,
  names: PageNames,
  removed: RemovedParts,
): { sheet: string; classes: Set<string> } {
  const rules: string[] = [];
  const classes = new Set<string>();
  let rest = withoutComments(text, removed);
  for (let open = rest.indexOf("{"); open >= 0; open = rest.indexOf("{")) {
    const head = rest.slice(0, open);
    if (head.includes("@")) {
      const end = atRuleEnd(rest, open);
      removed.drop("@-rules", rest.slice(0, end));
      rest = rest.slice(end);
      continue;
    }
    const close = rest.indexOf("}", open);
    const block = rest.slice(open + 1, close < 0 ? rest.length : close);
    rest = close < 0 ? "" : rest.slice(close + 1);
    const selectors = head.split(",").flatMap((s) => cleanSelector(s, names) ?? []);
    if (selectors.length === 0) {
      removed.hide(`${head} ${block}`);
      if (/url|\[|:\/\//i.test(head + block)) removed.drop("addresses in styles", block);
      continue;
    }
    const declarations = cleanDeclarations(block, context, removed);
    if (declarations === "") continue;
    rules.push(`${selectors.join(",")}{${declarations}}`);
    for (const s of selectors) for (const [, c] of s.matchAll(/\.([\w-]+)/g)) classes.add(c!);
  }
  if (rest.trim() !== "") removed.drop(rest.includes("@") ? "@-rules" : "addresses in styles", rest);
  return { sheet: rules.join("\n"), classes };
}

/** Where an @-rule ends: at its semicolon, or at the brace that closes its block. */
function atRuleEnd(text: string, open: number): number {
  const semicolon = text.indexOf(";", text.indexOf("@"));
  if (semicolon >= 0 && semicolon < open) return semicolon + 1;
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return at + 1;
  }
  return text.length;
}
