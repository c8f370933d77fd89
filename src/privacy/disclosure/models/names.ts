/** Names of coefficients as programs write them, brought to one: `C(sex)[T.M]`, `sex[T.M]`, `factor(sex)M` and `sexM`. */
import type { CoefficientFact } from "./facts.js";

/** Without white space, prefixes of packages, and the wrappers that say how a column is taken. */
function bare(written: string): string {
  let text = written
    .replace(/\s+/g, "")
    .replace(/\b(?:np|numpy)\./g, "")
    .replaceAll("^", "**");
  text = text.replace(
    /\brelevel\((?:factor|C)\(((?:[^()]|\([^()]*\))*)\),ref=(?:"[^"]*"|'[^']*'|[^)]*)\)/g,
    "$1",
  );
  text = text.replace(/\bC\(((?:[^(),]|\([^()]*\))+),Treatment\((?:reference=)?[^)]*\)\)/g, "$1");
  text = text.replace(/\b(?:C|factor|I|Q)\(((?:[^()]|\([^()]*\))*)\)/g, "$1");
  return text.replace(/["'`]/g, "");
}

const parts = (name: string): string => bare(name).split(":").sort().join(":");

/** The coefficient that a written name means, where it is one of these. */
export function coefficientNamed(
  written: string,
  coefficients: readonly CoefficientFact[],
): CoefficientFact | undefined {
  const name = parts(written);
  return coefficients.find((c) => parts(c.name) === name || parts(c.r_name) === name);
}
