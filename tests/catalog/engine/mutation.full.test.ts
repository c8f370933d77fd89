import { expect, test } from "@jest/globals";
import { testSeed } from "../../harness/seed.js";
import { mutations } from "./mutation.js";

test("ten minutes of broken files of every form: no crash, no hang, no value told", async () => {
  const seed = String(testSeed());
  console.log(`seed ${seed}`);
  const end = Date.now() + 10 * 60_000;
  const count = await mutations(seed, () => Date.now() < end);
  console.log(JSON.stringify(count));
  expect(count.replaced).toBe(0);
}, 700_000);
