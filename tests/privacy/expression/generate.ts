/** Rows full of edges, and expressions over them of every operation and type. */
import fc from "fast-check";
import {
  type ExpressionColumns as Columns,
  columnsOf,
  formatValue,
  type ExpressionRow as Row,
  type WrittenExpression as Surface,
  type ExpressionValue as Value,
} from "../../../src/privacy/expression/index.js";
import type { ColumnType } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";

export const seed = testSeed();

const TYPES: ColumnType[] = ["boolean", "integer", "decimal", "text", "date", "timestamp"];
/** Two columns a type; one name needs quoting. */
const NAMES: Record<ColumnType, string[]> = {
  boolean: ["flag", 'odd "name"'],
  integer: ["n", "m"],
  decimal: ["x", "y"],
  text: ["s", "名"],
  date: ["d", "e"],
  timestamp: ["t", "u"],
};

export const columns: Columns = columnsOf(
  TYPES.flatMap((type) => NAMES[type].map((name) => ({ name, type, nullable: true }))),
);

const INT64 = 2n ** 63n;
const EDGES: Record<ColumnType, Exclude<Value, null>[]> = {
  boolean: [true, false],
  integer: [0n, 1n, -1n, 2n, 5n, 60n, 2n ** 53n, 2n ** 53n + 1n, INT64 - 1n, -INT64],
  decimal: [0, -0, 1, -1, 0.1, 2.5, 59.5, 60, 2 ** 53, 1e300, 1.7976931348623157e308, 5e-324, -3e200],
  text: ["", "a", "b", "ab", "A", "é", "e\u0301", "50%", "a_b", "\\", "\u{1f600}", "\uffff", "'; --", "60"],
  date: [0, -1, 19723, 18321, -719162, 2932896, 11016],
  timestamp: [0n, -1n, 1_704_067_200_000_000n, 1_582_934_400_123_456n, -62_135_596_800_000_000n],
};

const value = (type: ColumnType): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom<Value>(...EDGES[type]) }, fc.constant(null));

export const rowArbitrary: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(
    TYPES.flatMap((type) =>
      NAMES[type].map((name) => {
        const plain = value(type);
        const numbers = fc.oneof(plain, fc.constantFrom<Value>(Number.NaN, Number.POSITIVE_INFINITY));
        return [name, type === "decimal" ? numbers : plain];
      }),
    ),
  ),
);

type Tie = (key: string) => fc.Arbitrary<Surface>;

const column = (type: ColumnType): fc.Arbitrary<Surface> =>
  fc.constantFrom(...NAMES[type]).map((name): Surface => ({ op: "column", name }));

const literal = (type: ColumnType): fc.Arbitrary<Surface> =>
  fc.constantFrom(...EDGES[type]).map((v): Surface => ({ op: "literal", type, value: formatValue(type, v) }));

const numeric = (tie: Tie) => fc.oneof(tie("integer"), tie("decimal"));
const instant = (tie: Tie) => fc.oneof(tie("date"), tie("timestamp"));

const PATTERNS = ["%", "a%", "%b", "_", "a\\_b", "5_\\%", "%a%", "\\\\", "__", ""];

function conditions(tie: Tie): fc.Arbitrary<Surface>[] {
  const pairs = TYPES.map((type) => fc.tuple(fc.constant(type), tie(type), tie(type)));
  const mixed = fc.tuple(fc.constant<ColumnType>("decimal"), numeric(tie), numeric(tie));
  const days = fc.tuple(fc.constant<ColumnType>("date"), instant(tie), instant(tie));
  const comparison = fc
    .tuple(fc.oneof(...pairs, mixed, days), fc.constantFrom("eq", "ne", "lt", "le", "gt", "ge"))
    .map(([[type, left, right], is]): Surface => {
      const order = is as "eq" | "ne" | "lt";
      return { op: "compare", is: type === "boolean" && is !== "eq" ? "ne" : order, left, right };
    });
  const list = fc
    .constantFrom(...TYPES)
    .chain((type) => fc.tuple(tie(type), fc.array(literal(type), { maxLength: 4 })))
    .map(([v, options]): Surface => ({ op: "in", value: v, options }));
  const any = fc.oneof(...TYPES.map((type) => tie(type)));
  const flags = fc.array(tie("boolean"), { minLength: 1, maxLength: 3 });
  return [
    comparison,
    comparison,
    list,
    fc
      .tuple(tie("text"), fc.constantFrom(...PATTERNS))
      .map(([v, pattern]): Surface => ({ op: "like", value: v, pattern })),
    any.map((v): Surface => ({ op: "is_null", value: v })),
    tie("boolean").map((v): Surface => ({ op: "not", value: v })),
    fc
      .tuple(fc.constantFrom("and", "or"), flags)
      .map(([op, args]): Surface => ({ op: op as "and" | "or", args })),
    fc
      .tuple(any, any)
      .filter(
        ([a, b]) =>
          a.op === "column" && b.op === "column" && columns.get(a.name)?.type === columns.get(b.name)?.type,
      )
      .map(([left, right]): Surface => ({ op: "distinct", left, right })),
  ];
}

function numbers(tie: Tie, type: "integer" | "decimal"): fc.Arbitrary<Surface>[] {
  const of = type === "integer" ? tie("integer") : numeric(tie);
  const arithmetic = fc
    .tuple(fc.constantFrom("add", "subtract", "multiply"), of, type === "integer" ? of : tie("decimal"))
    .map(([op, left, right]): Surface => ({ op: op as "add", left, right }));
  const sign = fc
    .tuple(fc.constantFrom("negate", "absolute"), tie(type))
    .map(([op, v]): Surface => ({ op: op as "negate", value: v }));
  if (type === "integer") {
    const parts = ["year", "quarter", "month", "day", "weekday", "hour", "minute"] as const;
    return [
      arithmetic,
      sign,
      fc
        .tuple(fc.constantFrom(...parts), instant(tie))
        .map(([part, v]): Surface => ({ op: "date_part", part, value: v })),
      fc.tuple(tie("date"), tie("date")).map(([from, to]): Surface => ({ op: "days", from, to })),
    ];
  }
  return [
    arithmetic,
    sign,
    fc.tuple(numeric(tie), numeric(tie)).map(([left, right]): Surface => ({ op: "divide", left, right })),
    numeric(tie).map((v): Surface => ({ op: "sqrt", value: v })),
  ];
}

function choices(tie: Tie, type: ColumnType): fc.Arbitrary<Surface>[] {
  const whens = fc.array(fc.record({ when: tie("boolean"), value: tie(type) }), {
    minLength: 1,
    maxLength: 2,
  });
  const missing = fc.constant<Surface>({ op: "missing" });
  return [
    fc
      .tuple(whens, fc.oneof(tie(type), missing))
      .map(([w, otherwise]): Surface => ({ op: "case", whens: w, otherwise })),
    fc.array(tie(type), { minLength: 1, maxLength: 3 }).map((args): Surface => ({ op: "coalesce", args })),
  ];
}

/**
 * An expression of a type. The checker may make it wider: a product of whole numbers too large to be exact
 * is a decimal.
 */
export const expressionArbitrary: Record<ColumnType, fc.Arbitrary<Surface>> = fc.letrec<
  Record<ColumnType, Surface>
>((tie) => {
  const of = tie as Tie;
  return Object.fromEntries(
    TYPES.map((type) => {
      const leaves = [column(type), column(type), literal(type)];
      const inner =
        type === "boolean"
          ? conditions(of)
          : type === "integer" || type === "decimal"
            ? numbers(of, type)
            : [];
      return [
        type,
        fc.oneof({ maxDepth: 4, depthIdentifier: "e" }, ...leaves, ...inner, ...choices(of, type)),
      ];
    }),
  ) as Record<ColumnType, fc.Arbitrary<Surface>>;
});

export const anyExpression: fc.Arbitrary<Surface> = fc.oneof(
  { weight: 4, arbitrary: expressionArbitrary.boolean },
  ...TYPES.slice(1).map((type) => ({ weight: 1, arbitrary: expressionArbitrary[type] })),
);
