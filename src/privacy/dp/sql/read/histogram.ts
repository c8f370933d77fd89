/** `histogram(x, n)`: n bins of equal width over public bounds; values are clamped, so each is in one. */
import type { Rational } from "../../../../vocabulary/index.js";
import { check } from "../../../expression/check/check.js";
import { columnsOf } from "../../../expression/columns.js";
import type { Surface } from "../../../expression/expr.js";
import { plus } from "../bounds.js";
import type { Call } from "./calls.js";
import { boundedValue } from "./measure.js";
import type { Scope, Typed } from "./scope.js";

const MOST_BINS = 1000;

const toNumber = ({ num, den }: Rational): number => Number(num) / Number(den);

/** The edges as people read them: to 12 digits, each once. */
function edgesOf([low, high]: readonly [Rational, Rational], bins: number): string[] {
  const width = { num: high.num * low.den - low.num * high.den, den: high.den * low.den };
  const edges = Array.from({ length: bins + 1 }, (_, i) => {
    const edge = plus(low, { num: width.num * BigInt(i), den: width.den * BigInt(bins) });
    return String(Number(toNumber(edge).toPrecision(12)));
  });
  return [...new Set(edges)];
}

export function histogramBins(scope: Scope, { node, args }: Call): Typed {
  const [value, count, ...more] = args;
  const number = count === undefined ? undefined : scope.value(count).expr;
  const bins = number?.op === "literal" && number.type === "integer" ? Number(number.value) : 0;
  if (value === undefined || more.length > 0 || bins < 1 || bins > MOST_BINS)
    return scope.refuse(node, "this histogram", `write histogram(x, 10), with 1 to ${MOST_BINS} bins`);
  const { typed, bounds } = boundedValue(scope, value, scope.fields);
  const edges = edgesOf(bounds, bins);
  const labels = edges.slice(1).map((edge, i) => {
    const isLast = i === edges.length - 2;
    return `[${edges[i]}, ${edge}${isLast ? "]" : ")"}`;
  });
  if (labels.length === 0) labels.push(`[${edges[0]}, ${edges[0]}]`);
  const text = (label: string): Surface => ({ op: "string", text: label });
  const surface: Surface = {
    op: "case",
    whens: [
      { when: { op: "is_null", value: typed.expr }, value: { op: "missing" } },
      ...labels.slice(0, -1).map((label, i) => ({
        when: {
          op: "compare" as const,
          is: "lt" as const,
          left: typed.expr as Surface,
          right: { op: "number" as const, text: edges[i + 1] as string },
        },
        value: text(label),
      })),
    ],
    otherwise: text(labels.at(-1) as string),
  };
  const columns = columnsOf(
    scope.fields.map(({ column, type, nullable }) => ({ name: column, type, nullable })),
  );
  const checked = check(surface, columns, "histogram");
  return { ...checked, nullable: typed.nullable };
}
