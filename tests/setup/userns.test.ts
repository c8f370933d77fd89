/** The range of ids that the second engine gives its containers. */
import { describe, expect, test } from "@jest/globals";
import { missingPackages } from "../../scripts/setup/mend.mjs";
import { ACCOUNT, parseRanges, rangeProblem } from "../../scripts/setup/userns.mjs";

const own = `${ACCOUNT}:2100000000:47000000`;
const problemOf = (...lines: string[]) => rangeProblem(parseRanges(`${lines.join("\n")}\n`));

describe("the range of ids of userns", () => {
  test("is added to a machine that has others, and is not added twice", () => {
    expect(problemOf()).toBeUndefined();
    expect(problemOf("alice:100000:65536", "# a remark", "")).toBeUndefined();
    expect(problemOf("alice:100000:65536", own)).toBe("present");
  });

  test("is refused where it would meet anybody else's, or where its account has another", () => {
    expect(problemOf("bob:2146999999:1")).toMatch(/^the ids of bob meet/);
    expect(problemOf("bob:1000:2100000000")).toMatch(/^the ids of bob meet/);
    expect(problemOf("bob:2147000000:1", "carol:1:2099999999")).toBeUndefined();
    expect(problemOf(`${ACCOUNT}:100000:65536`)).toMatch(/has other ids/);
    expect(problemOf(own, `${ACCOUNT}:100000:65536`)).toMatch(/has other ids/);
  });
});

test("a level that nobody asked for installs nothing", () => {
  const found = new Map([["gvisor", { ok: false, detail: "runsc is missing", packages: ["runsc"] }]]);
  expect(missingPackages(found, new Set(["docker", "images"]))).toEqual([]);
  expect(missingPackages(found, new Set(["gvisor"]))).toEqual(["runsc"]);
});
