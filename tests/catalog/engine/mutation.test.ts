import { expect, test } from "@jest/globals";
import { testSeed } from "../../harness/seed.js";
import { mutations } from "./mutation.js";

test("200 broken files of every form: a version or a refusal, and the engine lives", async () => {
  const seed = String(testSeed());
  console.log(`seed ${seed}`);
  const count = await mutations(seed, (done) => done < 200);
  console.log(JSON.stringify(count));
  expect(count.replaced).toBe(0);
});
