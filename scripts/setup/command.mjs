/** Running other programs: captured, streamed to a log, or judged by their exit alone. Never through a shell. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A program that ended badly; `output` is the beginning and the end of what it said. */
export class CommandFailed extends Error {
  /**
   * @param {string} what
   * @param {string} output
   */
  constructor(what, output) {
    super(`${what} failed`);
    this.output = output;
  }
}

/** Full path of a program, looked for on PATH and where Debian keeps daemons. @param {string} name */
export function findProgram(name, path = process.env.PATH ?? "") {
  const folders = [...path.split(delimiter), "/usr/sbin", "/usr/local/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/**
 * Runs a program to its end with its output going to a file; throws CommandFailed with its beginning and end.
 * @param {string} program
 * @param {string[]} args
 * @param {{ log: string, cwd?: string, env?: Record<string, string> }} options
 */
export async function runLogged(program, args, { log, cwd, env }) {
  const out = openSync(log, "w", 0o600);
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", out, out],
  });
  closeSync(out);
  const code = await exitOf(child);
  if (code !== 0) throw new CommandFailed(`${program} ${args[0] ?? ""}`.trim(), excerpt(log));
}

/**
 * Output and exit code of a short program; code is null if it could not be started or was killed.
 * @param {string} program
 * @param {string[]} args
 * @param {{ timeoutMs?: number, env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export async function capture(program, args, { timeoutMs = 10_000, env = process.env, cwd } = {}) {
  const child = spawn(program, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      if (output.length < 1_000_000) output += text;
    });
  }
  const code = await exitOf(child).catch(() => null);
  return { code, output };
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<number | null>}
 */
export function exitOf(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

/** First and last lines of a text file: npm says what is wrong first, compilers last. @param {string} file */
export function excerpt(file, first = 15, last = 15) {
  const lines = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  if (lines.length <= first + last) return lines.join("\n");
  return [...lines.slice(0, first), `… (all of it in ${file})`, ...lines.slice(-last)].join("\n");
}

/** Last lines of a text file; empty if there is none. @param {string} file @param {number} lines */
export function tail(file, lines) {
  if (!existsSync(file)) return "";
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}
