/** A file beside which the program put a claim that the node could not compute: it stays what the program wrote. */
import type { Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";

export const notRecomputed: RuleDefinition = {
  id: "not_recomputed",
  title: "Claim not computed",
  title_zh: "声明无法复算",
  default: "review",
  verdicts: ["review"],
  sentence:
    "The program said what this file shows, but not in a way that the node could compute; the file is the program's own and judged as such.",
  sentence_zh: "程序声明了文件内容，但节点无法据此复算；文件仍为程序自行写出，并按此判断。",
  source: "Glovebox",
};

export const judgeNotRecomputed = (why: string): Finding => ({
  rule: notRecomputed.id,
  verdict: "review",
  message: `The node could not compute what the program claimed: ${why}.`,
});
