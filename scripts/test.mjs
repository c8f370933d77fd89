/**
 * All that must hold for a commit: formatting and lint, import rules, types, and the test suites.
 *
 *   node scripts/test.mjs [--full] [PATH…]     PATH: below tests/, such as `ledger` or `jobs/lease.test.ts`
 *
 * Ends with one line, `N passed, N failed, N skipped`, in which lint, import rules and types count one each, and with
 * exit code 0 only if something ran and nothing failed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { capture, exitOf } from "./setup/command.mjs";
import { filesBelow } from "./setup/digest.mjs";
import { packageRoot } from "./setup/home.mjs";
import { closingLine, planSuites, sum, tallyJest } from "./test/tally.mjs";

/** @typedef {import("./test/tally.mjs").Tally} Tally */

const BATCH_LIMIT_MS = 40 * 60_000;
const bin = (/** @type {string} */ path) => join(packageRoot, "node_modules", path);

const STATIC = [
  { name: "lint (biome)", args: [bin("@biomejs/biome/bin/biome"), "check", "--colors=off", "."] },
  { name: "import rules", args: [join(packageRoot, "scripts", "lint-imports.mjs")] },
  { name: "types (tsc)", args: [bin("typescript/bin/tsc"), "-p", "tsconfig.test.json", "--pretty", "false"] },
];

const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @returns {Promise<Tally[]>} */
function runStatic() {
  return Promise.all(
    STATIC.map(async ({ name, args }) => {
      const { code, output } = await capture(process.execPath, args, {
        cwd: packageRoot,
        timeoutMs: 300_000,
      });
      say(`${code === 0 ? "PASS" : "FAIL"} ${name}`);
      if (code === 0) return { passed: 1, failed: 0, skipped: 0, failures: [] };
      say(output.trimEnd().replace(/^/gm, "  "));
      return { passed: 0, failed: 1, skipped: 0, failures: [name] };
    }),
  );
}

/**
 * Runs suites in one jest, whose own report goes to stderr as they end.
 * @param {string} label
 * @param {string[]} files
 * @param {number} workers
 * @param {Record<string, string>} env
 * @returns {Promise<Tally>}
 */
async function runJest(label, files, workers, env) {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0, failures: [] };
  say(`\n${label}: ${files.length} suites`);
  const folder = mkdtempSync(join(tmpdir(), "glovebox-results-"));
  const results = join(folder, "jest.json");
  const args = [bin("jest/bin/jest.js"), "--json", "--outputFile", results, "--maxWorkers", String(workers)];
  args.push("--testSequencer", join(packageRoot, "scripts", "test", "as-given.mjs"));
  args.push("--runTestsByPath", ...files.map((file) => join("tests", file)));
  const child = spawn(process.execPath, args, {
    cwd: packageRoot,
    stdio: ["ignore", "ignore", "inherit"], // --json puts the results on stdout too; they are read from the file
    env: { ...process.env, ...env },
    timeout: BATCH_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const code = await exitOf(child);
  try {
    const tally = existsSync(results)
      ? tallyJest(JSON.parse(readFileSync(results, "utf8")), packageRoot)
      : undefined;
    if (tally && (code === 0 || tally.failed > 0)) return tally;
    const how =
      code === null ? `did not end within ${BATCH_LIMIT_MS / 60_000} minutes` : `ended with ${code}`;
    return sum([tally ?? sum([]), { passed: 0, failed: 1, skipped: 0, failures: [`jest ${how}: ${label}`] }]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { full: { type: "boolean" } },
    allowPositionals: true,
  });
  const env = {
    NODE_OPTIONS: "--experimental-vm-modules --disable-warning=ExperimentalWarning",
    GLOVEBOX_TEST_FULL: values.full ? "1" : "0", // new random cases, or the same each time: tests/harness/seed.ts
  };
  const only = positionals.map((path) => path.replace(/^(\.\/)?(tests\/)?/, ""));
  const { together, alone } = planSuites(filesBelow(join(packageRoot, "tests")), {
    full: values.full,
    only,
  });
  const tallies = await runStatic();
  // Two processors: most suites wait for a node, a container or a disk more than half of their time.
  tallies.push(await runJest("three at a time", together, 3, env));
  tallies.push(await runJest("one at a time", alone, 1, env));
  const total = sum(tallies);
  say("");
  for (const failure of total.failures) say(`FAILED ${failure}`);
  if (together.length + alone.length === 0) say("no suite was chosen");
  say(closingLine(total));
  process.exitCode = total.failed === 0 && together.length + alone.length > 0 ? 0 : 1;
}

await main();
