/**
 * `glovebox table`: a table that the node computes itself, declared in flags.
 *
 * What is grouped by, summarised and kept are columns, or expressions in Python's syntax; they are sent as they were
 * written, and read by the node alone.
 */
import type { Command } from "commander";
import { addCommand, many, type Terminal } from "./command.js";
import { type DeclaredFlags, declare, declaredFlags } from "./declared.js";
import { Usage } from "./failure.js";
import { safeOf } from "./job-safe.js";

interface TableFlags extends DeclaredFlags {
  rows?: string[];
  cols?: string[];
  bins?: string[];
  values?: string[];
  agg?: string[];
  margins?: boolean | string;
  missing?: string;
  protect?: string;
  base?: string;
  random?: boolean;
}

export function addTable(program: Command, terminal: Terminal): void {
  addCommand<TableFlags>(program, terminal, {
    usage: "table",
    about: [
      "Declare a table; the node computes it, without a program",
      "声明一张表，由节点自行计算，无需程序",
    ],
    example: 'glovebox table --dataset flchain --rows flc.grp --cols sex --where "age >= 60" --wait',
    flags: tableFlags,
    act: (context, _, flags) => declare(context, flags, claimOf(flags), "table"),
  });
}

function tableFlags(command: Command): void {
  command
    .requiredOption("--dataset <name>", "dataset that it is over")
    .option("--rows <column...>", "columns or expressions whose values go down the rows", many)
    .option("--cols <column...>", "columns or expressions whose values go across", many)
    .option("--bins <column=edges...>", "group a row's or column's number by edges: age=50,60,70", many)
    .option("--values <column...>", "what --agg is of; without it, people (units) are counted", many)
    .option("--agg <how...>", "count, sum, mean, median, std, var, min, max", many)
    .option("--margins [all]", "with totals down, across and of all; all: over every combination too")
    .option("--missing <how>", "rows without a value to group by: drop, or group")
    .option("--protect <how>", "a safe version: suppress what may not be shown, or round the counts")
    .option("--base <n>", "round to multiples of it (5)")
    .option("--random", "round up or down by chance");
  declaredFlags(command, "table.csv");
}

/** The claim as the node reads it. @throws Usage */
export function claimOf(flags: TableFlags): object {
  const bins = new Map((flags.bins ?? []).map(binsOf));
  const place = (column: string): string | object => {
    const edges = bins.get(column);
    bins.delete(column);
    return edges === undefined ? column : { value: column, edges };
  };
  const [rows, columns] = [(flags.rows ?? []).map(place), (flags.cols ?? []).map(place)];
  const [unused] = bins.keys();
  if (unused !== undefined)
    throw new Usage(
      `--bins ${unused}: name it in --rows or --cols too.`,
      `--bins ${unused}：须同时列于 --rows 或 --cols。`,
    );
  const { values, agg } = flags;
  return {
    kind: "table",
    rows,
    columns,
    ...(values === undefined ? {} : { values }),
    ...(agg === undefined ? {} : { agg }),
    ...(flags.where === undefined ? {} : { where: flags.where }),
    ...(flags.margins === undefined ? {} : { margins: marginsOf(flags.margins) }),
    ...(flags.missing === undefined ? {} : { missing: flags.missing }),
    ...(flags.protect === undefined ? {} : { protect: safeOf({ ...flags, how: flags.protect }) }),
  };
}

function marginsOf(said: boolean | string): boolean | "all" {
  if (said === true || said === "all") return said;
  throw new Usage("--margins takes nothing, or all.", "--margins 不带值，或为 all。");
}

function binsOf(said: string): [string, string[]] {
  const at = said.lastIndexOf("=");
  const edges = said
    .slice(at + 1)
    .split(",")
    .map((edge) => edge.trim());
  if (at > 0 && edges.length >= 2 && edges.every((edge) => edge !== "")) return [said.slice(0, at), edges];
  throw new Usage(
    "--bins takes a column and its edges: age=50,60,70.",
    "--bins 须为 列名=边界，例如 age=50,60,70。",
  );
}
