/** `glovebox verify`: checks a release bundle, offline. */
import { readFileSync, statSync } from "node:fs";
import type { Command } from "commander";
import { addCommand, type Context, type Terminal } from "./command.js";
import { EXIT, Usage } from "./failure.js";
import { plain } from "./terminal.js";

interface VerifyFlags {
  origin?: string;
  key?: string;
}

const MAX_BUNDLE = 2 ** 31 - 1;

export function addVerify(program: Command, terminal: Terminal): void {
  addCommand<VerifyFlags>(program, terminal, {
    usage: "verify <bundle>",
    about: ["Verify a release bundle, offline", "离线验证放行证据包"],
    example: "glovebox verify rel_01K….zip --origin glovebox/health --key PUBKEY",
    flags: (command) =>
      command
        .option("--origin <name>", "the log that it must come from")
        .option("--key <base64>", "that log's public key, from a source you trust"),
    act: (context, [path], flags) => verify(context, path!, flags),
  });
}

async function verify(context: Context, path: string, { origin, key }: VerifyFlags) {
  if ((origin === undefined) !== (key === undefined)) {
    throw new Usage("--origin and --key go together.", "--origin 与 --key 须同时给出。");
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Usage(`There is no file ${path}.`, `文件 ${path} 不存在。`);
  if (stat.size > MAX_BUNDLE)
    throw new Usage(`${path} is too large for a bundle.`, `${path} 过大，不是证据包。`);
  const { verifyRelease } = await import("../federated/verifier.js");
  const result = verifyRelease(readFileSync(path), { origin, key });
  const said = context.language === "zh" ? result.zh : result;
  const lines = [
    result.ok
      ? context.say(`${path} verifies.`, `${path} 验证通过。`)
      : context.say(`${path} DOES NOT VERIFY.`, `${path} 验证不通过。`),
    ...result.problems.map((p) => `  ✗ ${p.where}: ${p.what}`),
    ...said.proves.map((line) => `  ✓ ${line}`),
    ...said.not_proven.map((line) => `  – ${line}`),
  ];
  return {
    json: { bundle: path, ...result },
    text: () => lines.map(plain).join("\n"),
    exit: result.ok ? EXIT.done : EXIT.failed,
  };
}
