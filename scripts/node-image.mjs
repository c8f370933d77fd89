/**
 * Builds the image of a node without a registry and without a network for the build: upon a base made from Debian
 * packages and this machine's own Node, with the dependencies that are installed here.
 *
 *   node scripts/node-image.mjs [--tag NAME:TAG] [--base REFERENCE]
 */
import { parseArgs } from "node:util";
import { CommandFailed } from "./setup/command.mjs";
import { chooseEngine } from "./setup/engine.mjs";
import { buildNodeImage, ensureBase } from "./setup/node-image.mjs";

try {
  const { values } = parseArgs({ options: { tag: { type: "string" }, base: { type: "string" } } });
  const engine = chooseEngine();
  if ("problem" in engine) throw new Error(engine.problem);
  const base = values.base ?? (await ensureBase(engine.socketPath));
  process.stdout.write(`base ${base}\n`);
  const tag = values.tag ?? "glovebox/node:latest";
  process.stdout.write(`${tag} ${await buildNodeImage(engine.socketPath, { base, tag })}\n`);
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : cause}\n`);
  if (cause instanceof CommandFailed) process.stderr.write(`${cause.output}\n`);
  process.exitCode = 1;
}
