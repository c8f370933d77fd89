/** `glovebox survival`: Kaplan–Meier curves that the node computes itself. */
import type { Command } from "commander";
import { addCommand, many, type Terminal } from "./command.js";
import { type DeclaredFlags, declare, declaredFlags } from "./declared.js";
import { Usage } from "./failure.js";

interface SurvivalFlags extends DeclaredFlags {
  by?: string[];
  times?: string;
  missing?: string;
}

export function addSurvival(program: Command, terminal: Terminal): void {
  addCommand<SurvivalFlags>(program, terminal, {
    usage: "survival <time> <event>",
    about: [
      "Declare survival curves; the node computes them, without a program",
      "声明生存曲线，由节点自行计算，无需程序",
    ],
    example: "glovebox survival futime death --dataset flchain --by sex --wait",
    flags: (command) =>
      declaredFlags(
        command
          .requiredOption("--dataset <name>", "dataset that they are over")
          .option("--by <column...>", "columns or expressions: a curve for each of their values", many)
          .option("--times <list>", "at which times they show: 365,730,1825; round ones unless told")
          .option("--missing <how>", "rows without a value to group by: drop, or group"),
        "survival.csv",
      ),
    act: (context, [time = "", event = ""], flags) =>
      declare(context, flags, survivalClaim(time, event, flags), "survival"),
  });
}

/** The claim as the node reads it. @throws Usage */
export function survivalClaim(
  time: string,
  event: string,
  { where, by, times, missing }: Pick<SurvivalFlags, "where" | "by" | "times" | "missing">,
): object {
  return {
    kind: "survival",
    time,
    event,
    ...(by === undefined ? {} : { by }),
    ...(times === undefined ? {} : { times: timesOf(times) }),
    ...(missing === undefined ? {} : { missing }),
    ...(where === undefined ? {} : { where }),
  };
}

function timesOf(said: string): string[] {
  const times = said.split(",").map((time) => time.trim());
  if (times.every((time) => time !== "" && Number.isFinite(Number(time)))) return times;
  throw new Usage(
    "--times takes numbers with commas between: 365,730.",
    "--times 须为逗号分隔的数字：365,730。",
  );
}
