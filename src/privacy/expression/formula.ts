/** Formulas of models: what is explained, by which terms, with typed and checked values. */
import { z } from "zod";
import { canonicalText } from "./canonical.js";
import { type Checked, check } from "./check/check.js";
import type { Columns } from "./columns.js";
import { placeOf, unsupported, wrong } from "./errors.js";
import { type Expr, exprSchema, type Surface } from "./expr.js";
import { EXPRESSION_LIMITS as LIMITS } from "./limits.js";
import {
  parsePythonFormula,
  parseRFormula,
  type WrittenFactor,
  type WrittenFormula,
} from "./syntax/formula.js";

export const FAMILIES = ["ols", "logit", "probit", "poisson", "cox"] as const;
export type Family = (typeof FAMILIES)[number];

const factor = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("numeric"), value: exprSchema }),
  z.strictObject({ kind: z.literal("categorical"), value: exprSchema, reference: exprSchema.optional() }),
]);
export type Factor = z.infer<typeof factor>;

export const formulaSchema = z.strictObject({
  version: z.literal(1),
  response: z.union([
    z.strictObject({ value: exprSchema }),
    z.strictObject({ time: exprSchema, event: exprSchema }),
  ]),
  intercept: z.boolean(),
  /** Each a set of factors, none twice; the intercept apart. */
  terms: z.array(z.array(factor).min(1).max(LIMITS.factors)).max(LIMITS.terms),
  offsets: z.array(exprSchema).max(LIMITS.factors),
});
export type Formula = z.infer<typeof formulaSchema>;

const isNumber = ({ type }: Checked): boolean => type === "integer" || type === "decimal";

/** One use of the checker, with the type that is asked for. */
function typed(
  value: Surface,
  columns: Columns,
  root: string,
  fits: (checked: Checked) => boolean,
  need: string,
): Checked {
  const checked = check(value, columns, root);
  if (!fits(checked)) throw wrong(placeOf(value.at, root), `is ${checked.type}, but ${need} is needed`);
  return checked;
}

const numberOf = (value: Surface, columns: Columns, root: string): Expr =>
  typed(value, columns, root, isNumber, "a number").expr;

const eventOf = (value: Surface, columns: Columns, root: string): Expr =>
  typed(
    value,
    columns,
    root,
    ({ type }) => type === "boolean" || type === "integer",
    "true or false, or 0 or 1",
  ).expr;

function factorOf({ value, categorical, reference }: WrittenFactor, columns: Columns, root: string): Factor {
  const checked = check(value, columns, root);
  if (!categorical && isNumber(checked)) return { kind: "numeric", value: checked.expr };
  if (checked.type === "date" || checked.type === "timestamp" || checked.type === "decimal")
    throw unsupported(
      placeOf(value.at, root),
      `a ${checked.type} as categories`,
      "take a part of it, or make bins",
    );
  if (!reference) return { kind: "categorical", value: checked.expr };
  return {
    kind: "categorical",
    value: checked.expr,
    reference: referenceOf(checked, reference, columns, root),
  };
}

/** The reference as a literal of the value's type, as a comparison would take it. */
function referenceOf(value: Checked, reference: Surface, columns: Columns, root: string): Expr {
  const written = check(reference, columns, root).expr;
  const equal = check({ op: "compare", is: "eq", left: value.expr, right: reference }, columns, root).expr;
  const found = equal.op === "compare" ? equal.right : written;
  if (found.op === "literal" && found.type === value.type) return found;
  throw wrong(placeOf(reference.at, root), `a literal of type ${value.type} is needed`);
}

/** Orders of interaction rise; within one, terms stand as they were written. */
function typedFormula(written: WrittenFormula, columns: Columns): Formula {
  const { response } = written;
  const terms = written.terms
    .filter((term) => term.length > 0)
    .map((term) => term.map((f) => factorOf(f, columns, "terms")))
    .map((term) => [...new Map(term.map((f) => [canonicalText(f), f])).values()])
    .sort((a, b) => a.length - b.length);
  return {
    version: 1,
    response:
      "time" in response
        ? {
            time: numberOf(response.time, columns, "response.time"),
            event: eventOf(response.event, columns, "response.event"),
          }
        : {
            value: typed(
              response,
              columns,
              "response",
              (c) => isNumber(c) || c.type === "boolean",
              "a number",
            ).expr,
          },
    intercept: written.terms.some((term) => term.length === 0),
    terms: [...new Map(terms.map((term) => [termText(term), term])).values()],
    offsets: written.offsets.map((o, i) => numberOf(o, columns, `offsets.${i}`)),
  };
}

const termText = (term: readonly Factor[]): string => canonicalText(term.map(canonicalText).sort());

export const formulaFromPython = (text: string, columns: Columns): Formula =>
  typedFormula(parsePythonFormula(text), columns);

export const formulaFromR = (text: string, columns: Columns): Formula =>
  typedFormula(parseRFormula(text), columns);

/** A formula that arrives as JSON and has its shape, checked as if it had been written. */
export function checkFormula({ response, intercept, terms, offsets }: Formula, columns: Columns): Formula {
  const written = terms.map((term) =>
    term.map(
      (f): WrittenFactor =>
        f.kind === "numeric"
          ? { value: f.value, categorical: false }
          : { value: f.value, categorical: true, ...(f.reference ? { reference: f.reference } : {}) },
    ),
  );
  return typedFormula(
    {
      response: "time" in response ? response : response.value,
      terms: intercept ? [[], ...written] : written,
      offsets,
    },
    columns,
  );
}

/** A Cox model explains a time with an event and has no intercept; the others explain a value. */
export function checkFamily(family: Family, formula: Formula): void {
  const isSurvival = "time" in formula.response;
  if (family === "cox" && !isSurvival) throw wrong("response", "write Surv(time, event)");
  if (family !== "cox" && isSurvival) throw wrong("response", "Surv(time, event) is for cox alone");
}

/** What is hashed: terms and factors in one order, whatever order they were written in. */
export function formulaText(formula: Formula): string {
  const terms = formula.terms
    .map((term) => term.map(canonicalText).sort())
    .sort((a, b) => (canonicalText(a) < canonicalText(b) ? -1 : 1));
  return canonicalText({ ...formula, terms, offsets: formula.offsets.map(canonicalText).sort() });
}
