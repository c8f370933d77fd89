/** Noisy answers and quotes as people read them. */
import type { Context } from "./command.js";
import { sheet, table } from "./terminal.js";

type Value = number | string | boolean | null;
export interface Cost {
  rho: string;
  delta: string;
}
interface Column {
  name: string;
  type: string;
  bounds?: [number, number];
}

export interface Answer {
  columns: Column[];
  rows: Value[][];
  intervals: ([number, number] | null)[][];
  mechanism: string;
  threshold?: number;
  rows_left_out?: number;
  charge: Cost & { id: string };
  ledger_index: number;
  repeated: boolean;
  left: Cost;
}

export interface Quote {
  quote: true;
  columns: (Column & { half_width?: number; half_width_times_rows?: number; rank_half_width?: number })[];
  groups: number | null;
  mechanism: string;
  threshold?: number;
  charge: Cost;
  fits: boolean;
  free: boolean;
  left: Cost;
}

const digits = (x: number): string => String(Number(x.toPrecision(6)));

/** `7874 ± 3`; where the interval is not even, both of its ends. */
function withInterval(value: Value, interval: [number, number] | null): string {
  if (interval === null || typeof value !== "number") return value === null ? "" : String(value);
  const [below, above] = [value - interval[0], interval[1] - value];
  const isEven = Math.abs(below - above) <= 0.05 * Math.max(below, above);
  const shown = Number.isInteger(value) ? String(value) : digits(value);
  return isEven
    ? `${shown} ± ${Number(Math.max(below, above).toPrecision(2))}`
    : `${shown} [${digits(interval[0])}, ${digits(interval[1])}]`;
}

export const cost = ({ rho, delta }: Cost): string => (delta === "0" ? `ρ ${rho}` : `ρ ${rho}, δ ${delta}`);

const clampedIn = ({ columns }: { columns: readonly Column[] }): string =>
  columns.flatMap(({ name, bounds }) => (bounds ? [`${name} [${bounds.join(", ")}]`] : [])).join("; ");

export function answerText(context: Context, answer: Answer): string {
  const heads = answer.columns.map(({ name }) => [name, name] as const);
  const rows = answer.rows.map((row, i) =>
    row.map((value, k) => withInterval(value, answer.intervals[i]?.[k] ?? null)),
  );
  const paid = answer.repeated
    ? context.say("nothing: it was asked before, and this is the same answer", "无：此前已提问，答案相同")
    : cost(answer.charge);
  const facts = sheet(context.language, [
    [["cost", "花费"], paid],
    [["left", "剩余"], cost(answer.left)],
    [["values clamped into", "取值截断于"], clampedIn(answer)],
    [["groups shown from (units)", "分组显示阈值（单元）"], answer.threshold],
    [["rows left out for size", "因大小省略的行数"], answer.rows_left_out],
    [["ledger entry", "存证条目"], answer.ledger_index],
  ]);
  const note = context.say("± holds the noise with 95 % probability.", "± 为噪声的 95% 区间。");
  return `${table(context.language, heads, rows)}\n\n${note}\n${facts}`;
}

function exactness(context: Context, column: Quote["columns"][number]): string {
  const { half_width, half_width_times_rows, rank_half_width } = column;
  if (half_width !== undefined) return `± ${digits(half_width)}`;
  if (half_width_times_rows !== undefined)
    return context.say(
      `± ${digits(half_width_times_rows)} / rows`,
      `± ${digits(half_width_times_rows)} / 行数`,
    );
  if (rank_half_width !== undefined)
    return context.say(`rank ± ${digits(rank_half_width)}`, `秩 ± ${digits(rank_half_width)}`);
  return "";
}

/** Whether the budget pays for it, of whatever kind the quote is. */
export function covered({ say }: Context, { free, fits }: { free: boolean; fits: boolean }): string {
  if (free) return say("free: it was asked before", "免费：此前已请求");
  return fits ? say("yes", "是") : say("no", "否");
}

export function quoteText(context: Context, quote: Quote): string {
  const heads = [
    ["column", "列"],
    ["type", "类型"],
    ["95 %", "95%"],
    ["clamped into", "截断于"],
  ] as const;
  const rows = quote.columns.map((column) => [
    column.name,
    column.type,
    exactness(context, column),
    column.bounds ? `[${column.bounds.join(", ")}]` : "",
  ]);
  const facts = sheet(context.language, [
    [["would cost", "预计花费"], cost(quote.charge)],
    [["covered by the budget", "预算足够"], covered(context, quote)],
    [["left now", "当前剩余"], cost(quote.left)],
    [["groups", "分组数"], quote.groups ?? context.say("private", "不公开")],
    [["groups shown from (units)", "分组显示阈值（单元）"], quote.threshold],
    [["noise", "噪声"], quote.mechanism],
  ]);
  return `${table(context.language, heads, rows)}\n\n${facts}`;
}
