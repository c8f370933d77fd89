/**
 * Claimed by running code: the node computed the figures, but the program, which had read the data, chose which figures.
 *
 * Its choice is a message of at most as many bytes as the claim codes to: the file is a function of the claim and the
 * data, so whoever knows the data learns no more from it than the claim says.
 * Source: counting bound, as for capacity; privacy by design of the recomputation itself.
 */
import type { Finding } from "../finding.js";
import { capacityOf } from "./capacity.js";
import { type RuleDefinition, sizeText } from "./definition.js";

export const claimed: RuleDefinition = {
  id: "claimed",
  title: "Claimed by running code",
  title_zh: "由运行中的程序声明",
  default: "review",
  verdicts: ["review"],
  sentence:
    "The node computed this file itself, but the running program chose what it shows: people look at the claim, which could hold at most so many bytes.",
  sentence_zh:
    "文件由节点自行计算，但其内容由运行中的程序选定；由人工查看该声明，其最多可承载的信息量已注明。",
  source: "Counting bound of a fixed lossless code (Shannon 1948; Cover and Thomas, 5.1)",
};

/** Bytes that the choice of this claim could carry. @param text the claim's canonical text */
export const describedBytes = (text: string): number => capacityOf(Buffer.from(text, "utf8"));

export function judgeClaimed(text: string): Finding {
  const bytes = describedBytes(text);
  return {
    rule: claimed.id,
    verdict: "review",
    message: `The running program chose what this shows; its description could hold at most ${sizeText(bytes)} (${bytes * 8} bits). The figures are the node's own.`,
    evidence: { bytes, bits: bytes * 8, claim: text.slice(0, MAX_CLAIM_CHARS) },
  };
}

const MAX_CLAIM_CHARS = 16_384;
