/** Text that a viewer could run or load from elsewhere when it renders it. Source: OWASP, XSS; EchoLeak, 2025. */
import type { Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";
import { several } from "./definition.js";

export const markup: RuleDefinition = {
  id: "markup",
  title: "Active text",
  title_zh: "活动内容",
  default: "review",
  verdicts: ["review"],
  sentence:
    "Markup, script or a picture by address: a viewer that renders the text could run it or call out. From web pages and drawings such parts are removed.",
  sentence_zh:
    "文本含标记、脚本或外部图片地址，渲染时可能被执行或向外发起请求；网页与矢量图中的此类内容已移除。",
  source: "OWASP, Cross-Site Scripting Prevention",
};

const PATTERNS: readonly [RegExp, string][] = [
  [/<(?:!doctype|html|svg|script|iframe|object|embed|img|link|style|meta|base|form)\b/i, "HTML or SVG tags"],
  [/\b(?:(?:java|vb)script:|data:[a-z]{1,20}\/)/i, "a script or data address"],
  [/!\[[^[\]\n]{0,200}\]\(\s{0,9}[a-z][a-z0-9+.-]{0,20}:/i, "a picture by address"],
];

export function judgeMarkup(text: string): Finding[] {
  const kinds = PATTERNS.filter(([pattern]) => pattern.test(text)).map(([, name]) => name);
  if (kinds.length === 0) return [];
  const message = `The text holds ${kinds.join(", ")}; show it as plain text only.`;
  return [{ rule: markup.id, verdict: "review", message }];
}

/** Parts of a web page or drawing that run, load, call out or hide. */
export type ActiveKind =
  | "scripts"
  | "event handlers"
  | "embedded documents"
  | "addresses"
  | "addresses in styles"
  | "@-rules"
  | "forms and fields"
  | "page directives"
  | "animations and filters"
  | "nested references"
  | "hiding styles";

export function judgeActive(removed: ReadonlyMap<ActiveKind, number>): Finding[] {
  if (removed.size === 0) return [];
  const total = [...removed.values()].reduce((sum, n) => sum + n, 0);
  const message = `${several(total, "active part")} removed or undone: ${[...removed.keys()].join(", ")}.`;
  return [{ rule: markup.id, verdict: "review", message, evidence: Object.fromEntries(removed) }];
}
