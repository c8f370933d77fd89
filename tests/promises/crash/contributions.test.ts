/** Numbers with noise are paid for once, whenever the node dies: never said unpaid, never paid twice, never said otherwise. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Contributor } from "./contributor-kills.js";

let contributor: Contributor;
beforeAll(async () => {
  contributor = await Contributor.start();
});
afterAll(() => contributor?.end());

test("killed around the commit that says its numbers, a domain has paid for what it said", async () => {
  for (const [instant, time] of [
    ["before the numbers are asked", 2],
    ["in the transaction", 1],
    ["after the commit", 1],
    ["before it is posted", 3],
  ] as const) {
    expect([instant, await contributor.live(1, instant, time)]).toEqual([instant, true]);
    contributor.holds();
  }
  expect(await contributor.live(1, "none", 0)).toBe(false);
  // What died was gone on with: all that was opened was paid, once.
  const paid = contributor.holds();
  expect([paid, paid >= 3]).toEqual([contributor.opened(), true]);
  contributor.audit();
}, 120_000);
