/** `glovebox backup`: copies a node's data, running or not. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { locateKeyFile, takeBackup } from "../store/index.js";
import { systemClock } from "../vocabulary/index.js";
import { addCommand, type Context, type Outcome, type Terminal } from "./command.js";
import { EXIT } from "./failure.js";
import { dataDirOf } from "./settings.js";
import { moment, plain, sheet, size } from "./terminal.js";

export function addBackup(program: Command, terminal: Terminal): void {
  addCommand<{ dataDir?: string }>(program, terminal, {
    usage: "backup <target>",
    about: [
      "Copy a node's data into a new folder, or a file that ends in .tar; the node may be running",
      "备份节点数据到新目录或 .tar 文件（节点可在运行）",
    ],
    example: "glovebox backup /backups/2026-11-24.tar --data-dir /var/lib/glovebox",
    flags: (command) => command.option("--data-dir <dir>", "the node's data (GLOVEBOX_DATA_DIR)"),
    act: (context, [target], flags) => backup(context, target!, flags.dataDir ?? dataDirOf(context.env)),
  });
}

async function backup(context: Context, target: string, dataDir: string): Promise<Outcome> {
  const say = context.say;
  const manifest = await takeBackup({
    dataDir,
    target,
    clock: systemClock,
    onProgress: (done, of) =>
      context.progress.show(say(`copying object ${done} of ${of}`, `正在复制 ${done}/${of}`)),
  });
  const keyFile = locateKeyFile(dataDir, undefined, context.env);
  const lines = [
    sheet(context.language, [
      [["backup", "备份"], target],
      [["taken", "时间"], moment(manifest.taken_at)],
      [["objects", "对象数"], manifest.objects],
      [["size of these", "对象大小"], size(manifest.object_bytes)],
    ]),
    say(
      `The wrapping key is NOT in it. Without that file nothing here can ever be opened: keep a copy of it elsewhere${existsSync(keyFile) ? ` (${plain(keyFile)})` : ""}.`,
      `备份不含封装密钥。没有该密钥文件，备份将无法打开，请另行妥善保存${existsSync(keyFile) ? `（${plain(keyFile)}）` : ""}。`,
    ),
    ...(manifest.missing.length === 0
      ? []
      : [
          say(
            `${manifest.missing.length} objects that the database names are missing from the node itself; run \`glovebox scrub\`.`,
            `节点自身缺失 ${manifest.missing.length} 个对象，请运行 glovebox scrub。`,
          ),
        ]),
  ];
  return {
    json: { backup: target, ...manifest },
    text: () => lines.join("\n"),
    exit: manifest.missing.length === 0 ? EXIT.done : EXIT.failed,
  };
}
