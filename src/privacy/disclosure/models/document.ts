/**
 * The one text of a model or of curves: the same facts always give the same bytes.
 *
 * A model is canonical JSON (RFC 8785) with its coefficients in the formula's order; curves are a table. Numbers are
 * rounded here, once, from the doubles that were computed: to the policy's digits, and of curves to no more than four,
 * since further ones tell the order of events and losses within a step.
 */
import { canonicalText } from "../../expression/index.js";
import { writeTable } from "../canonicalisers/csv.js";
import { canonicalNumber } from "../canonicalisers/numbers.js";
import { cleanText } from "../canonicalisers/unicode.js";
import type { DisclosurePolicy } from "../policy.js";
import type { Table } from "../table.js";
import type { ModelFacts, RegressionFacts, SurvivalFacts } from "./facts.js";

/** Digits of a survival curve. */
export const CURVE_DIGITS = 4;

export function rounded(decimal: string, digits: number): string {
  const number = canonicalNumber(decimal, digits);
  // A statistic of an exact fit has no double; it is shown as far out as a JSON number goes.
  return number?.text ?? (decimal.startsWith("-") ? "-1e+308" : "1e+308");
}

export const mediaTypeOfModel = ({ kind }: Pick<ModelFacts, "kind">): string =>
  kind === "regression" ? "application/json" : "text/csv";

/** The end of its file's name. */
export const extensionOfModel = (kind: ModelFacts["kind"]): "json" | "csv" =>
  kind === "regression" ? "json" : "csv";

export function renderModel(facts: ModelFacts, policy: Pick<DisclosurePolicy, "significant_digits">): Buffer {
  return Buffer.from(cleanedModel(facts, policy).text, "utf8");
}

/** The text, and what of it was no visible character. Labels are data of the owner's. */
export function cleanedModel(facts: ModelFacts, policy: Pick<DisclosurePolicy, "significant_digits">) {
  const text =
    facts.kind === "regression"
      ? regressionText(facts, policy.significant_digits)
      : writeTable(survivalTable(facts, policy.significant_digits)).toString("utf8");
  return cleanText(text);
}

function regressionText(facts: RegressionFacts, digits: number): string {
  const { kind, family, ties, formula, failure, columns } = facts;
  const model = { kind, family, formula, ...(ties === undefined ? {} : { ties }) };
  if (failure !== undefined) return canonicalText({ ...model, failure, ...(columns ? { columns } : {}) });
  const number = (decimal: string) => Number(rounded(decimal, digits));
  const whole = (n: number) => number(String(n));
  return canonicalText({
    ...model,
    observations: whole(facts.rows),
    units: whole(facts.units),
    ...(facts.events === undefined ? {} : { units_with_event: whole(facts.events.with) }),
    parameters: facts.parameters,
    residual_df: whole(facts.residual_df),
    coefficients: facts.coefficients.map((c) => ({
      name: c.name,
      estimate: number(c.estimate),
      std_error: number(c.std_error),
      statistic: number(c.statistic),
      p_value: number(c.p_value),
    })),
    figures: Object.fromEntries(Object.entries(facts.figures).map(([name, value]) => [name, number(value)])),
  });
}

export const SURVIVAL_COLUMNS = ["time", "at_risk", "events", "censored", "survival", "std_error"] as const;

export function survivalTable(facts: SurvivalFacts, digits: number): Table {
  const few = Math.min(digits, CURVE_DIGITS);
  const count = (n: number) => rounded(String(n), digits);
  const rows = facts.curves.flatMap(({ levels, steps }) =>
    steps.map((step) => [
      ...levels,
      rounded(step.time, digits),
      count(step.at_risk),
      count(step.events),
      count(step.censored),
      rounded(step.survival, few),
      rounded(step.std_error, few),
    ]),
  );
  return { header: [...facts.by, ...SURVIVAL_COLUMNS], rows };
}
