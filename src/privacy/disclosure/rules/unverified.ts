/** A hand-written file: nobody but the untrusted program vouches for it, so people judge. */
import type { Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";

export const unverified: RuleDefinition = {
  id: "unverified",
  title: "Not recomputed",
  title_zh: "未经复算",
  default: "review",
  verdicts: ["review"],
  sentence:
    "The program wrote this file by itself; the node could not recompute it, and it leaves no facts for later comparison.",
  sentence_zh: "文件由程序自行写出，节点无法复算，也不会留下供日后比对的事实。",
  source: "Glovebox",
};

export function noteUnverified(): Finding {
  return {
    rule: unverified.id,
    verdict: "review",
    message: "The program wrote this file; the node could not recompute its content. People judge it.",
    message_zh: "文件由程序写出，节点无法复算其内容，由人工判断。",
  };
}
