/** The compiled command line as a person runs it: a process, an exit code, two streams. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { packageRoot } from "../../scripts/setup/home.mjs";
import type { Json } from "../harness/http.js";

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The one JSON document on stdout; undefined where it is none. */
  json: Json;
}

/** Runs `glovebox` with nothing of this machine's own settings. */
export async function glovebox(
  words: readonly string[],
  env: Record<string, string> = {},
  cwd: string = packageRoot,
): Promise<Ran> {
  const child = spawn(process.execPath, [join(packageRoot, "bin", "glovebox"), ...words], {
    cwd,
    env: { PATH: process.env.PATH, HOME: "/nonexistent", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, stdout, stderr, json: parsed(stdout) };
}

function parsed(stdout: string): Json {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

/** One person at the command line, with a profile of their own. */
export class Terminal {
  constructor(private readonly env: Record<string, string>) {}

  run(...words: string[]): Promise<Ran> {
    return glovebox(words, this.env);
  }

  /** @throws with what it said unless it ends with 0; answers its JSON. */
  async must(...words: string[]): Promise<Json> {
    // What follows the script of `run` is the script's own.
    const [first = "", ...rest] = words;
    const ran = await (first === "run" ? this.run(first, "--json", ...rest) : this.run(...words, "--json"));
    if (ran.code !== 0)
      throw new Error(`${words.join(" ")} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return ran.json;
  }
}
