/**
 * `glovebox run --dataset N… --out FILE… SCRIPT [ARGS]`: which word is the script.
 *
 * A list flag takes the words after it, and the script may be among them: `--out a.csv b.csv fit.py --depth 3`. Where
 * no further flag of ours follows, the script is the first word, not the flag's own first, that is a file here; with
 * none, the last. What stands after it are its arguments, whatever they look like.
 */

const LISTS = new Set(["--dataset", "--out", "--include"]);
const VALUES = new Set([
  "--image",
  "--claim",
  "--purpose",
  "--cpus",
  "--memory",
  "--pids",
  "--disk",
  "--wall",
  "--isolation",
  "--idempotency-key",
  "--lang",
  "--url",
  "--token",
  "--profile",
]);
const SWITCHES = new Set(["--dry-run", "--wait", "--json", "--help", "-h"]);

const isOurs = (word: string): boolean => {
  const flag = word.split("=")[0]!;
  return LISTS.has(flag) || VALUES.has(flag) || SWITCHES.has(flag);
};

/** The same words with every list flag repeated and `--` before the script. Pure. */
export function arrangeRun(words: readonly string[], isFile: (path: string) => boolean): string[] {
  const out: string[] = [];
  let at = 0;
  while (at < words.length) {
    const word = words[at]!;
    if (word === "--" || !isOurs(word)) break;
    out.push(word);
    at += 1;
    if (VALUES.has(word) && at < words.length) out.push(words[at++]!);
    if (!LISTS.has(word)) continue;
    const taken = listLength(words, at, isFile);
    for (const value of words.slice(at, at + taken)) {
      if (out.at(-1) !== word) out.push(word);
      out.push(value);
    }
    at += taken;
  }
  const rest = words.slice(at);
  return rest.length > 0 && rest[0] !== "--" ? [...out, "--", ...rest] : [...out, ...rest];
}

/** How many of the words from `at` on belong to a list flag. */
function listLength(words: readonly string[], at: number, isFile: (path: string) => boolean): number {
  let end = at;
  while (end < words.length && !words[end]!.startsWith("-")) end += 1;
  const plain = words.slice(at, end);
  const next = words[end];
  if (plain.length < 2 || next === "--" || (next !== undefined && isOurs(next))) return plain.length;
  const script = plain.findIndex((word, index) => index > 0 && isFile(word));
  return script > 0 ? script : plain.length - 1;
}
