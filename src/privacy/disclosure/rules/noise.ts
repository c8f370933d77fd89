/** Figures with noise: what they cost, and whom that protects. They need no threshold; their noise is what keeps people apart. */
import type { Finding } from "../finding.js";
import type { RuleDefinition } from "./definition.js";

export const noise: RuleDefinition = {
  id: "noise",
  title: "Noise",
  title_zh: "噪声",
  default: "pass",
  verdicts: ["pass"],
  sentence:
    "Every figure has noise that was paid for before it was drawn; with each stands its standard error.",
  sentence_zh: "每个数字均含噪声，其隐私开销在取噪前已扣除，并附标准误差。",
  source: "Kairouz, Liu, Steinke 2021; Canonne, Kamath, Steinke 2020",
};

/** What noise was added. Decimal strings. */
export interface NoiseTerms {
  epsilon: string;
  delta: string;
  /** So many shares of the noise are enough … */
  honest: number;
  /** … of so many. */
  contributors: number;
}

export function noteNoise({ epsilon, delta, honest, contributors }: NoiseTerms): Finding {
  return {
    rule: noise.id,
    verdict: "pass",
    message: `Every figure has noise, below zero too: the answer is (ε ${epsilon}, δ ${delta})-private for the people of each domain while ${honest} of ${contributors} contributors are honest.`,
    message_zh: `每个数字均含噪声（可能为负）：只要 ${contributors} 个参与域中有 ${honest} 个诚实，结果对各域的个体满足 (ε ${epsilon}, δ ${delta}) 差分隐私。`,
    evidence: { epsilon, delta, honest, contributors },
  };
}
