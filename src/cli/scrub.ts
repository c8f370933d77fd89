/** `glovebox scrub`: looks at all that a node keeps, from end to end. */
import type { Command } from "commander";
import { auditLedger } from "../ledger/index.js";
import { openKeys, openStore, openVault, removeUnnamed, scrub } from "../store/index.js";
import { systemClock } from "../vocabulary/index.js";
import { addCommand, type Context, type Outcome, type Terminal } from "./command.js";
import { EXIT } from "./failure.js";
import { dataDirOf } from "./settings.js";
import { auditLines, scrubLines } from "./soundness.js";

interface ScrubFlags {
  dataDir?: string;
  keyFile?: string;
  repair?: boolean;
}

/** Beside a running node, what is younger may be about to be named. */
const GUARD_MS = 60 * 60_000;

export function addScrub(program: Command, terminal: Terminal): void {
  addCommand<ScrubFlags>(program, terminal, {
    usage: "scrub",
    about: [
      "Check every object, the database and the log of a node on this machine",
      "逐一核验本机节点的全部对象、数据库与账本",
    ],
    example: "glovebox scrub --data-dir /var/lib/glovebox",
    flags: (command) =>
      command
        .option("--data-dir <dir>", "the node's data (GLOVEBOX_DATA_DIR)")
        .option("--key-file <file>", "its wrapping key (GLOVEBOX_KEY_FILE)")
        .option("--repair", "delete objects that nothing names, and nothing else; the node must be stopped"),
    act: (context, _args, flags) => run(context, flags),
  });
}

async function run(context: Context, flags: ScrubFlags): Promise<Outcome> {
  const dataDir = flags.dataDir ?? dataDirOf(context.env);
  const repair = flags.repair === true;
  // Looked for first: opening for writing would make an empty node where there is none.
  openStore(dataDir, { readonly: true }).close();
  const store = openStore(dataDir, { readonly: !repair });
  try {
    const keys = openKeys(dataDir, { keyFile: flags.keyFile });
    const vault = openVault(dataDir, keys, { readonly: !repair });
    const report = await scrub({
      store,
      vault,
      unnamedBefore: repair ? Number.POSITIVE_INFINITY : systemClock.now() - GUARD_MS,
      onProgress: (done, of) =>
        context.progress.show(context.say(`object ${done} of ${of}`, `对象 ${done}/${of}`)),
    });
    const removed = repair ? removeUnnamed(store, vault, report.unnamed) : 0;
    const ledger = auditLedger(store, keys);
    const ok = report.ok && ledger.ok;
    const lines = [
      ...scrubLines(context, report),
      ...auditLines(context, ledger),
      ...unnamedLines(context, report.unnamed.length, removed),
    ];
    return {
      json: { ...report, ok, removed, ledger },
      text: () => lines.join("\n"),
      exit: ok ? EXIT.done : EXIT.failed,
    };
  } finally {
    store.close();
  }
}

function unnamedLines({ say }: Context, found: number, removed: number): string[] {
  if (removed > 0)
    return [say(`${removed} objects that nothing named were deleted.`, `已删除 ${removed} 个无引用对象。`)];
  if (found === 0) return [];
  return [
    say(
      `${found} objects are named by nothing and take space; with the node stopped, --repair deletes them.`,
      `${found} 个对象无引用且占用空间；停止节点后可用 --repair 删除。`,
    ),
  ];
}
