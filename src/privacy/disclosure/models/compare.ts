/**
 * A program's own file of a model beside the node's, where the node computed what the program claimed.
 *
 * A coefficient is found by its name, as statsmodels or R writes it; one whose name is not known must be one of the node's
 * all the same. Numbers agree where they are equal in the digits that are shown, give or take the last one. Further members of the file are the program's own and are not compared.
 */
import { z } from "zod";
import type { Finding } from "../finding.js";
import { withCells } from "../rules/definition.js";
import { differs, judgeOtherFile } from "../rules/differs.js";
import { rounded } from "./document.js";
import type { CoefficientFact, RegressionFacts } from "./facts.js";
import { coefficientNamed } from "./names.js";

const number = z.union([z.number(), z.null()]);
const described = z.object({
  name: z.string().optional(),
  estimate: number.optional(),
  coef: number.optional(),
  std_error: number.optional(),
  std_err: number.optional(),
});
/** The node's own form, or coefficients by name with standard errors beside them. */
const stated = z.object({
  coefficients: z.union([z.array(described), z.record(z.string(), z.union([number, described]))]),
  standard_errors: z.record(z.string(), number).optional(),
});

interface Stated {
  name: string;
  estimate: number | null | undefined;
  error: number | null | undefined;
}

function coefficientsIn(document: unknown): Stated[] | undefined {
  const read = stated.safeParse(document);
  if (!read.success) return undefined;
  const { coefficients, standard_errors: errors } = read.data;
  const named = Array.isArray(coefficients)
    ? coefficients.map((c): [string, z.output<typeof described>] => [c.name ?? "", c])
    : Object.entries(coefficients);
  return named.map(([name, c]) => {
    if (c === null || typeof c === "number") return { name, estimate: c, error: errors?.[name] };
    return { name, estimate: c.estimate ?? c.coef, error: c.std_error ?? c.std_err ?? errors?.[name] };
  });
}

/** Equal to so many digits; one in the last place is rounding, wherever it was done. */
export function agree(written: number | null | undefined, own: string, digits: number): boolean {
  if (written === undefined || written === null) return true;
  if (!Number.isFinite(written)) return false;
  const [a, b] = [Number(rounded(String(written), digits)), Number(rounded(own, digits))];
  return Math.abs(a - b) <= 1.01 * 10 ** (Math.floor(Math.log10(Math.max(Math.abs(b), 1e-300))) - digits + 1);
}

const sameEstimate = (c: Stated, fact: CoefficientFact, digits: number): boolean =>
  agree(c.estimate, fact.estimate, digits);
const sameError = (c: Stated, fact: CoefficientFact, digits: number): boolean =>
  agree(c.error, fact.std_error, digits) ||
  (fact.expected_std_error !== undefined && agree(c.error, fact.expected_std_error, digits));

export interface ModelComparison {
  /** Undefined where the file states no coefficients. */
  differing: { name: string; what: "estimate" | "std_error" | "coefficient" }[] | undefined;
}

/** @param written what the program's file holds, parsed @param digits that are shown */
export function sameModel(written: unknown, facts: RegressionFacts, digits: number): ModelComparison {
  const theirs = coefficientsIn(written);
  if (theirs === undefined) return { differing: undefined };
  const differing: NonNullable<ModelComparison["differing"]> = [];
  const left = new Set(facts.coefficients);
  const unknown: Stated[] = [];
  for (const c of theirs) {
    const fact = coefficientNamed(c.name, facts.coefficients);
    if (fact === undefined) {
      unknown.push(c);
      continue;
    }
    left.delete(fact);
    if (!sameEstimate(c, fact, digits)) differing.push({ name: fact.name, what: "estimate" });
    if (!sameError(c, fact, digits)) differing.push({ name: fact.name, what: "std_error" });
  }
  for (const c of unknown) {
    const fact = [...left].find((f) => sameEstimate(c, f, digits) && sameError(c, f, digits));
    if (fact === undefined) differing.push({ name: c.name, what: "coefficient" });
    else left.delete(fact);
  }
  for (const fact of left) differing.push({ name: fact.name, what: "coefficient" });
  return { differing };
}

/** What an auditor is told of the program's own file. */
export function compareModels(written: Buffer, facts: RegressionFacts, digits: number): Finding[] {
  let document: unknown;
  try {
    document = JSON.parse(written.toString("utf8"));
  } catch {
    return [judgeOtherFile("The program's own file is no JSON document.")];
  }
  const { differing } = sameModel(document, facts, digits);
  if (differing === undefined) return [judgeOtherFile("The program's own file states no coefficients.")];
  if (differing.length === 0) return [];
  const base = judgeOtherFile(
    `The program's own file states another model: ${differing.length} of its numbers are not the node's.`,
  );
  return [
    withCells(
      { ...base, rule: differs.id },
      differing.map(({ name, what }) => [name, what]),
    ),
  ];
}
