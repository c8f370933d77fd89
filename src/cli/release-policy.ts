/**
 * `glovebox dataset release-policy`: what an owner lets out without people, signed here.
 *
 * Rules: the statement that is signed is shown first. The key is the profile's and never leaves.
 */
import canonicalize from "canonicalize";
import type { Command } from "commander";
import { addCommand, type Context, type Terminal } from "./command.js";
import { Usage } from "./failure.js";
import { registerKey } from "./login.js";
import { ensureSigningKey } from "./profile.js";

interface PolicyFlags {
  tables?: boolean;
  maxGrade?: string;
  off?: boolean;
}

interface Policy {
  dataset: string;
  auto_release: "none" | "verified_tables";
  max_grade: number | null;
  number: number;
}

export function addReleasePolicy(group: Command, terminal: Terminal): void {
  addCommand<PolicyFlags>(group, terminal, {
    usage: "release-policy <name>",
    about: ["Show, or say and sign, what may go out without people", "查看或签署自动放行策略"],
    example: "glovebox dataset release-policy flchain --tables --max-grade 3",
    flags: (command) =>
      command
        .option("--tables", "declared tables that the node computed, whose checks all passed")
        .option("--max-grade <n>", "of data up to this grade (3)")
        .option("--off", "nothing, as from the beginning"),
    act: (context, [name], flags) => releasePolicy(context, name!, flags),
  });
}

async function releasePolicy(context: Context, name: string, flags: PolicyFlags) {
  const client = context.client();
  const path = `/api/v1/datasets/${encodeURIComponent(name)}/release-policy`;
  const before = await client.get<Policy>(path);
  if (flags.tables && flags.off) throw new Usage("Say --tables or --off.", "请指定 --tables 或 --off 之一。");
  if (!flags.tables && !flags.off) return { json: before, text: () => told(context, name, before) };
  const statement = {
    dataset: before.dataset,
    auto_release: flags.off ? ("none" as const) : ("verified_tables" as const),
    max_grade: Number(flags.maxGrade ?? before.max_grade ?? 3),
    number: before.number + 1,
  };
  await registerKey(client, context.settings.profileDir);
  const key = ensureSigningKey(context.settings.profileDir);
  const signature = key.sign(Buffer.from(canonicalize(statement) ?? ""));
  const { dataset: _signed, ...said } = statement;
  const after = await client.put<Policy>(path, { ...said, signature });
  return { json: after, text: () => told(context, name, after) };
}

const told = (context: Context, name: string, policy: Policy): string =>
  policy.auto_release === "none"
    ? context.say(`${name}: every release goes to two reviewers.`, `${name}：所有放行均须两名审核员审核。`)
    : context.say(
        `${name}: declared tables whose checks passed go out without people, up to grade ${policy.max_grade} (statement ${policy.number}, in the ledger).`,
        `${name}：检查通过的声明表格可自动放行，最高 ${policy.max_grade} 级（第 ${policy.number} 号声明，已存证）。`,
      );
