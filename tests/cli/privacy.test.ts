/** `glovebox privacy` answers alone, in JSON for programs, and calls wrong input wrong usage. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../../src/store/index.js";

function privacy(line: string) {
  const bin = join(packageRoot(), "dist/cli/main.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "privacy", ...line.split(" ")], {
    encoding: "utf8",
    env: { PATH: process.env.PATH },
  });
  return { status, stdout, stderr };
}
const json = (line: string) => JSON.parse(privacy(`${line} --json`).stdout) as Record<string, unknown>;

test("the four calculators answer in JSON", () => {
  expect(json("sigma --epsilon 1 --delta 0.12693674 --sensitivity 2")).toEqual({
    sigma: expect.stringMatching(/^(?:1\.99999|2\.00000)/),
  });
  expect(json("convert --rho 0.1 --delta 1e-6")).toEqual({ epsilon: "2.14193892839" });
  expect(json("compose --epsilon 1 --delta 0.001 --count 30 --total-delta 0.06")).toMatchObject({
    epsilon: "22",
  });
  expect(json("sgd --examples 60000 --batch 150 --noise 1.3 --epochs 15 --delta 1e-5")).toMatchObject({
    epsilon: "0.724223402614",
    order: "19",
    steps: 6000,
  });
});

test("composition of noise, by the mechanism's name", () => {
  const laplace = json("compose --mechanism laplace --scale 10 --count 100 --total-delta 1e-6");
  expect(Number(laplace.epsilon)).toBeCloseTo(4.69267, 4);
  const gaussian = json(
    "compose --mechanism gaussian --sigma 20 --sensitivity 2 --count 100 --total-delta 1e-6",
  );
  expect(Number(gaussian.epsilon)).toBeCloseTo(4.88656, 4);
});

test("people read a sentence", () => {
  expect(privacy("convert --rho 0.1 --delta 1e-6").stdout).toBe("0.1-zCDP is (2.14193892839, 1e-6)-DP.\n");
  expect(privacy("convert --rho 0.1 --delta 1e-6 --lang zh").stdout).toContain("满足");
});

test.each([
  ["sigma --epsilon x --delta 1e-6", "--epsilon"],
  ["sigma --epsilon 1", "--delta"],
  ["compose --epsilon 1 --delta 0.01 --count 30 --total-delta 0.01", "--total-delta"],
  ["compose --epsilon 1 --delta 0.01 --count many --total-delta 0.5", "--count"],
  ["compose --count 3 --total-delta 0.5", "--epsilon"],
  ["compose --epsilon 1 --count 3 --total-delta 0.5", "--delta"],
  ["compose --mechanism cauchy --count 3 --total-delta 0.5", "--mechanism"],
  ["compose --mechanism laplace --sigma 1 --count 3 --total-delta 0.5", "--scale"],
  ["compose --mechanism laplace --scale 1 --epsilon 1 --count 3 --total-delta 0.5", "--epsilon"],
  ["compose --epsilon 1 --delta 0 --scale 1 --count 3 --total-delta 0.5", "--scale"],
  ["sgd --examples 10 --batch 20 --noise 1 --epochs 1 --delta 1e-5", "--batch"],
])("%s is wrong usage, named", (line, flag) => {
  const { status, stderr } = privacy(line);
  expect(status).toBe(2);
  expect(stderr).toContain(flag);
});
