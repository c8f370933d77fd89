/**
 * Writes the references that are generated from the code: openapi.json and docs/reference/*.md.
 *
 *   node scripts/docs.mjs [--check]     --check: write nothing, exit 1 when a committed file is not current
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "./setup/home.mjs";

const check = process.argv.includes("--check");
const { apiReferences, VERSION } = await import(join(packageRoot, "dist", "api", "index.js"));
const { cliReferences } = await import(join(packageRoot, "dist", "cli", "reference.js"));
const { disclosureReferences } = await import(join(packageRoot, "dist", "privacy", "index.js"));

/** @type {string[]} */
const stale = [];
const references = { ...apiReferences(), ...cliReferences(VERSION), ...disclosureReferences() };
for (const [path, content] of Object.entries(references)) {
  const file = join(packageRoot, path);
  if (existsSync(file) && readFileSync(file, "utf8") === content) continue;
  stale.push(path);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
for (const path of stale) process.stdout.write(`${check ? "not current" : "written"}: ${path}\n`);
if (check && stale.length > 0) {
  process.stderr.write("Run: npm run docs\n");
  process.exitCode = 1;
}
