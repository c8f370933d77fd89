/** The file does not parse strictly as its type, so there is nothing that could be released. */
import type { EvidenceValue } from "../finding.js";
import type { RuleDefinition } from "./definition.js";
import { refuse } from "./definition.js";

export const unreadable: RuleDefinition = {
  id: "unreadable",
  title: "Readable",
  title_zh: "可解析",
  default: "strict",
  verdicts: ["fail"],
  sentence:
    "The file parses strictly as its type; what does not parse cannot be rebuilt and is not released.",
  sentence_zh: "文件须能按其类型严格解析；无法解析者不能重建，亦不放行。",
  source: "RFC 4180, RFC 8259, RFC 3629, PNG (ISO/IEC 15948)",
};

export const cannotRead = (message: string, evidence?: Record<string, EvidenceValue>) =>
  refuse(unreadable, message, evidence);
