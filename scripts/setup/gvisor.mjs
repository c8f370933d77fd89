/**
 * What isolation level `gvisor` stands on: the program runsc, from Debian or given by GLOVEBOX_RUNSC. On request only:
 * `npm run setup -- --need gvisor`. Whether it works on this machine's kernel is what the level's trial finds out.
 */
import { capture, findProgram } from "./command.mjs";
import { installCommand } from "./debian.mjs";

/** @returns {Promise<import("./checks.mjs").CheckResult>} */
export async function lookGvisor(env = process.env) {
  const given = env.GLOVEBOX_RUNSC;
  const program = given || findProgram("runsc");
  const packages = given ? [] : ["runsc"];
  const fix = given
    ? "GLOVEBOX_RUNSC must name a program that runs"
    : `npm run setup -- --need gvisor (as root), or ${installCommand(packages)}`;
  if (!program) return { ok: false, detail: "runsc is missing", fix, packages };
  const { code, output } = await capture(program, ["--version"]);
  if (code !== 0) return { ok: false, detail: `${program} does not run`, fix, packages };
  return { ok: true, detail: `${output.split("\n")[0]} (${program})` };
}
