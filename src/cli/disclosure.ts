/**
 * `glovebox dataset disclosure`: what outputs of a dataset are held to, shown or set by its owner.
 *
 * Rules: only the figures that are given change; the node says which would be looser than the data's grade lets them be.
 */
import type { Command } from "commander";
import { addCommand, type Context, type Terminal } from "./command.js";
import { Usage } from "./failure.js";
import type { Language } from "./settings.js";
import { type Bilingual, sheet } from "./terminal.js";

export interface Figures {
  threshold: number;
  dominance: { n: number; k: number }[];
  p_ratio: number;
  class_disclosure: string;
  zeros: string;
  negatives: string;
  significant_digits: number;
  degrees_of_freedom: number;
  events_per_parameter: number;
}

interface DisclosureFlags {
  threshold?: string;
  /** False for --no-dominance. */
  dominance?: string | boolean;
  pRatio?: string;
  classDisclosure?: string;
  zeros?: string;
  negatives?: string;
  digits?: string;
  degreesOfFreedom?: string;
  eventsPerParameter?: string;
  reset?: boolean;
}

export function addDisclosure(group: Command, terminal: Terminal): void {
  addCommand<DisclosureFlags>(group, terminal, {
    usage: "disclosure <name>",
    about: ["Show, or set, what outputs of a dataset are held to", "查看或设定数据资源的输出检查要求"],
    example: "glovebox dataset disclosure flchain --threshold 20 --dominance 1,0.5 --p-ratio 0.15",
    flags,
    act: (context, [name], given) => disclosure(context, name!, given),
  });
}

function flags(command: Command): void {
  command
    .option("--threshold <n>", "fewest units that a cell may stand on")
    .option("--dominance <n,k>", "a cell fails where its n largest units hold the share k of its sum")
    .option("--no-dominance", "do not judge dominance (where the grade lets it be left out)")
    .option("--p-ratio <p>", "what the others hold at least, as a share of the largest unit; 0: not judged")
    .option("--class-disclosure <how>", "all units of a line in one cell, or of one value: fail, review, off")
    .option("--zeros <how>", "cells that nobody falls into: fail, review, off")
    .option("--negatives <how>", "contributions of both signs: fail, review")
    .option("--digits <n>", "significant digits that numbers keep")
    .option("--degrees-of-freedom <n>", "fewest residual degrees of freedom of a model")
    .option("--events-per-parameter <n>", "a model with fewer goes to people")
    .option("--reset", "back to the grade's defaults");
}

async function disclosure(context: Context, name: string, given: DisclosureFlags) {
  const path = `/api/v1/datasets/${encodeURIComponent(name)}`;
  const change = changeOf(given);
  const client = context.client();
  const dataset =
    change === undefined
      ? await client.get<{ disclosure: Figures }>(path)
      : await client.patch<{ disclosure: Figures }>(path, { disclosure: change });
  const figures = dataset.disclosure;
  return { json: figures, text: () => figureSheet(context.language, figures) };
}

/** The patch of these flags; undefined: nothing is to change. @throws Usage */
export function changeOf(given: DisclosureFlags): object | null | undefined {
  const change = {
    ...number("threshold", given.threshold),
    ...dominanceOf(given.dominance),
    ...number("p_ratio", given.pRatio),
    ...(given.classDisclosure === undefined ? {} : { class_disclosure: given.classDisclosure }),
    ...(given.zeros === undefined ? {} : { zeros: given.zeros }),
    ...(given.negatives === undefined ? {} : { negatives: given.negatives }),
    ...number("significant_digits", given.digits),
    ...number("degrees_of_freedom", given.degreesOfFreedom),
    ...number("events_per_parameter", given.eventsPerParameter),
  };
  const changes = Object.keys(change).length > 0;
  if (given.reset && changes)
    throw new Usage("--reset goes without other figures.", "--reset 不能与其他指标同时使用。");
  if (given.reset) return null;
  return changes ? change : undefined;
}

function number(name: string, said: string | undefined): Record<string, number> {
  if (said === undefined) return {};
  const value = Number(said);
  if (said.trim() !== "" && Number.isFinite(value)) return { [name]: value };
  throw new Usage(`${name} takes a number.`, `${name} 须为数字。`);
}

function dominanceOf(said: string | boolean | undefined): object {
  // Commander says `true` where --no-dominance is known and neither was given.
  if (said === undefined || said === true) return {};
  if (said === false) return { dominance: null };
  const [n, k, more] = said.split(",").map(Number);
  if (Number.isInteger(n) && k !== undefined && Number.isFinite(k) && more === undefined)
    return { dominance: { n, k } };
  throw new Usage("--dominance takes n,k: 2,0.9.", "--dominance 须为 n,k，例如 2,0.9。");
}

const HOW: Record<string, Bilingual> = {
  off: ["off", "不检查"],
  review: ["review", "待人工"],
  fail: ["fail", "不通过"],
};

export function figureSheet(language: Language, f: Figures): string {
  const at = language === "zh" ? 1 : 0;
  const off = HOW.off![at];
  const how = (said: string) => HOW[said]?.[at] ?? said;
  const rules = f.dominance.map(({ n, k }) => `n = ${n}, k = ${k}`).join("; ");
  return sheet(language, [
    [["threshold", "最小频数"], f.threshold],
    [["dominance", "主导规则"], rules === "" ? off : rules],
    [["p-ratio", "p 比率"], f.p_ratio === 0 ? off : f.p_ratio],
    [["class disclosure", "类别泄露"], how(f.class_disclosure)],
    [["zeros", "零值"], how(f.zeros)],
    [["both signs", "正负混合"], how(f.negatives)],
    [["significant digits", "有效位数"], f.significant_digits],
    [["degrees of freedom", "自由度"], f.degrees_of_freedom],
    [["events per parameter", "每参数事件数"], f.events_per_parameter],
  ]);
}
