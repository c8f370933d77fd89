/** `glovebox worker`: one more worker process, on any machine; it knows the control's address and its own token only. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Command } from "commander";
import { packageRoot } from "../store/index.js";
import { addCommand, type Context, type Terminal } from "./command.js";
import { Failure, Usage } from "./failure.js";
import { requireUrl } from "./settings.js";

export function addWorker(program: Command, terminal: Terminal): void {
  addCommand<{ control?: string; token?: string }>(program, terminal, {
    usage: "worker",
    about: ["Start one more worker, on any machine", "启动一个执行器"],
    example: "glovebox worker --control https://node.example:4100 --token T",
    flags: (command) => command.option("--control <url>", "the node (GLOVEBOX_CONTROL)"),
    act: (context, _args, flags) => worker(context, flags),
  });
}

async function worker(context: Context, flags: { control?: string; token?: string }): Promise<undefined> {
  const control = requireUrl(flags.control ?? context.env.GLOVEBOX_CONTROL);
  const token = flags.token ?? context.env.GLOVEBOX_WORKER_TOKEN;
  if (!token) {
    throw new Usage(
      "A worker's own token is needed: --token T, or GLOVEBOX_WORKER_TOKEN.",
      "需要执行器令牌：--token T 或 GLOVEBOX_WORKER_TOKEN。",
    );
  }
  // The token goes by the environment: arguments can be read by every user of the machine.
  const child = spawn(process.execPath, [join(packageRoot(), "dist", "jobs", "worker", "main.js")], {
    env: { ...context.env, GLOVEBOX_CONTROL: control.href, GLOVEBOX_WORKER_TOKEN: token },
    stdio: "inherit",
  });
  context.signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0 && !context.signal.aborted)
    throw new Failure("The worker ended with an error.", "执行器异常退出。");
  return undefined;
}
