/** `glovebox demo`: the whole main job on real data, against a node of its own that is gone afterwards; the bundle stays. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { addCommand, type Context, type Terminal } from "./command.js";
import type { DemoNode } from "./demo/run.js";

interface DemoFlags {
  out: string;
}

export function addDemo(program: Command, terminal: Terminal): void {
  addCommand<DemoFlags>(program, terminal, {
    usage: "demo",
    about: [
      "The whole main job on real data, from empty to a verified release",
      "演示：从空机到可验证的放行",
    ],
    example: "glovebox demo --out ./demo",
    flags: (command) => command.option("--out <dir>", "folder for the bundle", join(".glovebox", "demo")),
    act: (context, _args, flags) => demo(context, flags),
  });
}

async function demo(context: Context, flags: DemoFlags) {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-demo-"));
  try {
    const write = context.json ? () => undefined : (text: string) => void context.stdout.write(text);
    const { runDemo } = await import("./demo/run.js");
    const result = await runDemo(() => startDemoNode(folder), resolve(flags.out), write);
    return context.json ? { json: result, text: () => "" } : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

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
