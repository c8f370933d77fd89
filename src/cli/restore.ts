/** `glovebox restore`: makes a node's data directory from a backup, verified. */
import type { Command } from "commander";
import { type AuditReport, auditLedger } from "../ledger/index.js";
import { type RestoreReport, restoreBackup } from "../store/index.js";
import { addCommand, type Context, type Outcome, type Terminal } from "./command.js";
import { EXIT } from "./failure.js";
import { auditLines, scrubLines } from "./soundness.js";
import { plain } from "./terminal.js";

interface RestoreFlags {
  dataDir: string;
  keyFile?: string;
  keepDamaged?: boolean;
}

export function addRestore(program: Command, terminal: Terminal): void {
  addCommand<RestoreFlags>(program, terminal, {
    usage: "restore <backup>",
    about: ["Make a node's data directory from a backup, verified", "从备份恢复节点数据并核验"],
    example:
      "glovebox restore /backups/2026-11-24.tar --data-dir /var/lib/glovebox --key-file /root/glovebox.key",
    flags: (command) =>
      command
        .requiredOption("--data-dir <dir>", "a folder that is not there, or empty")
        .option("--key-file <file>", "the wrapping key, to open and check everything (GLOVEBOX_KEY_FILE)")
        .option("--keep-damaged", "put it in place though some of it is damaged; exits 1 all the same"),
    act: (context, [source], flags) => restore(context, source!, flags),
  });
}

async function restore(context: Context, source: string, flags: RestoreFlags): Promise<Outcome> {
  const report = await restoreBackup<AuditReport>({
    source,
    target: flags.dataDir,
    keyFile: flags.keyFile,
    keepDamaged: flags.keepDamaged,
    audit: (store, keys) => auditLedger(store, keys),
    onProgress: (done, of) =>
      context.progress.show(context.say(`checking object ${done} of ${of}`, `正在核验 ${done}/${of}`)),
  });
  return {
    json: { backup: source, data_dir: flags.dataDir, ...report },
    text: () => tell(context, flags.dataDir, report).join("\n"),
    exit: report.ok ? EXIT.done : EXIT.failed,
  };
}

function tell(context: Context, dataDir: string, report: RestoreReport<AuditReport>): string[] {
  const { say } = context;
  const place = plain(dataDir);
  const head = report.restored
    ? say(
        `Restored to ${place}, as it was at ${report.manifest.taken_at}.`,
        `已恢复到 ${place}（${report.manifest.taken_at}）。`,
      )
    : say(
        `NOT RESTORED: the backup is damaged; ${place} is left empty.`,
        `未恢复：备份已损坏，${place} 保持为空。`,
      );
  const opened = report.opened
    ? [...scrubLines(context, report.opened.scrub), ...auditLines(context, report.opened.ledger)]
    : [
        say(
          "Only the sums were compared. To open and check everything, give the wrapping key: --key-file.",
          "仅比对了校验和。如需完整核验，请用 --key-file 给出封装密钥。",
        ),
      ];
  return [
    head,
    ...report.changed.map((name) => say(`  ✗ changed or missing: ${name}`, `  ✗ 已改动或缺失：${name}`)),
    ...report.manifest.missing.map((name) =>
      say(`  ✗ was missing when the backup was taken: ${name}`, `  ✗ 备份时已缺失：${name}`),
    ),
    ...opened,
    ...(report.restored
      ? [
          say(
            `Next: glovebox up --data-dir ${place}, with the same wrapping key.`,
            `下一步：使用同一封装密钥运行 glovebox up --data-dir ${place}`,
          ),
        ]
      : []),
  ];
}
