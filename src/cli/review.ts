/**
 * `glovebox release review`: fetches each file, hashes what came, votes on those hashes and signs here.
 *
 * Rules: the signature is over what this machine hashed, not over what the node says of it. The key never leaves.
 */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline/promises";
import canonicalize from "canonicalize";
import type { Command } from "commander";
import type { Client } from "./client.js";
import { addCommand, type Context, many, type Terminal } from "./command.js";
import { inside, saveStream } from "./download.js";
import { Failure, Usage } from "./failure.js";
import { readSigningKey, type SigningKey } from "./profile.js";
import { findingLines, worstFirst } from "./release-findings.js";
import { type Release, releasePath, releaseSheet } from "./release-view.js";
import { size, widthOf } from "./terminal.js";

export const VOTES = ["approved", "changes_requested", "undecided"] as const;
export type Vote = (typeof VOTES)[number];
export type Decision = "approve" | "return" | "reject";

interface ReviewFlags {
  approve?: boolean;
  return?: boolean;
  reject?: boolean;
  file?: string[];
  override?: string[];
  comment?: string;
  save?: string;
  yes?: boolean;
}

export function addReview(group: Command, terminal: Terminal): void {
  addCommand<ReviewFlags>(group, terminal, {
    usage: "review <id>",
    about: ["Read a release's files, vote and sign", "审核放行：核对文件、投票并签名"],
    example: "glovebox release review rel_01K… --approve --save review",
    flags: (command) =>
      command
        .option("--approve", "it may go out")
        .option("--return", "back to the requester for changes")
        .option("--reject", "it may not go out")
        .option(
          "--file <name=vote>",
          "another vote on one file: approved, changes_requested, undecided",
          many,
        )
        .option("--override <name=reason>", "why a file goes out although a check failed", many)
        .option("--comment <text>", "for the requester and the other reviewer")
        .option("--save <dir>", "keep the files to look at; without a decision, only that")
        .option("-y, --yes", "do not ask before signing"),
    act: (context, [id], flags) => review(context, id!, flags),
  });
}

async function review(context: Context, id: string, flags: ReviewFlags) {
  const decision = decisionOf(flags);
  const client = context.client();
  const release = await client.get<Release>(releasePath(id));
  const seen = await readFiles(context, client, release, flags.save);
  if (decision === undefined) {
    return { json: { ...release, fetched: seen }, text: () => seenLines(release, seen).join("\n") };
  }
  const key = requireKey(context);
  const statement = statementOf(id, decision, seen, flags);
  await confirm(
    context,
    [
      ...seenLines(release, seen),
      ...findingLines(context.language, worstFirst(release.files), widthOf(context.stdout)),
    ],
    decision,
    flags.yes,
  );
  const signature = key.sign(Buffer.from(canonicalize(statement) ?? ""));
  const { release: _named, ...votes } = statement;
  const reviewed = await client.post<Release>(`${releasePath(id)}/reviews`, { ...votes, signature });
  return { json: reviewed, text: () => releaseSheet(context.language, reviewed, widthOf(context.stdout)) };
}

function decisionOf(flags: ReviewFlags): Decision | undefined {
  const said = (["approve", "return", "reject"] as const).filter((d) => flags[d]);
  if (said.length === 1) return said[0];
  if (said.length === 0 && flags.save !== undefined) return undefined;
  throw new Usage(
    "Say one of --approve, --return, --reject; or --save DIR to look at the files first.",
    "请指定 --approve、--return、--reject 之一；或先用 --save 目录 查看文件。",
  );
}

interface SeenFile {
  name: string;
  bytes: number;
  sha256: string;
  path?: string;
}

/** Fetches every file and hashes what came. @throws Failure when it is not what the release states. */
async function readFiles(
  context: Context,
  client: Client,
  release: Release,
  dir?: string,
): Promise<SeenFile[]> {
  const seen: SeenFile[] = [];
  for (const { name, sha256 } of release.files) {
    context.progress.show(context.say(`reading ${name} …`, `正在读取 ${name}……`));
    const answer = await client.open("GET", `${releasePath(release.id)}/files/${encodeURIComponent(name)}`);
    const file =
      dir === undefined
        ? await hashOf(name, answer)
        : { name, ...(await saveStream(answer, inside(dir, name))) };
    if (sha256 !== undefined && sha256 !== file.sha256) {
      throw new Failure(
        `${name} is not the file that the release states: the node sent other bytes. Nothing was signed.`,
        `${name} 与放行所述不符：节点发送的内容不同。未签名。`,
      );
    }
    seen.push(file);
  }
  return seen;
}

async function hashOf(name: string, source: AsyncIterable<Buffer>): Promise<SeenFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { name, bytes, sha256: hash.digest("hex") };
}

function requireKey(context: Context): SigningKey {
  const key = readSigningKey(context.settings.profileDir);
  if (key) return key;
  throw new Usage(
    "There is no signing key in this profile; log in as the auditor first: glovebox login.",
    "该配置中没有签名私钥；请先以审核员身份登录：glovebox login。",
  );
}

const DEFAULT_VOTES: Record<Decision, Vote> = {
  approve: "approved",
  return: "changes_requested",
  reject: "changes_requested",
};

export interface Statement {
  release: string;
  files: Record<string, { sha256: string; vote: Vote }>;
  decision: Decision;
  comment?: string;
  overrides?: Record<string, string>;
}

/** What is signed. Pure. @throws Usage for files that the release does not have. */
export function statementOf(
  id: string,
  decision: Decision,
  seen: readonly SeenFile[],
  flags: Pick<ReviewFlags, "file" | "override" | "comment">,
): Statement {
  const names = new Set(seen.map((f) => f.name));
  const votes = pairs("--file", flags.file ?? [], names);
  const overrides = pairs("--override", flags.override ?? [], names);
  const files: Statement["files"] = {};
  for (const { name, sha256 } of seen) {
    files[name] = { sha256, vote: voteOf(votes.get(name) ?? DEFAULT_VOTES[decision]) };
  }
  return {
    release: id,
    files,
    decision,
    ...(flags.comment === undefined ? {} : { comment: flags.comment }),
    ...(overrides.size > 0 ? { overrides: Object.fromEntries(overrides) } : {}),
  };
}

function voteOf(text: string): Vote {
  const vote = VOTES.find((v) => v === text);
  if (vote) return vote;
  throw new Usage(`A vote is one of ${VOTES.join(", ")}.`, `投票须为 ${VOTES.join("、")} 之一。`);
}

function pairs(flag: string, words: readonly string[], names: ReadonlySet<string>): Map<string, string> {
  const out = new Map<string, string>();
  for (const word of words) {
    // A name may hold `=`: the longest name that fits is meant.
    const name = [...names].filter((n) => word.startsWith(`${n}=`)).sort((a, b) => b.length - a.length)[0];
    if (name === undefined) {
      throw new Usage(
        `${flag} takes NAME=… with a file of the release.`,
        `${flag} 须为 文件名=…，且文件属于该放行。`,
      );
    }
    out.set(name, word.slice(name.length + 1));
  }
  return out;
}

function seenLines(release: Release, seen: readonly SeenFile[]): string[] {
  return seen.map((file) => {
    const verdict = release.files.find((f) => f.name === file.name)?.verdict ?? "";
    return `${file.name}  ${size(file.bytes)}  ${verdict}  sha256 ${file.sha256}${file.path ? `  → ${file.path}` : ""}`;
  });
}

/** At a terminal the reviewer sees what is about to be signed, and says yes. */
async function confirm(
  context: Context,
  lines: string[],
  decision: Decision,
  yes: boolean | undefined,
): Promise<void> {
  if (yes || context.json || !process.stdin.isTTY || !context.stderr.isTTY) return;
  context.progress.clear();
  context.stderr.write(`${lines.join("\n")}\n`);
  const ask = createInterface({ input: process.stdin, output: context.stderr });
  const answer = await ask.question(
    context.say(`Sign "${decision}"? [y/N] `, `确认签署“${decision}”？[y/N] `),
  );
  ask.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure("Nothing was signed.", "未签名。");
}
