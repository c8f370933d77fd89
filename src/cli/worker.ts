/** `glovebox worker`: one more worker process, on any machine; it knows the control's address and its own token only. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { packageRoot } from "../store/index.js";
import { addCommand, type Context, type Terminal } from "./command.js";
import { Failure, Usage } from "./failure.js";
import { requireUrl, wholeNumber } from "./settings.js";

interface WorkerFlags {
  control?: string;
  token?: string;
  cacheDir?: string;
  engine?: string;
  ready?: string;
}

export function addWorker(program: Command, terminal: Terminal): void {
  const command = addCommand<WorkerFlags>(program, terminal, {
    usage: "worker",
    about: ["Start one more worker, on any machine", "启动一个执行器"],
    example: "glovebox worker --control https://node.example:4100 --token T",
    flags: (c) =>
      c
        .option("--control <url>", "the node (GLOVEBOX_CONTROL)")
        .option("--cache-dir <dir>", "where encrypted Views are kept between runs")
        .option("--engine <socket>", "socket of the container engine")
        .option("--ready <n>", "containers that it keeps started for the next run; 0: none (GLOVEBOX_READY)"),
    act: (context, _args, flags) => work(context, flags),
  });
  addCommand<{ level?: string[] }>(command, terminal, {
    usage: "add",
    about: ["Make a token for one more worker (admin)", "新增执行器令牌（管理员）"],
    example: "glovebox worker add --level container",
    flags: (c) => c.option("--level <level...>", "isolation that its machine offers"),
    async act(context, _args, { level }) {
      const added = await context
        .client()
        .post<{ id: string; token: string }>("/api/v1/workers", { levels: level });
      return {
        json: added,
        text: () =>
          context.say(
            `Added ${added.id}. Its token, shown this once:\n${added.token}`,
            `已新增 ${added.id}。令牌仅显示这一次：\n${added.token}`,
          ),
      };
    },
  });
  addCommand(command, terminal, {
    usage: "revoke <id>",
    about: ["End a worker's token (admin)", "撤销执行器令牌（管理员）"],
    example: "glovebox worker revoke wrk_0a1b…",
    async act(context, [id]) {
      const revoked = await context
        .client()
        .post<{ id: string }>(`/api/v1/workers/${encodeURIComponent(id!)}/revoke`);
      return { json: revoked, text: () => context.say(`Revoked ${revoked.id}.`, `已撤销 ${revoked.id}。`) };
    },
  });
}

async function work(context: Context, flags: WorkerFlags): Promise<undefined> {
  const { env } = context;
  const control = requireUrl(flags.control ?? env.GLOVEBOX_CONTROL);
  const token = flags.token ?? env.GLOVEBOX_WORKER_TOKEN;
  if (!token) {
    throw new Usage(
      "A worker's own token is needed: --token T, or GLOVEBOX_WORKER_TOKEN; an admin makes one with glovebox worker add.",
      "需要执行器令牌：--token T 或 GLOVEBOX_WORKER_TOKEN；由管理员用 glovebox worker add 生成。",
    );
  }
  const ready = flags.ready ?? env.GLOVEBOX_READY;
  const settings = {
    control: control.href.replace(/\/$/, ""),
    token,
    node: `worker-${hostname()}`,
    cache_dir:
      flags.cacheDir ??
      join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "glovebox", "worker"),
    ...(flags.engine === undefined ? {} : { engine_socket: flags.engine }),
    ...(ready === undefined ? {} : { ready: wholeNumber("--ready", ready, 0, 16) }),
  };
  // The token goes by the environment: arguments can be read by every user of the machine.
  const child = spawn(process.execPath, [join(packageRoot(), "dist", "jobs", "worker", "main.js")], {
    env: { ...env, GLOVEBOX_WORKER: JSON.stringify(settings) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const stop = () => child.kill("SIGTERM");
  context.signal.addEventListener("abort", stop, { once: true });
  if (context.signal.aborted) stop();
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0 && !context.signal.aborted) {
    throw new Failure("The worker ended with an error.", "执行器异常退出。");
  }
  return undefined;
}
