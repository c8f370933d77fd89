/** `npm run build`: compiles src into dist, whether or not it is current. */
import { build } from "./setup/build.mjs";
import { CommandFailed } from "./setup/command.mjs";

try {
  await build({ force: true });
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : cause}\n`);
  if (cause instanceof CommandFailed) process.stderr.write(`${cause.output}\n`);
  process.exitCode = 1;
}
