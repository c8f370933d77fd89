/** What the set-up says while it works, on stderr: one line when a step begins and ends, and a sign of life between. */

const SIGN_OF_LIFE_MS = 10_000;

/** Steps under way, several at once. @param {(line: string) => void} print */
export function createProgress(print, now = Date.now) {
  /** @type {Map<string, number>} */
  const active = new Map();
  const seconds = (/** @type {string} */ label) => Math.round((now() - (active.get(label) ?? now())) / 1000);
  const timer = setInterval(() => {
    const parts = [...active.keys()].map((label) => `${label} ${seconds(label)} s`);
    if (parts.length > 0) print(`  … ${parts.join(" · ")}`);
  }, SIGN_OF_LIFE_MS);
  timer.unref();
  return {
    note: print,
    /**
     * Runs one step, saying when it begins, with what to expect, and how long it took.
     * @template T
     * @param {string} label
     * @param {string} expectation
     * @param {() => Promise<T>} work
     * @returns {Promise<T>}
     */
    async step(label, expectation, work) {
      active.set(label, now());
      print(`${label} … ${expectation}`);
      try {
        const result = await work();
        print(`${label}: done in ${seconds(label)} s`);
        return result;
      } catch (cause) {
        print(`${label}: failed after ${seconds(label)} s`);
        throw cause;
      } finally {
        active.delete(label);
      }
    },
  };
}

/** @typedef {ReturnType<typeof createProgress>} Progress */
