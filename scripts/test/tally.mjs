/** Which test files run how, and what their results come to. Pure. */

/** Folders of tests/ whose suites start nodes, containers or whole stories: the long ones, which begin first. */
const WHOLE_NODES = ["promises", "e2e", "sandbox", "demo"];

/** Suites too long for every commit; `npm run test:full` runs them too, one at a time: some of them measure. */
const FULL = ".full.test.ts";

/**
 * @param {string[]} files below tests/
 * @param {{ full?: boolean, only?: string[] }} choice `only`: beginnings of paths below tests/
 */
export function planSuites(files, { full = false, only = [] } = {}) {
  const chosen = files.filter((file) => {
    if (!file.endsWith(".test.ts") || (file.endsWith(FULL) && !full)) return false;
    return only.length === 0 || only.some((prefix) => file.startsWith(prefix));
  });
  const alone = chosen.filter((file) => file.endsWith(FULL));
  return { together: longestFirst(chosen.filter((file) => !alone.includes(file))), alone };
}

/**
 * So that at the end no processor waits for one long suite that was begun last.
 * @param {string[]} files
 */
function longestFirst(files) {
  const rank = (/** @type {string} */ file) => {
    const place = WHOLE_NODES.indexOf(file.split("/")[0] ?? "");
    return place === -1 ? WHOLE_NODES.length : place;
  };
  return [...files].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures one line each
 */

/**
 * @typedef {object} JestResults what is read here of `jest --json`
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ name: string, status: string, message: string, assertionResults: { status: string, fullName: string }[] }[]} testResults
 */

/**
 * A suite that could not run, with no test to show for it, counts as one failure.
 * @param {JestResults} results
 * @param {string} root
 * @returns {Tally}
 */
export function tallyJest(results, root) {
  /** @type {string[]} */
  const failures = [];
  let broken = 0;
  for (const { name, status, assertionResults } of results.testResults) {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
    const failed = assertionResults.filter((test) => test.status === "failed");
    for (const test of failed) failures.push(`${file} › ${test.fullName}`);
    if (status === "failed" && failed.length === 0) {
      broken += 1;
      failures.push(`${file} could not run`);
    }
  }
  const skipped = results.numPendingTests + results.numTodoTests;
  return { passed: results.numPassedTests, failed: results.numFailedTests + broken, skipped, failures };
}

/** @param {Tally[]} tallies @returns {Tally} */
export function sum(tallies) {
  return {
    passed: tallies.reduce((total, { passed }) => total + passed, 0),
    failed: tallies.reduce((total, { failed }) => total + failed, 0),
    skipped: tallies.reduce((total, { skipped }) => total + skipped, 0),
    failures: tallies.flatMap(({ failures }) => failures),
  };
}

/** @param {Tally} tally */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
