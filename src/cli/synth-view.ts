/** Synthetic records, their price, and how near they come to the data, as people read them. */
import type { Context } from "./command.js";
import { type Cost, cost, covered } from "./query-view.js";
import { sheet, table } from "./terminal.js";

export interface Records {
  columns: { name: string; cells: number }[];
  left_out: string[];
  rows: number;
  expected_errors: { columns: string[]; cells: number; share: number }[];
  csv: string;
  charge: Cost & { id: string };
  ledger_index: number;
  repeated: boolean;
  left: Cost;
}

export interface SynthQuote {
  quote: true;
  columns: { name: string; cells: number }[];
  left_out: string[];
  deviation: number;
  pair_deviation?: number;
  tree: "chosen" | "chain" | "none";
  charge: Cost;
  fits: boolean;
  free: boolean;
  left: Cost;
}

interface Trained {
  accuracy: number;
  auc: number;
}

export interface Comparison {
  rows: { synthetic: number; real: number };
  mean: { columns: number; pairs: number | null };
  marginals: { columns: string[]; distance: number }[];
  model: {
    target: string;
    synthetic: Trained | null;
    real: Trained | null;
    majority: number;
    tested: number;
  } | null;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
const between = (columns: readonly string[]): string => columns.join(" × ");

export function recordsText(context: Context, records: Records): string {
  const errors = records.expected_errors.map(({ columns, cells, share }) => [
    between(columns),
    cells,
    percent(share),
  ]);
  const heads = [
    ["measured", "统计项"],
    ["cells", "单元格"],
    ["rows misplaced by noise", "噪声所致偏差"],
  ] as const;
  const paid = records.repeated
    ? context.say("nothing: it was asked before, and these are the same records", "无：此前已生成，结果相同")
    : cost(records.charge);
  const facts = sheet(context.language, [
    [["records", "记录数"], records.rows],
    [["left out, nothing declared", "未声明而略去"], records.left_out.join(", ")],
    [["cost", "花费"], paid],
    [["left", "剩余"], cost(records.left)],
    [["charge", "扣减编号"], records.charge.id],
    [["ledger entry", "存证条目"], records.ledger_index],
  ]);
  return `${table(context.language, heads, errors)}\n\n${facts}`;
}

const rowsOf = (deviation: number): string => `± ${Number(deviation.toPrecision(3))}`;

export function quoteText(context: Context, quote: SynthQuote): string {
  const heads = [
    ["column", "列"],
    ["cells", "单元格"],
  ] as const;
  const trees = {
    chosen: context.say("chosen by the data, with noise", "由数据带噪声地选取"),
    chain: context.say("each column with the next", "相邻两列"),
    none: context.say("none", "无"),
  };
  const facts = sheet(context.language, [
    [["would cost", "预计花费"], cost(quote.charge)],
    [["covered by the budget", "预算足够"], covered(context, quote)],
    [["left now", "当前剩余"], cost(quote.left)],
    [["noise of a column's counts (rows)", "单列计数噪声（行）"], rowsOf(quote.deviation)],
    [
      ["noise of a pair's counts (rows)", "两列计数噪声（行）"],
      quote.pair_deviation === undefined ? undefined : rowsOf(quote.pair_deviation),
    ],
    [["pairs", "列对"], trees[quote.tree]],
    [["left out, nothing declared", "未声明而略去"], quote.left_out.join(", ")],
  ]);
  const rows = quote.columns.map(({ name, cells }) => [name, cells]);
  return `${table(context.language, heads, rows)}\n\n${facts}`;
}

export function comparisonText(context: Context, { rows, mean, marginals, model }: Comparison): string {
  const heads = [
    ["marginal", "边际"],
    ["rows misplaced", "偏差"],
  ] as const;
  const list = marginals.map(({ columns, distance }) => [between(columns), percent(distance)]);
  const scored = (trained: Trained | null): string | undefined =>
    trained
      ? context.say(
          `${percent(trained.accuracy)} right, AUC ${Number(trained.auc.toPrecision(3))}`,
          `准确率 ${percent(trained.accuracy)}，AUC ${Number(trained.auc.toPrecision(3))}`,
        )
      : undefined;
  const facts = sheet(context.language, [
    [["records, rows", "记录数、真实行数"], `${rows.synthetic}, ${rows.real}`],
    [["mean over columns", "单列平均"], percent(mean.columns)],
    [["mean over pairs", "列对平均"], mean.pairs === null ? undefined : percent(mean.pairs)],
    [["model of", "模型目标"], model?.target],
    [["trained on records", "以合成数据训练"], model ? scored(model.synthetic) : undefined],
    [["trained on true rows", "以真实数据训练"], model ? scored(model.real) : undefined],
    [["more frequent value", "多数类占比"], model ? percent(model.majority) : undefined],
    [["true rows tested on", "测试行数"], model?.tested],
  ]);
  const note = context.say(
    "Exact numbers of your data, without noise: for you alone.",
    "以上为真实数据的精确值，未加噪声，仅供数据提供方。",
  );
  return `${table(context.language, heads, list)}\n\n${facts}\n\n${note}`;
}
