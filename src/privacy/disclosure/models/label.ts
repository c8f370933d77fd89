/** How a typed expression reads: the names of factors and the formula that a model is shown with. */
import { canonicalText, type Expr, type Factor, type Formula } from "../../expression/index.js";

const OPERATORS = {
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
} as const;

const operand = (e: Expr): string => {
  const simple = ["column", "literal", "widen", "sqrt", "ln", "exp", "absolute", "date_part"].includes(e.op);
  return simple ? labelOf(e) : `(${labelOf(e)})`;
};

/** A value times itself, however often. */
function powerOf(e: Expr): string | undefined {
  const factors = (x: Expr): Expr[] =>
    x.op === "multiply" ? [...factors(x.left), ...factors(x.right)] : [x];
  const texts = factors(e).map(operand);
  return new Set(texts).size === 1 ? `${texts[0]} ** ${texts.length}` : undefined;
}

/** A condition or value in Python's manner; rare forms as their canonical JSON. */
export function labelOf(e: Expr): string {
  switch (e.op) {
    case "column":
      return e.name;
    case "literal":
      return e.type === "text" ? `'${e.value}'` : e.value;
    case "widen":
      return labelOf(e.value);
    case "compare":
      return `${operand(e.left)} ${OPERATORS[e.is]} ${operand(e.right)}`;
    case "multiply": {
      const power = powerOf(e);
      if (power !== undefined) return power;
      return `${operand(e.left)} * ${operand(e.right)}`;
    }
    case "add":
    case "subtract":
    case "divide":
      return `${operand(e.left)} ${OPERATORS[e.op]} ${operand(e.right)}`;
    case "negate":
      return `-${operand(e.value)}`;
    case "sqrt":
    case "exp":
      return `${e.op}(${labelOf(e.value)})`;
    case "ln":
      return `log(${labelOf(e.value)})`;
    case "absolute":
      return `abs(${labelOf(e.value)})`;
    case "date_part":
      return `${e.part}(${labelOf(e.value)})`;
    case "not":
      return `not ${operand(e.value)}`;
    case "and":
    case "or":
      return e.args.map(operand).join(` ${e.op} `);
    case "is_null":
      return `isnull(${labelOf(e.value)})`;
    default:
      return canonicalText(e);
  }
}

function factorText(factor: Factor): string {
  const label = labelOf(factor.value);
  if (factor.kind === "numeric") return factor.value.op === "column" ? label : `I(${label})`;
  return factor.reference ? `C(${label}, Treatment(${labelOf(factor.reference)}))` : `C(${label})`;
}

/** One text for one formula, whatever way it was written. */
export function formulaLabel({ response, intercept, terms, offsets }: Formula): string {
  const explained =
    "time" in response
      ? `Surv(${labelOf(response.time)}, ${labelOf(response.event)})`
      : labelOf(response.value);
  const right = [
    ...terms.map((term) => term.map(factorText).join(":")),
    ...offsets.map((offset) => `offset(${labelOf(offset)})`),
  ];
  if ("time" in response || intercept)
    return `${explained} ~ ${right.length === 0 ? "1" : right.join(" + ")}`;
  return `${explained} ~ ${[...right, "0"].join(" + ")}`;
}
