/**
 * Makes a machine ready for Glovebox, or says exactly what is missing. Standard library only: it runs before npm ci.
 *
 *   node scripts/setup.mjs [--check] [--json] [--need NAME,…]
 *
 *   --check   only look, change nothing
 *   --json    one JSON document on stdout: {ok, seconds, checks: [{name, ok, needed, detail, fix?, without?}]}; with
 *             --check also images: [{image, reference, recipe, layers, packages, named}]
 *   --need    what the caller needs (names as in the report); the exit code is 1 only if one of these is missing
 *
 * Progress goes to stderr. When all is there it does nothing, in well under a second.
 */
import { parseArgs } from "node:util";
import { CHECKS, imagesHere } from "./setup/checks.mjs";
import { CommandFailed } from "./setup/command.mjs";
import { canInstall } from "./setup/debian.mjs";
import { mend } from "./setup/mend.mjs";
import { createProgress } from "./setup/progress.mjs";

/** The others serve these, and are asked for only where these lack them. */
const NEEDED = ["node", "dependencies", "build", "redis", "bubblewrap", "docker", "images"];

/** @typedef {import("./setup/checks.mjs").CheckResult} CheckResult */

async function look() {
  const results = await Promise.all(CHECKS.map(({ look }) => look()));
  return new Map(CHECKS.map(({ name }, at) => [name, /** @type {CheckResult} */ (results[at])]));
}

/** @param {string | undefined} list @returns {Set<string>} */
function parseNeed(list) {
  const names = list === undefined ? NEEDED : list.split(",").filter((name) => name !== "");
  const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
  if (unknown.length > 0) {
    throw new UsageError(
      `unknown: ${unknown.join(", ")}; known: ${CHECKS.map(({ name }) => name).join(", ")}`,
    );
  }
  return new Set(names);
}

class UsageError extends Error {}

/**
 * @param {Map<string, CheckResult>} found
 * @param {Set<string>} needed
 * @param {Map<string, Error>} errors
 * @param {number} startedAt
 */
function reportOf(found, needed, errors, startedAt) {
  const checks = CHECKS.map(({ name, without }) => {
    const { ok, detail, fix } = /** @type {CheckResult} */ (found.get(name));
    const error = errors.get(name);
    const said = !ok && error ? `${detail}: ${error.message}` : detail;
    return { name, ok, needed: needed.has(name), detail: said, ...(ok ? {} : { fix, without }) };
  });
  const ok = checks.every((check) => check.ok || !check.needed);
  return { ok, seconds: Math.round((Date.now() - startedAt) / 10) / 100, checks };
}

/** @param {ReturnType<typeof reportOf>} report @param {Map<string, Error>} errors @param {boolean} all */
function printReport(report, errors, all) {
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  for (const { name, ok, detail, fix, without } of report.checks) {
    if (ok && !all) continue;
    say(`${ok ? "ok     " : "MISSING"} ${name.padEnd(13)} ${detail}`);
    if (ok) continue;
    if (fix) say(`${" ".repeat(22)}do: ${fix}`);
    say(`${" ".repeat(22)}without it: ${without}`);
  }
  for (const [name, error] of errors) {
    say(`\n${name}: ${error.message}`);
    if (error instanceof CommandFailed && error.output) say(error.output.replace(/^/gm, "  | "));
  }
  const allowed = canInstall();
  const missing = report.checks.some(({ ok }) => !ok);
  if (missing && !allowed.can)
    say(`Nothing was installed, since ${allowed.why}: do the above by hand, then try again.`);
}

async function main() {
  const startedAt = Date.now();
  const { values } = parseArgs({
    options: { check: { type: "boolean" }, json: { type: "boolean" }, need: { type: "string" } },
  });
  const needed = parseNeed(values.need);
  /** @type {Map<string, Error>} */
  let errors = new Map();
  let found = await look();
  const lacking = [...needed].some((name) => !found.get(name)?.ok);
  if (lacking && !values.check) {
    errors = await mend(
      found,
      needed,
      createProgress((line) => process.stderr.write(`set-up: ${line}\n`)),
    );
    found = await look();
  }
  const report = reportOf(found, needed, errors, startedAt);
  const images = values.check && values.json ? { images: await imagesHere().catch(() => []) } : {};
  if (values.json) process.stdout.write(`${JSON.stringify({ ...report, ...images })}\n`);
  else if (report.ok && !values.check) process.stderr.write(`set-up: all is there (${report.seconds} s)\n`);
  else printReport(report, errors, values.check === true);
  process.exitCode = report.ok ? 0 : 1;
}

try {
  await main();
} catch (cause) {
  const usage = cause instanceof UsageError || (cause instanceof TypeError && "code" in cause);
  process.stderr.write(`set-up: ${cause instanceof Error ? cause.message : cause}\n`);
  process.exitCode = usage ? 2 : 1;
}
