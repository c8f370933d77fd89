import { describe, expect, test } from "@jest/globals";
import { closingLine, planSuites, sum, tallyJest } from "../../scripts/test/tally.mjs";

describe("which suites run", () => {
  const files = ["ledger/a.test.ts", "e2e/b.test.ts", "e2e/c.full.test.ts", "harness/node.ts"];

  test("suites of whole nodes begin first, and long ones run only when asked for, alone", () => {
    const together = ["e2e/b.test.ts", "ledger/a.test.ts"];
    expect(planSuites(files)).toEqual({ together, alone: [] });
    expect(planSuites(files, { full: true })).toEqual({ together, alone: ["e2e/c.full.test.ts"] });
  });

  test("paths choose by their beginning", () => {
    expect(planSuites(files, { only: ["ledger"] })).toEqual({ together: ["ledger/a.test.ts"], alone: [] });
    expect(planSuites(files, { only: ["nothing"] })).toEqual({ together: [], alone: [] });
  });
});

describe("what they come to", () => {
  const suite = (name: string, status: string, ...tests: string[]) => ({
    name: `/root/tests/${name}`,
    status,
    message: "",
    assertionResults: tests.map((outcome, at) => ({ status: outcome, fullName: `claim ${at}` })),
  });
  const counts = { numPassedTests: 1, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1 };

  test("every failed test is named, and a suite that could not run is a failure of its own", () => {
    const testResults = [
      suite("a", "failed", "passed", "failed"),
      suite("b", "failed"),
      suite("c", "passed"),
    ];
    const tally = tallyJest({ ...counts, testResults }, "/root");
    expect(tally.failures).toEqual(["tests/a › claim 1", "tests/b could not run"]);
    expect(closingLine(tally)).toBe("1 passed, 2 failed, 2 skipped");
  });

  test("the closing line adds all up", () => {
    const one = { passed: 2, failed: 1, skipped: 3, failures: ["x"] };
    expect(closingLine(sum([one, one]))).toBe("4 passed, 2 failed, 6 skipped");
    expect(closingLine(sum([]))).toBe("0 passed, 0 failed, 0 skipped");
  });
});
