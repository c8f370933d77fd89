/** `glovebox bench`: measures this machine against peers, in one run. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { packageRoot } from "../store/index.js";
import { addCommand, type Context, type Outcome, type Terminal } from "./command.js";
import { EXIT, Failure, Usage } from "./failure.js";
import { table } from "./terminal.js";

/** One figure, and what it is measured against. */
export interface Result {
  name: string;
  value: number;
  unit: string;
  peer?: { name: string; value: number };
  /** The figure over the peer's. */
  ratio?: number;
  /** The ratio that is asked: at most where less is better, at least where more is. */
  asked?: { at_most?: number; at_least?: number };
}

export interface Benchmark {
  name: string;
  run(options: { quick: boolean }): Promise<Result[]>;
}

export function addBench(program: Command, terminal: Terminal): void {
  addCommand<{ quick?: boolean }>(program, terminal, {
    usage: "bench [names...]",
    about: ["Measure this machine against peers, in one run", "在本机运行基准对比"],
    example: "glovebox bench api --quick",
    flags: (command) => command.option("--quick", "shorter, and less sure"),
    act: (context, names, { quick }) => bench(context, names, quick === true),
  });
}

async function bench(context: Context, names: readonly string[], quick: boolean): Promise<Outcome> {
  const results: (Result & { benchmark: string; met?: boolean })[] = [];
  for (const benchmark of await benchmarks(names)) {
    context.progress.show(context.say(`measuring ${benchmark.name} …`, `正在测量 ${benchmark.name}……`));
    for (const result of await benchmark.run({ quick })) {
      results.push({ benchmark: benchmark.name, ...result, met: isMet(result) });
    }
  }
  const missed = results.filter((r) => r.met === false);
  return {
    json: { results },
    text: () => resultTable(context, results),
    exit: missed.length > 0 ? EXIT.failed : EXIT.done,
  };
}

/** Undefined where nothing is asked. */
export function isMet({ ratio, asked }: Result): boolean | undefined {
  if (!asked || ratio === undefined) return undefined;
  return ratio <= (asked.at_most ?? Infinity) && ratio >= (asked.at_least ?? -Infinity);
}

/** The compiled benchmarks of these names, or all. They live outside src, so they are compiled when asked for. */
async function benchmarks(names: readonly string[]): Promise<Benchmark[]> {
  const root = packageRoot();
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const project = join(root, "tsconfig.bench.json");
  if (!existsSync(tsc) || !existsSync(project)) {
    throw new Failure("Benchmarks run in a checkout only.", "基准测试只能在源码目录中运行。");
  }
  const known = readdirSync(join(root, "bench"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => basename(file, ".ts"));
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Usage(
      `There is no benchmark ${unknown}; there are ${known.join(", ")}.`,
      `没有基准 ${unknown}；可用：${known.join("、")}。`,
    );
  }
  const compiled = spawnSync(process.execPath, [tsc, "-p", project], { cwd: root, encoding: "utf8" });
  if (compiled.status !== 0)
    throw new Failure(`The benchmarks do not compile:\n${compiled.stdout}`, "基准测试编译失败。");
  const dir = join(root, "dist-bench", "bench");
  const wanted = known.filter((name) => names.length === 0 || names.includes(name));
  return Promise.all(
    wanted.map((name) => import(pathToFileURL(join(dir, `${name}.js`)).href) as Promise<Benchmark>),
  );
}

function resultTable(
  context: Context,
  results: readonly (Result & { benchmark: string; met?: boolean })[],
): string {
  const heads = [
    ["benchmark", "基准"],
    ["what", "项目"],
    ["value", "数值"],
    ["peer", "对照"],
    ["ratio", "比值"],
    ["asked", "要求"],
    ["", ""],
  ] as const;
  const rows = results.map((r) => [
    r.benchmark,
    r.name,
    `${figure(r.value)} ${r.unit}`,
    r.peer ? `${figure(r.peer.value)} ${r.peer.name}` : "",
    r.ratio === undefined ? "" : r.ratio.toFixed(2),
    askedText(r.asked),
    r.met === undefined ? "" : r.met ? "✓" : "✗",
  ]);
  return table(context.language, heads, rows);
}

const figure = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);

function askedText(asked: Result["asked"]): string {
  if (asked?.at_most !== undefined) return `≤ ${asked.at_most}`;
  return asked?.at_least === undefined ? "" : `≥ ${asked.at_least}`;
}
