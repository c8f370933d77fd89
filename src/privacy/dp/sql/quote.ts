/** What a query would cost and how wide its intervals would be: from the plan and its price, before any row is read. */
import type { ColumnType } from "../../../vocabulary/index.js";
import type { Estimate, Plan, Scaled } from "./model.js";
import { deviation, halfWidth, type Law, spreadOf } from "./noise-law.js";
import type { Pricing } from "./price.js";
import { rankStep } from "./price.js";

export interface QuotedColumn {
  name: string;
  type: ColumnType;
  /** The public bounds into which its values are clamped. */
  bounds?: [number, number];
  /** Half the width of the 95 % interval. */
  half_width?: number;
  /** That of a mean, times the group's count; a mean's interval narrows as its group grows. */
  half_width_times_rows?: number;
  /** Of a quantile: how many rows its rank may be off at each step. */
  rank_half_width?: number;
}

export interface Quoted {
  mechanism: Law["kind"];
  columns: QuotedColumn[];
  /** How many groups show; null where they are private. */
  groups: number | null;
  threshold?: number;
}

const MISSED = 0.05;
const unit = (value: number, { digits }: Pick<Scaled, "digits">): number => value * Number(`1e${-digits}`);

function widthsOf(plan: Plan, { laws, kind }: Pricing, of: Estimate): Omit<QuotedColumn, "name" | "type"> {
  switch (of.kind) {
    case "count":
      return { half_width: halfWidth(laws[of.of]!, MISSED) };
    case "sum":
      return { half_width: unit(halfWidth(laws[of.of]!, MISSED), of) };
    case "mean": {
      // With the mean anywhere within its bounds, uniformly.
      const reach = Number(of.value.high - of.value.low) / Math.sqrt(12);
      const sd = Math.hypot(deviation(laws[of.sum]!), reach * deviation(laws[of.count]!));
      return { half_width_times_rows: unit(spreadOf(kind, MISSED) * sd, of.value) };
    }
    case "quantile": {
      const b = plan.bisections[of.of]!;
      const law = laws[plan.measurements.length + of.of]!;
      return { rank_half_width: halfWidth(law, MISSED / b.halvings) / Number(rankStep(b)) };
    }
    default:
      return {};
  }
}

function boundsOfEstimate(plan: Plan, of: Estimate): Pick<QuotedColumn, "bounds"> {
  const value = of.kind === "quantile" ? plan.bisections[of.of]!.value : "value" in of ? of.value : undefined;
  if (!value) return {};
  return { bounds: [unit(Number(value.low), value), unit(Number(value.high), value)] };
}

export function quoteOf(plan: Plan, pricing: Pricing): Quoted {
  const columns = plan.outputs.map(({ name, type, value }): QuotedColumn => {
    const of = value.op === "column" && value.name.startsWith("a") ? Number(value.name.slice(1)) : undefined;
    if (of === undefined) return { name, type };
    const estimate = plan.estimates[of]!;
    return { name, type, ...boundsOfEstimate(plan, estimate), ...widthsOf(plan, pricing, estimate) };
  });
  const groups = plan.hasPrivateGroups
    ? null
    : plan.groups.reduce((product, { domain }) => product * (domain?.length ?? 1), 1);
  return {
    mechanism: pricing.kind,
    columns,
    groups,
    ...(pricing.threshold === undefined ? {} : { threshold: Number(pricing.threshold) }),
  };
}
