/** `glovebox doctor`: what this machine has and lacks, with the fix for each. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { packageRoot } from "../store/index.js";
import { addCommand, type Context, type Outcome, type Terminal } from "./command.js";
import { EXIT, Failure } from "./failure.js";
import { withLevels } from "./level-checks.js";
import { nodeChecks } from "./node-checks.js";
import { readyChecks } from "./ready-check.js";
import { stagingChecks } from "./staging-check.js";
import { plain } from "./terminal.js";

export interface Check {
  name: string;
  ok: boolean;
  /** False: it is only better so. */
  needed: boolean;
  detail: string;
  fix?: string;
  without?: string;
}

/** A sandbox image that is built on this machine. */
interface BuiltImage {
  image: string;
  reference: string;
  recipe: string;
  layers: string[];
  /** Name to version, of all that is installed in it. */
  packages: Record<string, string>;
  /** Of those, the ones that its recipe names. */
  named: Record<string, string>;
}

interface Report {
  ok: boolean;
  checks: Check[];
  images: BuiltImage[];
}

export function addDoctor(program: Command, terminal: Terminal): void {
  addCommand<{ dataDir?: string }>(program, terminal, {
    usage: "doctor",
    about: ["What this machine has and lacks, and how to mend it", "检查本机环境并给出修复方法"],
    example: "glovebox doctor --json",
    flags: (command) =>
      command.option("--data-dir <dir>", "also look at this node's data (GLOVEBOX_DATA_DIR)"),
    act: (context, _args, { dataDir }) => doctor(context, dataDir ?? context.env.GLOVEBOX_DATA_DIR),
  });
}

async function doctor(context: Context, dataDir: string | undefined): Promise<Outcome> {
  const machine = await machineReport();
  const checks = [
    ...(await withLevels(machine.checks)),
    ...(await readyChecks()),
    ...(await stagingChecks()),
    ...nodeChecks(dataDir, context.env),
  ];
  const ok = checks.every((check) => check.ok || !check.needed);
  return {
    json: { ok, checks, images: machine.images },
    text: () =>
      [
        ...checks.flatMap((check) => checkLines(context, check)),
        ...machine.images.flatMap((image) => imageLines(context, image)),
      ].join("\n"),
    exit: ok ? EXIT.done : EXIT.failed,
  };
}

/** What set-up would find: the same program, only looking. */
async function machineReport(): Promise<Report> {
  const script = join(packageRoot(), "scripts", "setup.mjs");
  const child = spawn(process.execPath, [script, "--check", "--json"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const output = await text(child.stdout);
  try {
    return JSON.parse(output) as Report;
  } catch {
    throw new Failure(
      "The set-up check gave no report; run: npm run setup",
      "环境检查没有结果；请运行：npm run setup",
    );
  }
}

function imageLines(context: Context, { image, layers, packages, named }: BuiltImage): string[] {
  const count = Object.keys(packages).length;
  const versions = Object.entries(named).map(([name, version]) => `${name} ${version}`);
  return [
    `image   ${image.padEnd(15)} ${layers.join(" ")}`,
    `${" ".repeat(24)}${context.say(`${count} packages`, `${count} 个软件包`)}: ${versions.join(", ")}`,
  ].map(plain);
}

function checkLines(context: Context, { name, ok, needed, detail, fix, without }: Check): string[] {
  const mark = ok ? "ok     " : needed ? "MISSING" : "advice ";
  const lines = [`${mark} ${name.padEnd(15)} ${detail}`];
  if (!ok && fix) lines.push(`${" ".repeat(24)}${context.say("do", "修复")}: ${fix}`);
  if (!ok && without) lines.push(`${" ".repeat(24)}${context.say("without it", "缺少时")}: ${without}`);
  return lines.map(plain);
}
