/** The version of this package, as package.json says it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../store/index.js";

export const VERSION: string = (
  JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string }
).version;
