/** Entry of the `glovebox` command. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../store/index.js";
import { runProgram } from "./program.js";

const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
  version: string;
};
// A reader that closed the pipe early (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
await runProgram(
  process.argv.slice(2),
  { stdout: process.stdout, stderr: process.stderr, env: process.env },
  version,
);
