/**
 * Bytes of a file that its viewer never shows: tails, slack, text chunks. They are always removed.
 *
 * Small metadata is what every plotting library writes, so it is only noted. Bytes outside the format (after
 * the end of a picture, after the end of its compressed stream) have no honest use and always fail.
 * Vectors: tests/vectors/canonical.
 */
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import type { RuleDefinition } from "./definition.js";
import { several, sizeText } from "./definition.js";

export const hiddenContent: RuleDefinition = {
  id: "hidden_content",
  title: "Hidden content",
  title_zh: "隐藏内容",
  default: "metadata: note to 256 B, review to 4,096 B, then fail; outside the format: fail",
  verdicts: ["pass", "review", "fail"],
  sentence:
    "What the file's viewer would not show was removed; more than customary metadata is a sign of smuggling.",
  sentence_zh: "查看时不可见的内容已移除；超过常规元数据即视为夹带迹象。",
  source: "Glovebox; PNG (ISO/IEC 15948) 4.7, 11.3",
};

/** One hidden piece: where it was, and whether an honest encoder could have written it. */
export interface HiddenPiece {
  where: string;
  bytes: number;
  kind: "metadata" | "outside";
}

export function judgeHidden(pieces: readonly HiddenPiece[], policy: DisclosurePolicy): Finding[] {
  const found = pieces.filter((p) => p.bytes > 0);
  if (found.length === 0) return [];
  const total = (kind: HiddenPiece["kind"]) =>
    found.reduce((sum, p) => (p.kind === kind ? sum + p.bytes : sum), 0);
  const outside = total("outside");
  const metadata = total("metadata");
  const evidence = { outside_bytes: outside, metadata_bytes: metadata };
  const list = (kind: HiddenPiece["kind"]) => {
    const of = found.filter((p) => p.kind === kind);
    const named = of.slice(0, 5).map((p) => `${several(p.bytes, "byte")} ${p.where}`);
    return named.join(", ") + (of.length > 5 ? ` and ${several(of.length - 5, "more piece")}` : "");
  };
  const rule = hiddenContent.id;
  const findings: Finding[] = [];
  if (outside > 0) {
    findings.push({
      rule,
      verdict: "fail",
      message: `Hidden content was removed: ${list("outside")}. No encoder writes this; it looks like smuggling.`,
      evidence,
    });
  }
  if (metadata > 0) {
    const verdict =
      metadata > policy.metadata_fail_bytes
        ? "fail"
        : metadata > policy.metadata_review_bytes
          ? "review"
          : "pass";
    const size = verdict === "pass" ? "" : `; ${sizeText(metadata)} is more than customary`;
    findings.push({ rule, verdict, message: `Metadata was removed: ${list("metadata")}${size}.`, evidence });
  }
  return findings;
}
