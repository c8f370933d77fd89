/** `glovebox ledger`: the append-only log. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { auditLedger, verifyNote } from "../ledger/index.js";
import { openKeys, openStore } from "../store/index.js";
import { addCommand, addGroup, type Context, many, type Outcome, type Terminal } from "./command.js";
import { EXIT, Failure, Usage } from "./failure.js";
import { dataDirOf } from "./settings.js";
import { auditLines } from "./soundness.js";
import { moment, sheet, table } from "./terminal.js";

interface Entry {
  seq: number;
  leaf_hash: string;
  leaf?: string;
  opening?: { time: string; actor: string; subject: string; data: Record<string, unknown> };
}

export function addLedger(program: Command, terminal: Terminal): void {
  const group = addGroup(program, terminal, {
    name: "ledger",
    about: ["The append-only log", "存证账本"],
    example: "glovebox ledger head",
  });
  addCommand<{ origin?: string; key?: string }>(group, terminal, {
    usage: "head",
    about: ["Show the signed head of the log", "查看账本检查点"],
    example: "glovebox ledger head --origin glovebox/health --key PUBKEY",
    flags: (command) =>
      command
        .option("--origin <name>", "the log that it must come from")
        .option("--key <base64>", "that log's public key, from a source you trust"),
    act: (context, _args, flags) => head(context, flags),
  });
  addCommand<{ from?: string; to?: string }>(group, terminal, {
    usage: "show",
    about: ["Show entries; those that you may read are opened", "查看存证记录"],
    example: "glovebox ledger show --from 0 --to 50",
    flags: (command) =>
      command.option("--from <n>", "first entry", "0").option("--to <n>", "behind the last"),
    act: (context, _args, flags) => show(context, flags),
  });
  addCommand<{ dataDir?: string; keyFile?: string; checkpoint?: string[] }>(group, terminal, {
    usage: "audit",
    about: ["Recompute the whole log of a node on this machine", "在本机重新计算并核对整个账本"],
    example: "glovebox ledger audit --data-dir D --checkpoint kept-elsewhere.txt",
    flags: (command) =>
      command
        .option("--data-dir <dir>", "the node's data (GLOVEBOX_DATA_DIR)")
        .option("--key-file <file>", "its wrapping key (GLOVEBOX_KEY_FILE)")
        .option("--checkpoint <file>", "a checkpoint kept elsewhere, which the log must continue", many),
    act: async (context, _args, flags) => audit(context, flags),
  });
}

/** Without a pin the node's own key is used, which proves nothing to who does not know it from elsewhere. */
async function head(context: Context, pin: { origin?: string; key?: string }): Promise<Outcome> {
  const client = context.client();
  const told = await client.get<{ origin: string; public_key: string }>("/api/v1/ledger/key");
  const note = await client.text("/api/v1/ledger/checkpoint");
  const expected = { origin: pin.origin ?? told.origin, publicKey: pin.key ?? told.public_key };
  const parsed = verifyNote(note, expected);
  if (!parsed) {
    throw new Failure(
      "The checkpoint is not signed by that key for that log.",
      "检查点签名与给定的账本或公钥不符。",
    );
  }
  const { size, root, origin } = parsed;
  const pinned = pin.key !== undefined && pin.origin !== undefined;
  return {
    json: { origin, size, root, note, public_key: expected.publicKey, pinned },
    text: () =>
      sheet(context.language, [
        [["log", "账本"], origin],
        [["key", "公钥"], expected.publicKey],
        [["entries", "记录数"], size],
        [["root", "根"], root],
        [
          ["signature", "签名"],
          pinned
            ? context.say("holds", "有效")
            : context.say("holds, by the key that the node itself names", "有效（公钥由节点自称）"),
        ],
      ]),
  };
}

async function show(context: Context, { from, to }: { from?: string; to?: string }): Promise<Outcome> {
  const query = new URLSearchParams({ from: from ?? "0", ...(to === undefined ? {} : { to }) });
  const answer = await context
    .client()
    .get<{ size: number; items: Entry[] }>(`/api/v1/ledger/entries?${query}`);
  const heads = [
    ["seq", "序号"],
    ["time", "时间"],
    ["kind", "类型"],
    ["actor", "主体"],
    ["subject", "对象"],
  ] as const;
  const rows = answer.items.map((e) => {
    const leaf = e.leaf === undefined ? undefined : (JSON.parse(e.leaf) as { time: string; kind: string });
    return [
      e.seq,
      moment(e.opening?.time ?? leaf?.time),
      leaf?.kind ?? "",
      e.opening?.actor,
      e.opening?.subject ?? e.leaf_hash,
    ];
  });
  return { json: answer, text: () => table(context.language, heads, rows) };
}

/** Reads the node's own files; the node may be running. */
function audit(
  context: Context,
  flags: { dataDir?: string; keyFile?: string; checkpoint?: string[] },
): Outcome {
  const dataDir = flags.dataDir ?? dataDirOf(context.env);
  const store = openStore(dataDir, { readonly: true });
  try {
    const keys = openKeys(dataDir, { keyFile: flags.keyFile });
    const report = auditLedger(store, keys, (flags.checkpoint ?? []).map(readNote));
    return {
      json: report,
      text: () => auditLines(context, report).join("\n"),
      exit: report.ok ? EXIT.done : EXIT.failed,
    };
  } finally {
    store.close();
  }
}

function readNote(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Usage(`There is no checkpoint ${file}.`, `检查点文件 ${file} 不存在。`);
  }
}
