/** `glovebox demo`: the whole main job on real data, against a node of its own that is gone afterwards; the bundle stays. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { addCommand, type Context, type Terminal } from "./command.js";
import type { DemoNode } from "./demo/run.js";
import { Usage } from "./failure.js";

interface DemoFlags {
  out: string;
}

export function addDemo(program: Command, terminal: Terminal): void {
  addCommand<DemoFlags>(program, terminal, {
    usage: "demo [story]",
    about: [
      "The whole main job on real data, from empty to a verified release; domains: three domains and one figure",
      "演示：从空机到可验证的放行；domains：三个域共同计算",
    ],
    example: "glovebox demo domains --out ./demo",
    flags: (command) => command.option("--out <dir>", "folder for the bundle", join(".glovebox", "demo")),
    act: (context, [story = "job"], flags) => demo(context, story, flags),
  });
}

async function demo(context: Context, story: string, flags: DemoFlags) {
  if (story !== "job" && story !== "domains")
    throw new Usage(`The stories are job and domains.`, "可演示的内容为 job 与 domains。");
  const folder = mkdtempSync(join(tmpdir(), "glovebox-demo-"));
  try {
    const write = context.json ? () => undefined : (text: string) => void context.stdout.write(text);
    const play = story === "job" ? playJob : playDomains;
    const result = await play(folder, resolve(flags.out), write);
    return context.json ? { json: result, text: () => "" } : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Play = (folder: string, out: string, write: (text: string) => void) => Promise<unknown>;

const playJob: Play = async (folder, out, write) => {
  const { runDemo } = await import("./demo/run.js");
  return runDemo(() => startDemoNode(folder), out, write);
};

const playDomains: Play = async (folder, out, write) => {
  const { runDomainsDemo } = await import("./demo/domains/run.js");
  return runDomainsDemo(folder, out, write);
};

async function startDemoNode(folder: string): Promise<DemoNode> {
  const dataDir = join(folder, "data");
  const { startNode } = await import("../node.js");
  const node = await startNode({
    dataDir,
    keyFile: join(folder, "wrapping.key"),
    host: "127.0.0.1",
    port: 0,
    workers: 1,
    domain: "demo",
    logLevel: "error",
  });
  const adminToken = readFileSync(join(dataDir, "admin.token"), "utf8").trim();
  return { url: node.url, adminToken, close: () => node.close() };
}
