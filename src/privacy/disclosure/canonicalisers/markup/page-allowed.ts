/** What of a web page stays: tables, text and its structure. Everything else is unwrapped or goes. */
import type { ActiveKind } from "../../rules/markup.js";

const words = (text: string) => new Set(text.split(/\s+/));

export const ELEMENTS = words(
  `div span p h1 h2 h3 h4 h5 h6 table thead tbody tfoot tr td th caption colgroup col ul ol li dl dt dd br hr
   b i em strong u s sub sup small code pre kbd samp blockquote q cite abbr figure figcaption section article header
   footer main nav aside`,
);
/** Written without an end. */
export const VOID = words("br hr col img");
/** Blanks between what is in these are layout of the source. */
export const STRUCTURAL = words("html head body table thead tbody tfoot tr ul ol dl colgroup");

/** Gone with all that is in them. */
export const DROPPED: Record<string, ActiveKind> = {
  script: "scripts",
  noscript: "scripts",
  template: "scripts",
  iframe: "embedded documents",
  frame: "embedded documents",
  frameset: "embedded documents",
  object: "embedded documents",
  embed: "embedded documents",
  applet: "embedded documents",
  audio: "embedded documents",
  video: "embedded documents",
  source: "embedded documents",
  track: "embedded documents",
  canvas: "embedded documents",
  portal: "embedded documents",
  math: "embedded documents",
  link: "addresses",
  base: "addresses",
  area: "addresses",
  input: "forms and fields",
  button: "forms and fields",
  select: "forms and fields",
  textarea: "forms and fields",
  datalist: "forms and fields",
  isindex: "forms and fields",
};

/** Attributes that stay, by element; the pattern is of the whole value. */
const SPAN = /^[1-9]\d{0,2}$/;
export const ATTRIBUTES: Record<string, Record<string, RegExp>> = {
  td: { colspan: SPAN, rowspan: SPAN },
  th: { colspan: SPAN, rowspan: SPAN, scope: /^(?:row|col|rowgroup|colgroup)$/ },
  col: { span: SPAN },
  colgroup: { span: SPAN },
  ol: { start: /^\d{1,6}$/ },
  table: { border: /^[01]$/ },
  html: { lang: /^[a-zA-Z]{2,3}(?:-[a-zA-Z]{2,8})?$/ },
};
/** Addresses wherever they stand. */
export const ADDRESSES = words(
  "href src srcset action formaction background poster data cite ping longdesc usemap manifest codebase archive",
);
