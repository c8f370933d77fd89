/** Sizes that a released file may not exceed, and what checking one may cost. */
import type { EvidenceValue, Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";
import { refuse } from "./definition.js";

export const limits: RuleDefinition = {
  id: "limits",
  title: "Size and shape",
  title_zh: "大小与结构限制",
  default: "16 MiB; tables 100,000 rows, 1,000 columns, 1,000,000 cells; JSON depth 32; pictures 25 Mpx",
  verdicts: ["fail"],
  sentence: "The file stays within the limits of bytes, rows, columns, cells, depth and pixels.",
  sentence_zh: "文件不得超过字节、行、列、单元格、层级与像素上限。",
  source: "Policy of the dataset's grade",
};

export const overLimit = (message: string, evidence?: Record<string, EvidenceValue>) =>
  refuse(limits, message, evidence);

export const checkerLimit: RuleDefinition = {
  id: "checker_limit",
  title: "Cost of checking",
  title_zh: "检查资源限制",
  default: "768 MB, 30 s of processor time, 45 s in all",
  verdicts: ["fail"],
  sentence:
    "Reading the file stays within the checker's memory and time; a file that exhausts them is refused.",
  sentence_zh: "解析文件不得超出检查进程的内存与时间；耗尽资源的文件一律拒绝。",
  source: "Confined checker process",
};

export function checkerGaveUp(how: "time" | "ended" | "answer"): Finding {
  const message = {
    time: "Reading this file took longer than the checker may take; it is refused.",
    ended: "The checker ended while reading this file (memory, processor time or a crash); it is refused.",
    answer: "The checker's answer for this file was malformed; it is refused.",
  }[how];
  return { rule: checkerLimit.id, verdict: "fail", message, evidence: { how } };
}
