/** Characters that a reader cannot see, or that reorder what is read. Removed; see canonicalisers/unicode.ts. */
import type { Removed } from "../canonicalisers/unicode.js";
import type { Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";
import { several } from "./definition.js";

export const invisibleText: RuleDefinition = {
  id: "invisible_text",
  title: "Invisible characters",
  title_zh: "不可见字符",
  default: "review",
  verdicts: ["review"],
  sentence:
    "Terminal escapes, control, zero-width, private-use and text-direction characters were removed; they can hide a message.",
  sentence_zh: "终端转义、控制、零宽、私用及双向文字控制字符已移除；它们可能藏匿信息。",
  source: "Unicode TR36 and TR39; Boucher and Anderson, Trojan Source, 2021",
};

const NOUNS: Record<keyof Removed, string> = {
  escapes: "escape-sequence character",
  controls: "control character",
  bidi: "text-direction mark",
  invisible: "invisible character",
};

export function judgeRemoved(removed: Removed): Finding[] {
  const parts = (Object.keys(NOUNS) as (keyof Removed)[])
    .filter((k) => removed[k] > 0)
    .map((k) => several(removed[k], NOUNS[k]));
  if (parts.length === 0) return [];
  return [
    {
      rule: invisibleText.id,
      verdict: "review",
      message: `Removed: ${parts.join(", ")}.`,
      evidence: { ...removed },
    },
  ];
}
