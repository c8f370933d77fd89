/** A charge is never lost, never made twice, and never has two answers, at whatever instant the node dies. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { testSeed } from "../../harness/seed.js";
import { Charged, INSTANTS, randomFrom } from "./charge-kills.js";

let charged: Charged;
beforeAll(async () => {
  charged = await Charged.start();
});
afterAll(() => charged?.end());

test("killed at every instant between charge and answer: no charge is lost, no second answer is given", async () => {
  const seed = testSeed();
  console.info(`kills: seed ${seed}`);
  const draw = randomFrom(seed);
  for (let round = 0; round < 3; round++)
    for (const instant of INSTANTS) {
      await charged.live(instant, 1 + Math.floor(draw() * 5), 1 + Math.floor(draw() * 12));
      charged.holds();
    }
  await charged.settle();
  // The instants were met: something had been drawn that nobody was shown, and was drawn again.
  expect(charged.redrawn).toBeGreaterThan(0);
}, 300_000);
