/**
 * How much arbitrary information the rebuilt file could carry.
 *
 * Method: whoever chose this file chose it out of those that code, under one fixed lossless code, to no more
 * bytes than it does; so it tells at most so many bytes. The code is raw DEFLATE at its usual level of the rebuilt
 * bytes, or those bytes themselves where they are shorter (a picture is already DEFLATE inside), or DEFLATE of the
 * same content written in another way from which the file could be made again (rounded numbers as decimal text).
 * An upper bound for what the program put in on purpose; what the honest content tells is included in it.
 */
import { deflateRawSync } from "node:zlib";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import type { RuleDefinition } from "./definition.js";
import { sizeText } from "./definition.js";

export const capacity: RuleDefinition = {
  id: "capacity",
  title: "Capacity",
  title_zh: "信息容量",
  default: "review above 4,096 B; 64 KiB, 16 KiB, 1,024 B and 256 B on grades 1, 2, 4 and 5",
  verdicts: ["pass", "review"],
  sentence: "The file could carry at most so many bytes of arbitrary information after it was rebuilt.",
  sentence_zh: "文件重建后最多可承载的任意信息量。",
  source: "Counting bound of a fixed lossless code (Shannon 1948; Cover and Thomas, 5.1)",
};

const deflated = (bytes: Buffer) => deflateRawSync(bytes, { level: 6 }).length;

/** One byte says which of the codes was taken, where there is a choice. */
const CHOICE = 1;

/** @param content see Rebuilt.content */
export function capacityOf(canonical: Buffer, content?: Buffer): number {
  if (canonical.length === 0) return 0;
  const own = Math.min(canonical.length, deflated(canonical));
  return content === undefined ? own : Math.min(own, deflated(content) + CHOICE);
}

export function judgeCapacity(bytes: number, policy: DisclosurePolicy): Finding {
  return {
    rule: capacity.id,
    verdict: bytes > policy.capacity_review_bytes ? "review" : "pass",
    message: `Could hold at most ${sizeText(bytes)}.`,
    message_zh: `最多可承载 ${sizeText(bytes)}。`,
    evidence: { bytes, review_above: policy.capacity_review_bytes },
  };
}

/** What was claimed before the run cannot carry a message: nothing in its form depends on the data. */
export function noteCapacity(canonical: Buffer): Finding {
  const bytes = capacityOf(canonical);
  return {
    rule: capacity.id,
    verdict: "pass",
    message: `${sizeText(bytes)} of figures; which figures was fixed before the data were read.`,
    message_zh: `数字共 ${sizeText(bytes)}；显示哪些数字在读取数据前已定。`,
    evidence: { bytes },
  };
}
