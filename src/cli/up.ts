/** `glovebox up`: the node, in this process, until it is told to stop. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { RunningNode } from "../node.js";
import { traceOf } from "../vocabulary/index.js";
import { addCommand, type Context, type Terminal } from "./command.js";
import { Usage } from "./failure.js";
import { dataDirOf, isLoopback, wholeNumber } from "./settings.js";

interface UpFlags {
  dataDir?: string;
  port: string;
  host: string;
  workers: string;
  ready: string;
  domain?: string;
  tlsCert?: string;
  tlsKey?: string;
  logLevel: string;
  coordinator?: boolean;
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

export function addUp(program: Command, terminal: Terminal): void {
  const { env } = terminal;
  addCommand<UpFlags>(program, terminal, {
    usage: "up",
    about: ["Start the node: control, workers, and what they need", "启动节点"],
    example: "glovebox up --data-dir ./data --port 4100",
    flags: (command) =>
      command
        .option("--data-dir <dir>", "where it keeps its data (GLOVEBOX_DATA_DIR)")
        .option("--port <n>", "port; 0 takes a free one (GLOVEBOX_PORT)", env.GLOVEBOX_PORT ?? "4100")
        .option(
          "--host <address>",
          "address; another than loopback needs TLS (GLOVEBOX_HOST)",
          env.GLOVEBOX_HOST ?? "127.0.0.1",
        )
        .option("--workers <n>", "worker processes (GLOVEBOX_WORKERS)", env.GLOVEBOX_WORKERS ?? "2")
        .option(
          "--ready <n>",
          "containers that each worker keeps started for the next run; 0: none (GLOVEBOX_READY)",
          env.GLOVEBOX_READY ?? "1",
        )
        .option(
          "--domain <name>",
          "name of this domain, in the log's origin (GLOVEBOX_DOMAIN)",
          env.GLOVEBOX_DOMAIN,
        )
        .option(
          "--coordinator",
          "only coordinate collaborations of others: no data, no workers, no container engine (GLOVEBOX_COORDINATOR=1)",
        )
        .option("--tls-cert <file>", "certificate chain, PEM (GLOVEBOX_TLS_CERT)", env.GLOVEBOX_TLS_CERT)
        .option("--tls-key <file>", "its private key, PEM (GLOVEBOX_TLS_KEY)", env.GLOVEBOX_TLS_KEY)
        .option(
          "--log-level <level>",
          `${LOG_LEVELS.join(", ")} (GLOVEBOX_LOG_LEVEL)`,
          env.GLOVEBOX_LOG_LEVEL ?? "info",
        ),
    act: (context, _args, flags) => up(context, flags),
  });
}

/** An error that nobody caught may quote a value: its kind and its place are all that leaves the process. */
function crashQuietly(context: Context): void {
  for (const event of ["uncaughtException", "unhandledRejection"])
    process.on(event, (thrown: unknown) => {
      context.stderr.write(`${JSON.stringify({ msg: "the node crashed", ...traceOf(thrown) })}\n`);
      process.exit(70);
    });
}

async function up(context: Context, flags: UpFlags): Promise<undefined> {
  crashQuietly(context);
  const dataDir = flags.dataDir ?? dataDirOf(context.env);
  const tls = tlsOf(flags);
  if (!tls && !isLoopback(flags.host)) {
    throw new Usage(
      "Another host than loopback needs TLS: give --tls-cert and --tls-key.",
      "监听非本机地址须启用 TLS：请给出 --tls-cert 与 --tls-key。",
    );
  }
  if (!LOG_LEVELS.includes(flags.logLevel)) {
    throw new Usage(
      `--log-level is one of ${LOG_LEVELS.join(", ")}.`,
      `--log-level 须为 ${LOG_LEVELS.join("、")} 之一。`,
    );
  }
  // The node brings its whole self along; a client need not wait for that.
  const { startNode } = await import("../node.js");
  const node = await startNode({
    dataDir,
    host: flags.host,
    port: wholeNumber("--port", flags.port, 0, 65535),
    workers: wholeNumber("--workers", flags.workers, 0, 64),
    ready: wholeNumber("--ready", flags.ready, 0, 16),
    domain: flags.domain,
    tls,
    logLevel: flags.logLevel,
    ...(flags.coordinator ? { coordinator: true } : {}),
  });
  const { url, pid, workers, redisPid, domain } = node;
  context.stdout.write(
    context.json
      ? `${JSON.stringify({ url, pid, workers, redis_pid: redisPid ?? null, data_dir: node.dataDir, domain })}\n`
      : `${upLines(context, node).join("\n")}\n`,
  );
  if (workers.length === 0 && flags.workers !== "0" && !node.coordinating) {
    context.stderr.write(
      `${context.say("No container engine was found: sandbox jobs wait. `glovebox doctor` says what to install.", "未找到容器引擎，沙箱任务将等待。运行 `glovebox doctor` 查看处理办法。")}\n`,
    );
  }
  if (!context.signal.aborted) await once(context.signal, "abort");
  await node.close();
  return undefined;
}

function upLines({ say }: Context, { url, dataDir, workers, domain, coordinating }: RunningNode): string[] {
  const { name, fingerprint } = domain;
  return [
    coordinating
      ? say(
          `Glovebox coordinates at ${url} (data in ${dataDir}). Ctrl-C stops it.`,
          `Glovebox 协调节点已启动：${url}（数据目录 ${dataDir}）。按 Ctrl-C 停止。`,
        )
      : say(
          `Glovebox is up at ${url} (data in ${dataDir}, ${workers.length} workers). Ctrl-C stops it.`,
          `Glovebox 已启动：${url}（数据目录 ${dataDir}，${workers.length} 个执行器）。按 Ctrl-C 停止。`,
        ),
    say(
      `To other domains it is ${name}, fingerprint ${fingerprint}.`,
      `对其他域的身份：${name}，指纹 ${fingerprint}。`,
    ),
  ];
}

function tlsOf({ tlsCert, tlsKey }: UpFlags): { cert: Buffer; key: Buffer } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new Usage("--tls-cert and --tls-key go together.", "--tls-cert 与 --tls-key 须同时给出。");
  }
  return { cert: readPem(tlsCert), key: readPem(tlsKey) };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw new Usage(`${file} cannot be read.`, `无法读取 ${file}。`);
  }
}
