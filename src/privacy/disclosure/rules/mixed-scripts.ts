/** Words that mix letters which look like Latin ones with Latin ones: a reader sees one word, and which was used carries a bit. */
import { isAscii, isUtf8 } from "node:buffer";
import type { ScanText } from "../canonical.js";
import type { Finding } from "../finding.js";
import { type RuleDefinition, several } from "./definition.js";

export const mixedScripts: RuleDefinition = {
  id: "mixed_scripts",
  title: "Look-alike letters",
  title_zh: "形近字母",
  default: "review",
  verdicts: ["review"],
  sentence:
    "A word has letters of another script that look like Latin ones, beside Latin letters: which was used can hold a message.",
  sentence_zh: "同一词中混用形似拉丁字母的其他文字字母；选用何者可藏匿信息。",
  source: "Unicode TR39, mixed-script confusables; Boucher et al., Bad Characters, 2022",
};

/** Cyrillic, Greek, Armenian and Cherokee letters that are drawn as Latin ones, and Latin ones drawn in other styles. */
const LOOK_ALIKE =
  /[аеорсухіјѕһԁԛԝүАВЕКМНОРСТУХЅІЈԌԚԜҮΑΒΕΖΗΙΚΜΝΟΡΤΥΧοѵνіօսհոցզՕՍᎪᎬᎻᏀᏂᏃᏆᏌᏙᏚᏞᏟᏢᏦᏴ\u{1d400}-\u{1d7cb}]/u;
const WORDS = /[\p{L}\p{M}\p{Nd}_]+/gu;
const LATIN = /[A-Za-z]/;

/** Of all texts that are shown or searched; those that are none, or plain ASCII, cost a look at their bytes. */
export function judgeMixedScripts(texts: readonly ScanText[]): Finding[] {
  let words = 0;
  for (const { content } of texts) {
    if (isAscii(content) || !isUtf8(content)) continue;
    for (const [word] of content.toString("utf8").matchAll(WORDS))
      if (LOOK_ALIKE.test(word) && LATIN.test(word)) words++;
  }
  if (words === 0) return [];
  return [
    {
      rule: mixedScripts.id,
      verdict: "review",
      message: `${several(words, "word")} with letters that only look like Latin ones beside Latin letters.`,
      message_zh: `有 ${words} 个词混用了形似拉丁字母的其他文字字母。`,
      evidence: { words },
    },
  ];
}
