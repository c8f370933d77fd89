/** `glovebox model`: a regression that the node fits itself, declared by its family and formula. */
import type { Command } from "commander";
import { addCommand, type Terminal } from "./command.js";
import { type DeclaredFlags, declare, declaredFlags } from "./declared.js";
import { Usage } from "./failure.js";

const FAMILIES = ["ols", "logit", "probit", "poisson", "cox"];

interface ModelFlags extends DeclaredFlags {
  ties?: string;
}

export function addModel(program: Command, terminal: Terminal): void {
  addCommand<ModelFlags>(program, terminal, {
    usage: "model <family> <formula>",
    about: [
      "Declare a regression; the node fits it, without a program",
      "声明一个回归模型，由节点自行拟合，无需程序",
    ],
    example: "glovebox model logit 'death ~ age + C(sex)' --dataset flchain --wait",
    flags: (command) =>
      declaredFlags(
        command
          .requiredOption("--dataset <name>", "dataset that it is over")
          .option("--ties <how>", "how a cox model takes events at one time: efron, or breslow"),
        "model.json",
      ),
    act: (context, [family = "", formula = ""], flags) =>
      declare(context, flags, modelClaim(family, formula, flags), "model"),
  });
}

/** The claim as the node reads it. @throws Usage */
export function modelClaim(
  family: string,
  formula: string,
  { where, ties }: Pick<ModelFlags, "where" | "ties">,
): object {
  if (!FAMILIES.includes(family))
    throw new Usage(
      `There is no family ${family}; there are ${FAMILIES.join(", ")}.`,
      `没有模型族 ${family}；可用：${FAMILIES.join("、")}。`,
    );
  return {
    kind: "regression",
    family,
    formula,
    ...(ties === undefined ? {} : { ties }),
    ...(where === undefined ? {} : { where }),
  };
}
