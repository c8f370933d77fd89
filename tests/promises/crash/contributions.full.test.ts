/** The same as contributions.test.ts, at many more instants, drawn by chance. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { testSeed } from "../../harness/seed.js";
import { randomFrom } from "./charge-kills.js";
import { Contributor, INSTANTS } from "./contributor-kills.js";

const LIVES = 60;

let contributor: Contributor;
beforeAll(async () => {
  contributor = await Contributor.start();
});
afterAll(() => contributor?.end());

test(`killed ${LIVES} times at instants drawn by chance, a domain has paid for what it said, once`, async () => {
  const seed = testSeed();
  console.info(`contributions: seed ${seed}`);
  const draw = randomFrom(seed);
  let killed = 0;
  for (let life = 0; life < LIVES; life++) {
    const instant = INSTANTS[Math.floor(draw() * INSTANTS.length)]!;
    const isRare = instant === "in the transaction" || instant === "after the commit";
    const time = 1 + Math.floor(draw() * (isRare ? 2 : 6));
    if (await contributor.live(2, instant, time)) killed++;
    contributor.holds();
  }
  expect(await contributor.live(0, "none", 0)).toBe(false);
  expect(contributor.holds()).toBe(contributor.opened());
  expect(killed).toBeGreaterThan(LIVES / 2);
  contributor.audit();
}, 1_200_000);
