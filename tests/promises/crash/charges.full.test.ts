/** Five hundred deaths between charge and answer. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { testSeed } from "../../harness/seed.js";
import { Charged, INSTANTS, randomFrom } from "./charge-kills.js";

let charged: Charged;
beforeAll(async () => {
  charged = await Charged.start();
});
afterAll(() => charged?.end());

test("killed five hundred times: no charge is lost, no second answer is given", async () => {
  const seed = testSeed();
  console.info(`kills: seed ${seed}`);
  const draw = randomFrom(seed);
  while (charged.lives < 500) {
    const instant = INSTANTS[Math.floor(draw() * INSTANTS.length)]!;
    await charged.live(instant, 1 + Math.floor(draw() * 6), 1 + Math.floor(draw() * 14));
    if (charged.lives % 10 === 0) charged.holds();
  }
  await charged.settle();
  console.info(`kills: ${charged.lives} lives, ${charged.redrawn} drawn again`);
  expect(charged.redrawn).toBeGreaterThan(20);
}, 3_600_000);
