/**
 * `SELECT unit, keys, aggregates FROM … GROUP BY unit, keys`: one row a unit and key. Its values are functions of one
 * unit's rows, so they need no noise; their bounds follow from the bounds of what they add up and the rows a unit has.
 */
import type { Rational } from "../../../../vocabulary/index.js";
import type { Expr } from "../../../expression/expr.js";
import { SCALED_MAX } from "../limits.js";
import type { Bounds, Field, Relation, Scaled, UnitMeasure } from "../model.js";
import { inUnits } from "../scale.js";
import { scaledValue } from "./measure.js";
import type { RelationReader } from "./relations.js";
import { itemName, placeNumber, type Scope, type Typed } from "./scope.js";
import { callTree, type QueryTree } from "./tree.js";
import { isUnitCall, UNIT_CALLS } from "./unit-calls.js";

type Tree = Record<string, unknown>;

interface Key {
  /** The resolved tree without its places. */
  text: string;
  field: Field;
  typed: Typed;
}

/** What a tree says, wherever it stands and whatever it is called. */
export const bare = (tree: unknown): string =>
  JSON.stringify(tree, (name, value: unknown) =>
    name === "query_location" || name === "alias" ? undefined : value,
  );

const whole = (n: bigint): Rational => ({ num: n, den: 1n });
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

class UnitsReader {
  readonly keys: Key[];
  readonly measures: { text: string; field: Field; measure: UnitMeasure }[] = [];

  constructor(
    private readonly reader: RelationReader,
    private readonly tree: QueryTree,
    private readonly scope: Scope,
    private readonly from: Relation,
  ) {
    this.keys = tree.group_expressions.map((node) => this.key(node));
  }

  private key(given: unknown): Key {
    const place = placeNumber(given);
    const node = place === undefined ? given : this.tree.select_list[place];
    const typed = this.scope.value(node);
    const field = this.reader.derived(this.from, itemName(node, 0), typed);
    return { text: bare(this.scope.resolved(node)), field, typed };
  }

  /** The number of a field that stands for an aggregate. */
  private call(given: Tree): Field {
    const node = this.scope.parse(callTree, given, "this call", "write it as aggregate(column)");
    const kind = UNIT_CALLS[node.function_name] as UnitMeasure["kind"];
    if (node.distinct || node.filter !== null || node.order_bys.orders.length > 0 || node.children.length > 1)
      this.scope.refuse(node, "this aggregate", "write it plainly, with a CASE inside");
    const text = bare(this.scope.resolved(node));
    const known = this.measures.find((m) => m.text === text);
    if (known) return known.field;
    const { measure, of } = this.measure(kind, node.children[0]);
    const field: Field = { name: "", column: this.reader.newColumn(), isUnit: false, ...of };
    this.measures.push({ text, field, measure });
    return field;
  }

  private measure(
    kind: UnitMeasure["kind"],
    argument: unknown,
  ): { measure: UnitMeasure; of: Pick<Field, "type" | "nullable" | "bounds"> } {
    const { perUnit } = this.from;
    if (kind === "rows")
      return {
        measure: { kind },
        of: { type: "integer", nullable: false, bounds: [whole(1n), whole(perUnit)] },
      };
    if (kind === "present") {
      const { expr } = this.scope.value(argument);
      const of = { type: "integer" as const, nullable: false, bounds: [whole(0n), whole(perUnit)] as const };
      return { measure: { kind, value: { expr } }, of };
    }
    if (kind === "min" || kind === "max") {
      const typed = this.scope.value(argument);
      const { type, nullable, bounds } = this.reader.derived(this.from, "", typed);
      return {
        measure: { kind, value: { expr: typed.expr } },
        of: { type, nullable, ...(bounds ? { bounds } : {}) },
      };
    }
    const value = scaledValue(this.scope, argument);
    const bounds =
      kind === "mean" ? boundsOfSteps(value.low, value.high, value) : this.sumBounds(argument, value);
    const type = kind === "sum" ? value.type : "decimal";
    return { measure: { kind, value }, of: { type, nullable: value.nullable, bounds } };
  }

  private sumBounds(node: unknown, value: Scaled): Bounds {
    const { perUnit } = this.from;
    const [low, high] = [least(value.low, value.low * perUnit), most(value.high, value.high * perUnit)];
    if (-low >= SCALED_MAX || high >= SCALED_MAX)
      this.scope.refuse(node, "a sum this large", "write clamp(x, low, high) with nearer bounds");
    return boundsOfSteps(low, high, value);
  }

  /** A value over keys and aggregates. */
  value(node: unknown): Typed {
    const fields = () => [...this.keys.map((k) => k.field), ...this.measures.map((m) => m.field)];
    const column = (field: Field, at: unknown): Tree => ({
      class: "COLUMN_REF",
      type: "COLUMN_REF",
      alias: "",
      query_location: at,
      column_names: [field.column],
    });
    const resolved = this.scope.resolved(node, (tree) => {
      if (isUnitCall(tree)) return column(this.call(tree), tree.query_location);
      if (typeof tree.class !== "string") return undefined;
      const text = tree.class === "CONSTANT" ? undefined : bare(this.scope.resolved(tree));
      const key = this.keys.find((k) => k.text === text);
      if (key) return column(key.field, tree.query_location);
      if (tree.class === "COLUMN_REF")
        this.scope.refuse(tree, "a value of single rows", "group by it, or aggregate it");
      return undefined;
    });
    return this.scope.typed(resolved, fields());
  }

  relation(where: Expr | undefined): Relation {
    const unit = this.keys.findIndex(({ field }) => field.isUnit);
    if (unit < 0)
      this.scope.refuse(
        this.tree.from_table,
        "a subquery that aggregates over several units",
        "group it by the column of units, or aggregate in the outermost SELECT",
      );
    return {
      kind: "units",
      from: this.from,
      ...(where ? { where } : {}),
      keys: this.keys.map(({ typed }) => typed.expr),
      measures: this.measures.map(({ measure }) => measure),
      fields: [...this.keys.map(({ field }) => field), ...this.measures.map(({ field }) => field)],
      // Declared categories do not bound it: data may hold other values.
      perUnit: this.keys.length === 1 ? 1n : this.from.perUnit,
    };
  }
}

const boundsOfSteps = (low: bigint, high: bigint, { digits }: Scaled): Bounds => [
  inUnits(whole(low), digits),
  inUnits(whole(high), digits),
];

export function readUnits(
  reader: RelationReader,
  tree: QueryTree,
  scope: Scope,
  from: Relation,
  where: Expr | undefined,
): Relation {
  const units = new UnitsReader(reader, tree, scope, from);
  const items = tree.select_list.map((node, i) => ({ name: itemName(node, i), typed: units.value(node) }));
  const having = tree.having === null ? undefined : units.value(tree.having);
  if (having && having.type !== "boolean")
    scope.refuse(tree.having, `a HAVING that is ${having.type}`, "write a condition");
  return reader.projection(units.relation(where), items, having?.expr);
}
