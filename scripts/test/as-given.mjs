/** Jest's order of suites is ours: as planned (tally.mjs), not by what it remembers of earlier runs. */
export default class AsGiven {
  /** @param {{ path: string }[]} tests */
  sort(tests) {
    const paths = process.argv.filter((word) => word.endsWith(".test.ts"));
    const place = (/** @type {{ path: string }} */ test) =>
      paths.findIndex((path) => test.path.endsWith(`/${path}`));
    return [...tests].sort((a, b) => place(a) - place(b));
  }

  /** Nothing is remembered. */
  cacheResults() {}

  /** @param {unknown[]} tests */
  allFailedTests(tests) {
    return tests;
  }
}
