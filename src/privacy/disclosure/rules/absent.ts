/** Declared outputs of which there is nothing to check: the job's check step states why. */
import type { RuleDefinition } from "./definition.js";

export const missing: RuleDefinition = {
  id: "missing",
  title: "Present",
  title_zh: "已产出",
  default: "fail",
  verdicts: ["fail"],
  sentence: "The program wrote a regular file of its own under each name that the job declared.",
  sentence_zh: "程序应以每个声明的名称写出普通文件。",
  source: "Glovebox",
};

export const notKept: RuleDefinition = {
  id: "not_kept",
  title: "Kept",
  title_zh: "已保留",
  default: "fail",
  verdicts: ["fail"],
  sentence: "Of a job that did not end well only the logs are kept.",
  sentence_zh: "未正常结束的任务仅保留日志。",
  source: "Glovebox",
};

export const unchecked: RuleDefinition = {
  id: "unchecked",
  title: "Checkable",
  title_zh: "可检查",
  default: "fail after repeated attempts",
  verdicts: ["fail"],
  sentence: "The checks could be carried out; an output that repeatedly ends them is not kept.",
  sentence_zh: "检查应能完成；多次导致检查中断的产出不予保留。",
  source: "Glovebox",
};
