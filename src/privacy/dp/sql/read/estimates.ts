/**
 * From a call of an aggregate to what must be measured for it. What two calls share is measured once.
 *
 * Means are counted from the middle of the bounds, so that a row changes the sum by half the width at most; squares
 * from the middle of theirs in the same way. Weights say how much an error of a part weighs in the answer, with the
 * mean taken as anywhere within its bounds: they decide how the budget is split (price.ts).
 */
import { rational } from "../../../../vocabulary/index.js";
import { canonicalText } from "../../../expression/canonical.js";
import { ceil } from "../domain.js";
import { QUERY_LIMITS } from "../limits.js";
import type { Bisection, Estimate, Exact, Measurement, Scaled } from "../model.js";
import { centreOf, reach } from "../scale.js";
import type { Call } from "./calls.js";
import { scaledValue } from "./measure.js";
import type { Scope } from "./scope.js";

/** A uniform mean lies, squared, at a third of the half width from the middle; so does an error of the count weigh. */
const COUNT_IN_MEAN = 1 / 3;

const textOf = (value: unknown): string =>
  canonicalText(
    JSON.parse(JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v))),
  );

export class Estimates {
  readonly exacts: Exact[] = [];
  readonly measurements: Measurement[] = [];
  readonly bisections: Bisection[] = [];
  readonly estimates: Estimate[] = [];
  private readonly known = new Map<string, number>();

  constructor(
    private readonly scope: Scope,
    private readonly unit: string | undefined,
    /** Rows are units: counting one is counting the other. */
    private readonly oneRowAUnit: boolean,
  ) {}

  private once<T>(list: T[], kind: string, item: T): number {
    const key = `${kind} ${textOf(item)}`;
    const at = this.known.get(key) ?? list.push(item) - 1;
    this.known.set(key, at);
    return at;
  }

  private exact(item: Exact): number {
    return this.once(this.exacts, "exact", item);
  }

  private measure(terms: Measurement["terms"], perRow: Measurement["perRow"], weight: number): number {
    const key = `measurement ${textOf(terms)}`;
    const at = this.known.get(key);
    const before = at === undefined ? undefined : this.measurements[at];
    if (at !== undefined && before) {
      this.measurements[at] = { ...before, weight: before.weight + weight };
      return at;
    }
    this.known.set(key, this.measurements.length);
    return this.measurements.push({ terms, perRow: perRow === 0n ? 1n : perRow, weight }) - 1;
  }

  /** Rows, units, or rows that have a value. */
  count(of: Exact, weight: number): number {
    const isUnits = of.kind === "units" && !this.oneRowAUnit;
    const exact = this.exact(of.kind === "units" && !isUnits ? { kind: "rows" } : of);
    return this.measure([{ exact, factor: 1n }], isUnits ? "unit" : 1n, weight);
  }

  private present(value: Scaled, weight: number): number {
    return this.count(value.nullable ? { kind: "present", value: value.expr } : { kind: "rows" }, weight);
  }

  private presentExact(value: Scaled): number {
    return this.exact(value.nullable ? { kind: "present", value: value.expr } : { kind: "rows" });
  }

  /** Σ (v − from) */
  private sum(value: Scaled, from: bigint, weight: number): number {
    const terms = [{ exact: this.exact({ kind: "sum", value }), factor: 1n }];
    if (from !== 0n) terms.push({ exact: this.presentExact(value), factor: -from });
    return this.measure(terms, reach(value, from), weight);
  }

  /** Σ ((v − centre)² − middle) */
  private squares(value: Scaled, centre: bigint, middle: bigint, weight: number): number {
    const terms = [
      { exact: this.exact({ kind: "squares", value, centre }), factor: 1n },
      { exact: this.presentExact(value), factor: -middle },
    ];
    const top = reach(value, centre) ** 2n - middle;
    return this.measure(terms, top > middle ? top : middle, weight);
  }

  /** The column of the estimate that the call is. */
  add(call: Call): { column: string; type: "integer" | "decimal" } {
    const estimate = this.estimate(call);
    const at = this.once(this.estimates, "estimate", estimate);
    const isWhole = estimate.kind === "count" || (estimate.kind === "sum" && estimate.digits === 0);
    return { column: `a${at}`, type: isWhole ? "integer" : "decimal" };
  }

  private estimate(call: Call): Estimate {
    const [argument, ...more] = call.args;
    if (more.length > 0 && call.kind !== "quantile")
      this.scope.refuse(call.node, "a second argument", "write one");
    switch (call.kind) {
      case "count":
        return { kind: "count", of: this.counted(call, argument) };
      case "sum": {
        const value = scaledValue(this.scope, argument);
        return { kind: "sum", of: this.sum(value, 0n, 1), digits: value.digits, value };
      }
      case "mean": {
        const value = scaledValue(this.scope, argument);
        const centre = centreOf(value);
        const count = this.present(value, COUNT_IN_MEAN);
        return { kind: "mean", count, sum: this.sum(value, centre, 1), value, centre };
      }
      case "var":
      case "std":
        return this.spread(call.kind, argument, !call.name.endsWith("_pop"));
      case "quantile":
        return { kind: "quantile", of: this.quantile(call) };
      case "histogram":
        return this.scope.refuse(
          call.node,
          "a histogram here",
          "make it an item of the SELECT list by itself",
        );
    }
  }

  private counted(call: Call, argument: unknown): number {
    if (argument === undefined) return this.count({ kind: "rows" }, 1);
    const { expr, nullable } = this.scope.value(argument);
    if (!call.node.distinct)
      return this.count(nullable ? { kind: "present", value: expr } : { kind: "rows" }, 1);
    const field =
      expr.op === "column" ? this.scope.fields.find(({ column }) => column === expr.name) : undefined;
    if (field?.isUnit) return this.count({ kind: "units" }, 1);
    const nearest =
      this.unit === undefined
        ? "group by the value and count"
        : `count(DISTINCT ${this.unit}), the column of units; or group by the value and count`;
    return this.scope.refuse(call.node, "a count of distinct values", nearest);
  }

  private spread(kind: "var" | "std", argument: unknown, sample: boolean): Estimate {
    const value = scaledValue(this.scope, argument, true);
    const centre = centreOf(value);
    const middle = reach(value, centre) ** 2n / 2n;
    return {
      kind,
      count: this.present(value, COUNT_IN_MEAN),
      sum: this.sum(value, centre, COUNT_IN_MEAN),
      squares: this.squares(value, centre, middle, 1),
      value,
      centre,
      middle,
      sample,
    };
  }

  private quantile(call: Call): number {
    const [argument, given, ...more] = call.args;
    const rank = call.name === "median" ? { num: 1n, den: 2n } : this.rank(call, given);
    if (more.length > 0) this.scope.refuse(call.node, "a third argument", "write quantile(x, 0.5)");
    const value = scaledValue(this.scope, argument);
    const width = value.high - value.low + 1n;
    let halvings = 1;
    while (halvings < QUERY_LIMITS.halvings && 1n << BigInt(halvings) < width) halvings++;
    const leaf = ceil(width, 1n << BigInt(halvings));
    return this.once(this.bisections, "bisection", { value, rank, halvings, leaf, weight: 1 });
  }

  private rank(call: Call, node: unknown) {
    const expr = node === undefined ? undefined : this.scope.value(node).expr;
    const number = expr?.op === "literal" ? Number(expr.value) : Number.NaN;
    if (!(number > 0 && number < 1))
      return this.scope.refuse(
        call.node,
        "this quantile",
        "write quantile(x, 0.9), a number between 0 and 1",
      );
    const thousandths = BigInt(Math.round(number * 1_000_000));
    return rational(thousandths, 1_000_000n);
  }
}
