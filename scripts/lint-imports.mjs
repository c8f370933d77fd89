/** Holds src against the import rules of ARCHITECTURE.md (scripts/lint/rooms.mjs); exit 1 with one line a violation. */
import { join } from "node:path";
import { lintTree } from "./lint/imports.mjs";
import { packageRoot } from "./setup/home.mjs";

const violations = lintTree(join(packageRoot, "src"));
for (const { file, message } of violations) process.stderr.write(`src/${file}: ${message}\n`);
process.exitCode = violations.length > 0 ? 1 : 0;
